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
		s.say("mark", func(p *Runner, ctx context.Context) Result {
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
	if s.whims.IntN(4) == 0 { // the file is not checked
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
