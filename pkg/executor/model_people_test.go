package executor

import (
	"context"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// follow does what the documentation says about a stop, and returns the time until
// the next pass. It is long because it is one switch over the cases.
func (s *host) follow(r Result) time.Duration {
	d := s.team
	d.finished = r.Reason == Online || r.Reason == NextBackup || r.Reason == ChainClosed
	s.at("followed")
	if r.Reason == LockHeld {
		s.passes-- // it may take as long as the other run does
	}
	switch r.Reason {
	case DoubtNeedsPerson:
		s.settleByHand(r)
	case JobFailed, CreateRefused:
		s.afterFailure(r)
	case UnknownStatus, NotFailed:
		s.resolveOdd(r)
	case EditedHistory, PlanShorter, MarkerTooLate:
		if s.think(); d.plan == s.runner.Plan { // else somebody was faster
			d.putBack(s.passes)
		}
	case GenerationBusy:
		d.write(max(1, d.plan.Generation-1), nil)
	case ClosedGeneration:
		if d.plan.Generation <= s.runner.Plan.Generation {
			d.write(d.plan.Generation+1, nil)
		}
	case UnknownJobs, DuplicateJobs, JobDiffers, LedgerConflict:
		s.sortOut(r)
	case OwnJobRunning:
		if s.streak > 8 {
			s.goBack(r)
		}
	case DatabaseTaken:
		s.renameBack(r)
	case ChainUnfinished:
		if d.finished = d.finished || s.checker.isOnline(d.plan); !d.finished {
			s.think()
			s.startOver()
		}
	case JobGone, HistoryGap, NotSucceeded:
		s.markStep(r)
	case CutoverKey, OverwriteKey, WindowPast, BeforeStart:
		return s.confirm(r)
	case OnHold:
		s.say("release", func(p *Runner, ctx context.Context) Result { return p.ReleasePlan(ctx, "") })
	case ForeignJob:
		if s.think(); s.streak > 8 {
			s.ignoreEnded(r.Jobs)
		}
	case OtherIdentity:
		s.think()
		if c, err := LoadChain(context.Background(), s.ledgerOf(), d.plan); err == nil {
			s.cred = c.State.Principal
		}
	}
	return s.patience(r)
}

func hasEnded(j drssim.Job) bool { return j.Status != drssim.Transferring }

// patience is the time until the next pass. It grows while nothing changes.
func (s *host) patience(r Result) time.Duration {
	s.streak++
	if r.Reason != s.last {
		s.last, s.streak = r.Reason, 0
	}
	if wait := r.Until.Sub(s.now); wait > 0 && wait < 48*time.Hour && s.rng.IntN(3) > 0 {
		return wait + s.upTo(2*time.Second)
	}
	rest := s.upTo(pick(s.rng, time.Second, time.Minute, 5*time.Minute, 20*time.Minute))
	if r.Reason == JobRunning || r.Reason == OwnJobRunning {
		rest = s.schedule.restore/2 + s.upTo(s.schedule.restore)
	}
	return min(rest<<min(s.streak, 20), 12*time.Hour)
}

func (s *host) think() { s.pause(s.upTo(pick(s.rng, time.Second, 5*time.Minute, 2*time.Hour))) }

// say gives a person's decision to a new run.
func (s *host) say(what string, f func(*Runner, context.Context) Result) Result {
	s.lives++
	before := s.runner
	s.saying = what
	s.runner = s.newRunner()
	r := f(s.runner, context.Background())
	s.runner, s.saying = before, ""
	s.note("person: %s: %s %s %s %v", what, r.Class(), r.Reason, r.Detail, r.Err)
	return r
}

// confirm gives the confirmation that was asked for, or fixes the window. The
// cutover may be an overwriting full, which needs both.
func (s *host) confirm(r Result) time.Duration {
	d := s.team
	s.think()
	if s.skew.Abs() > time.Hour {
		s.skew = 0
		return 0
	}
	if r.Reason == BeforeStart {
		return s.patience(r)
	}
	if r.Reason == WindowPast {
		d.shape.window = false
		d.alter(func(p *plan.Plan) {
			p.Cutover = &plan.Cutover{Unattended: d.shape.unattended, NotBefore: s.now, NotAfter: s.now.Add(1000 * time.Hour)}
		})
		return s.patience(r)
	}
	attempt := 1
	if c, err := LoadChain(context.Background(), s.ledgerOf(), d.plan); err == nil {
		attempt = c.State.Step(r.Step).Attempt
	}
	s.keys.Overwrite = plan.Confirmation(d.steps, plan.ActOverwrite, attempt)
	if r.Reason == CutoverKey {
		s.keys.Cutover = plan.Confirmation(d.steps, plan.ActCutover, attempt)
	}
	return 0
}
