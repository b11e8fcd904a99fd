package executor

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// follow does what the documentation says about a stop, and returns the time
// until the next pass.
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

// patience is how long nobody looks: the more often nothing changed, the
// longer.
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

// settleByHand looks at the console and decides what became of a request.
func (s *host) settleByHand(r Result) {
	s.at("asked")
	if s.take("too-early") {
		s.say("not created, at once", func(p *Runner, ctx context.Context) Result {
			return p.MarkNotCreated(ctx, r.Step, Assurance{BeforeFence: true}, "hasty")
		})
		return
	}
	s.think()
	s.ignoreForeign(r.Jobs)
	if s.planted.hasty {
		s.say("not created, at once", func(p *Runner, ctx context.Context) Result {
			return p.MarkNotCreated(ctx, r.Step, Assurance{BeforeFence: true}, "hasty")
		})
		return
	}
	switch job := s.inConsole(r.Step); {
	case job == nil:
		s.clearName(r.Step)
		s.notCreated(r.Step)
	case job.Deleted && hasEnded(*job):
		s.say("pronounce", func(p *Runner, ctx context.Context) Result {
			return p.mark(ctx, r.Step, s.isRestored(r.Step), Assurance{}, "the record was deleted")
		})
	default:
		s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, job.ID, "") })
	}
}

// notCreated records that no job was created. If the server gave no date for a
// fence, the person waits by their own clock.
func (s *host) notCreated(step int) {
	got := s.sayNotCreated(step)
	if got.Why == WhyEmptyList {
		s.pause(got.Until.Sub(s.now) + s.upTo(time.Minute))
		got = s.sayNotCreated(step)
	}
	if got.Reason != Settling || !got.Until.IsZero() {
		return
	}
	s.pause(silentFence + time.Minute)
	if s.inConsole(step) == nil {
		s.say("not created, waited for", func(p *Runner, ctx context.Context) Result {
			return p.MarkNotCreated(ctx, step, Assurance{BeforeFence: true, OtherCredentials: true}, "waited")
		})
	}
}

func (s *host) sayNotCreated(step int) Result {
	return s.say("not created", func(p *Runner, ctx context.Context) Result {
		return p.MarkNotCreated(ctx, step, Assurance{OtherCredentials: true}, "not in the console")
	})
}

// inConsole is the newest job of a step that a person can see and that the
// ledger neither knows nor ignores.
func (s *host) inConsole(step int) *drssim.Job {
	known := &ledger.State{}
	if c, err := LoadChain(context.Background(), s.ledgerOf(), s.team.plan); err == nil {
		known = c.State
	}
	jobs := s.sim.Jobs()
	s.checker.look()
	for i, job := range slices.Backward(jobs) {
		made := s.checker.shadows[job.ID]
		if _, ok := known.StepOfJob[job.ID]; !ok && !known.Ignored[job.ID] && made.Chain == s.team.plan.Chain() && made.Step == step && !job.Listed.After(s.now) {
			return &jobs[i]
		}
	}
	return nil
}

// clearName renames a foreign job with the name of a step: where names are
// unique it is in the way, although our credentials may not see it.
func (s *host) clearName(step int) {
	for _, job := range s.sim.Jobs() {
		if job.Foreign && strings.HasPrefix(job.Name, plan.Step{Plan: s.team.plan, Seq: step}.JobName(1)) {
			s.sim.Rename(job.ID, "not-of-migplan")
		}
	}
}

func (s *host) ignoreForeign(ids []string) (others int) {
	for _, id := range ids {
		if made := s.checker.shadows[id]; made.Chain == s.team.plan.Chain() {
			others++
			continue
		}
		r := s.say("ignore", func(p *Runner, ctx context.Context) Result { return p.Ignore(ctx, id, "not ours") })
		if r.Why == WhyOwnJob { // somebody copied our name or marker: it is changed in the console
			s.sim.Rename(id, "not-of-migplan")
			s.sim.SetDescription(id, "copied")
		}
	}
	return others
}

// ignoreEnded ignores foreign jobs that have ended, although their status does
// not say so.
func (s *host) ignoreEnded(ids []string) {
	for _, id := range ids {
		if job, ok := s.sim.Job(id); ok && hasEnded(job) {
			s.ignoreForeign([]string{id})
		}
	}
}

// sortOut finds out whose the jobs are. A ledger that lacks some of ours is
// rebuilt when no runner works and every request is listed.
func (s *host) sortOut(r Result) {
	s.think()
	if s.whims.IntN(4) == 0 { // nobody looks at the file
	} else if s.streak%2 == 0 {
		s.team.write(s.team.plan.Generation, nil)
	} else { // perhaps it was sent by another version of the plan
		s.team.putBack(s.streak / 2)
	}
	if s.ignoreSpare(r.Jobs) || s.ignoreForeign(r.Jobs) == 0 && r.Reason != LedgerConflict || s.team.halted {
		return
	}
	if r.Reason == JobDiffers && s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, r.Jobs[0], "") }).Class() == OK {
		return
	}
	s.team.halted = true
	defer func() { s.team.halted = false }()
	s.pause(46*time.Minute + s.upTo(time.Hour))
	all := s.say("adopt all", func(p *Runner, ctx context.Context) Result { return p.AdoptAll(ctx, "the ledger was lost") })
	if s.streak > 8 && all.Class() != OK {
		s.startOver()
	}
	if all.Reason == DuplicateJobs {
		s.adoptOne(all)
	}
	if s.ignoreForeign(all.Jobs); all.Reason == JobDiffers { // a person has changed what its marker was: one at a time
		if job := s.inConsole(r.Step); job != nil {
			s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, job.ID, "") })
		}
	}
}

// ignoreSpare ignores further jobs of a step that is known to be restored.
func (s *host) ignoreSpare(ids []string) (ignored bool) {
	c, err := LoadChain(context.Background(), s.ledgerOf(), s.team.plan)
	for _, id := range ids {
		made := s.checker.shadows[id]
		if err != nil || made.Chain != s.team.plan.Chain() || c.State.Step(made.Step).State != ledger.StepSucceeded {
			continue
		}
		r := s.say("ignore", func(p *Runner, ctx context.Context) Result { return p.Ignore(ctx, id, "the step is restored") })
		ignored = ignored || r.Class() == OK
	}
	return ignored
}

// adoptOne chooses, among several jobs of a step, the one whose backup is in
// the database.
func (s *host) adoptOne(r Result) {
	for _, id := range r.Jobs {
		if job, _ := s.sim.Job(id); !job.Restored.IsZero() {
			s.say("adopt", func(p *Runner, ctx context.Context) Result { return p.Adopt(ctx, r.Step, id, "") })
			return
		}
	}
}

// markStep looks at the database and marks the step.
func (s *host) markStep(r Result) {
	s.think()
	if r.Reason == HistoryGap && !s.isRestored(r.Step) {
		s.say("close", func(p *Runner, ctx context.Context) Result { return p.ClosePlan(ctx, "a step is lost") })
		s.startOver()
		return
	}
	for _, job := range s.sim.Jobs() {
		made := s.checker.shadows[job.ID]
		missing := r.Reason == HistoryGap && made.Chain == s.team.plan.Chain() && made.Step == r.Step && s.isRestored(r.Step)
		if missing || slices.Contains(r.Jobs, job.ID) && hasEnded(job) {
			s.say("pronounce", func(p *Runner, ctx context.Context) Result {
				return p.mark(ctx, r.Step, s.isRestored(r.Step), Assurance{}, "looked at the database")
			})
		}
	}
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

// principalNow is the credential in force; principal is what the run says.
func (s *host) principalNow() string { return s.cred }
func (s *host) principal() string    { return s.principalNow() }
