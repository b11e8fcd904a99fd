package executor

import (
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Facts is everything that Next depends on: it asks no clock, network or
// ledger.
type Facts struct {
	Steps []plan.Step
	State *ledger.State
	// looked: the running job was looked at in this pass.
	looked bool
	// observed is what this pass saw, since its listing, of jobs that
	// could belong to the step.
	observed map[string]observation
	// target is what the listing of the target showed in this pass; nil:
	// not listed.
	target *targetView
	Keys   Keys
	Now    time.Time // the local clock
	// older are the generations of the plan that its first create closes.
	older []*ledger.State
	// OnlineBefore: another chain of this ledger has cut over on one of
	// the databases, so an overwrite needs a person.
	OnlineBefore bool
}

// Keys are the confirmations that a person gave.
type Keys struct {
	Cutover   string // NAME@HASH, for the cutover
	Overwrite string // NAME@HASH, for an overwriting create
	// Rehearsal confirms both and ignores the window, since a rehearsal
	// touches nothing real.
	Rehearsal bool
}

// actionKind is what a pass does next.
type actionKind string

// The kinds of actions. A pass acts and decides again until actEnd.
const (
	actLook    actionKind = "look"    // GET the running job
	actAccount actionKind = "account" // GET each job that could be the step's
	actList    actionKind = "list"    // list the target
	actSettle  actionKind = "settle"  // settle the doubt about a step
	actCreate  actionKind = "create"  // send the step's create
	actCheck   actionKind = "check"   // record that a listing after the cutover shows no second job
	actEnd     actionKind = "end"     // the pass is over: Stop says why
)

// Action is what Next decides.
type Action struct {
	kind actionKind
	Step int
	Stop *Stop
}

func end(s *Stop) Action { return Action{kind: actEnd, Step: s.Step, Stop: s} }

// Next decides what a pass does next.
func Next(f Facts) Action {
	if s := blocked(f); s != nil {
		if seq := running(f.State); s.Reason == LedgerConflict && seq > 0 && !f.looked {
			return Action{kind: actLook, Step: seq} // a person can settle the rest only when its end is known
		}
		return end(s)
	}
	seq := 1
	for seq <= len(f.Steps) && f.State.Step(seq).State == ledger.StepSucceeded {
		seq++
	}
	if seq > len(f.Steps) {
		return afterLastStep(f)
	}
	switch st := f.State.Step(seq); st.State {
	case ledger.StepRunning:
		if f.looked {
			return end(stop(JobRunning, seq))
		}
		return Action{kind: actLook, Step: seq}
	case ledger.StepInDoubt:
		if f.target == nil {
			return Action{kind: actList, Step: seq}
		}
		return Action{kind: actSettle, Step: seq}
	case ledger.StepFailed:
		return end(stop(JobFailed, seq))
	case ledger.StepRefused:
		return end(stop(CreateRefused, seq))
	default:
		return mayCreate(f, f.Steps[seq-1], st)
	}
}

// running is the step whose job runs, 0 for none.
func running(s *ledger.State) int {
	return 1 + slices.IndexFunc(s.Steps, func(st ledger.Step) bool { return st.State == ledger.StepRunning })
}

// blocked is the stop that forbids every action on the chain, nil if there is
// none.
func blocked(f Facts) *Stop {
	s := f.State
	switch {
	case s.Closed != nil:
		return stop(ClosedGeneration, 0)
	case s.Conflict != nil:
		return ledgerConflict(s.Conflict)
	}
	if bad := checkHistory(f.Steps, s); bad != nil {
		return bad
	}
	if s.Ended != nil {
		return closed(f)
	}
	if bad := gap(s); bad != nil {
		return bad
	}
	if s.Held != nil {
		return stop(OnHold, 0)
	}
	return nil
}

// closed is the stop of a chain that a person closed: it sends nothing more.
func closed(f Facts) *Stop {
	for _, step := range f.Steps {
		if f.State.Step(step.Seq).State != ledger.StepSucceeded {
			return stop(ChainUnfinished, step.Seq)
		}
	}
	return stop(ChainClosed, 0)
}

// afterLastStep ends a pass over a plan whose steps all succeeded. Before the plan
// counts as online, the target is listed once more: another ledger may have
// sent the same cutover, and earlier listings may not have shown it.
func afterLastStep(f Facts) Action {
	last := f.Steps[len(f.Steps)-1]
	switch {
	case !last.Last:
		return end(stop(NextBackup, last.Seq))
	case !f.State.CheckPending:
		return end(stop(Online, last.Seq))
	case f.target == nil:
		return Action{kind: actList, Step: last.Seq}
	case len(f.target.Unknown) > 0:
		return end(strangeJobs(f, last.Seq))
	case !f.target.Complete:
		return end(incomplete(last.Seq))
	case slices.ContainsFunc(f.target.Running, func(n otherJob) bool { return n.Ignored }):
		return end(busyWith(f.target, last.Seq))
	case len(f.target.Undone) > 0:
		return end(undone(f))
	}
	if s := mayArrive(f, last.Seq); s != nil {
		return end(s)
	}
	return Action{kind: actCheck, Step: last.Seq}
}

// Preview is Next for a command that does not ask DRS. It stops a create
// that lacks a key now, or is outside its window by the local clock.
func Preview(f Facts) Action {
	a := Next(f)
	switch f.State.Step(a.Step).State {
	case ledger.StepInDoubt:
		return a
	case ledger.StepSucceeded: // Next lists once more before the plan is online
		if a.kind == actList {
			return end(stop(CheckPending, a.Step))
		}
	}
	if a.kind != actList {
		return a
	}
	f.target = &targetView{Date: f.Now}
	if s := keys(f, f.Steps[a.Step-1], f.State.Step(a.Step).Attempt); s != nil {
		return end(s)
	}
	return a
}

// mayCreate checks everything that must hold before a create, the most
// important first: what DRS shows, who else works there, then the
// confirmations.
func mayCreate(f Facts, step plan.Step, st ledger.Step) Action {
	switch {
	case f.target == nil:
		return Action{kind: actList, Step: step.Seq}
	case len(f.target.Unknown) > 0:
		return end(strangeJobs(f, step.Seq))
	case !f.target.Complete: // a job that it leaves out may belong to this chain
		return end(incomplete(step.Seq))
	case !st.NotBefore.IsZero() && f.target.Date.IsZero():
		return end(stop(NoServerDate, step.Seq))
	case f.target.Date.Before(st.NotBefore) && st.NotBefore.Sub(f.target.Date) <= drs.MaxRetryAfter: // beyond that, a clock was wrong
		return end(&Stop{Reason: Throttled, Step: step.Seq, Until: st.NotBefore})
	case len(f.target.Undone) > 0:
		return end(undone(f))
	case unseen(f, step.Seq):
		return Action{kind: actAccount, Step: step.Seq}
	}
	if s := mayArrive(f, step.Seq); s != nil {
		return end(s)
	}
	if s := unaccounted(f, step.Seq); s != nil {
		return end(s)
	}
	if s := busyWith(f.target, step.Seq); s != nil {
		return end(s)
	}
	if s := keys(f, step, st.Attempt); s != nil {
		return end(s)
	}
	if s := generationBusy(f); s != nil {
		return end(s)
	}
	return Action{kind: actCreate, Step: step.Seq}
}
