package executor

import (
	"slices"

	"github.com/migplan/migplan/pkg/plan"
)

// Stops because of the listing of the target.

// undone is the stop if a job that had succeeded is now shown as failed.
func undone(f Facts) *Stop {
	j := f.target.Undone[0]
	return &Stop{Reason: NotSucceeded, Step: f.State.StepOfJob[j.ID], Jobs: []string{j.ID}, Detail: j.Status}
}

// mayArrive is the stop while an earlier request may still create a job,
// although a person ended its doubt with another one.
func mayArrive(f Facts, seq int) *Stop {
	until := f.State.NotBefore
	switch now := f.target.Date; {
	case until.IsZero():
		return nil
	case now.IsZero():
		return stop(NoServerDate, seq)
	case now.Before(until) && until.Sub(now) <= tokenFence: // beyond that, a clock was wrong
		return &Stop{Reason: RequestMayArrive, Step: seq, Until: until}
	}
	return nil
}

// incomplete is the stop if the listing leaves something out, by its own
// count.
func incomplete(seq int) *Stop {
	return &Stop{Reason: APIUnavailable, Step: seq, Why: WhyListIncomplete}
}

// strangeJobs is the stop for jobs of this chain that the ledger does not
// know: duplicates of steps that it knows as sent, or else jobs that it has
// lost.
func strangeJobs(f Facts, seq int) *Stop {
	s := unknownJobs(f.target, seq)
	s.Reason = DuplicateJobs
	for _, j := range f.target.Unknown {
		i := slices.IndexFunc(f.Steps, func(of plan.Step) bool { return isFor(j, of.Plan, of.Seq) })
		if i < 0 || !f.State.Step(i+1).State.Sent() {
			return unknownJobs(f.target, seq)
		}
		s.Step = i + 1
	}
	return s
}

func unknownJobs(v *targetView, seq int) *Stop {
	s := stop(UnknownJobs, seq)
	for _, j := range v.Unknown {
		s.Jobs = append(s.Jobs, j.ID)
	}
	return s
}

// busyWith is the stop while a job runs on the target, which runs one at a
// time. The most serious counts: a foreign job on our databases, then a
// foreign job, then one of ours.
func busyWith(v *targetView, seq int) *Stop {
	var found *Stop
	rank := func(s *Stop) int {
		return map[Reason]int{OwnJobRunning: 1, ForeignJobElsewhere: 2, ForeignJob: 3}[s.Reason]
	}
	for _, n := range v.Running {
		s := stop(ForeignJobElsewhere, seq)
		switch {
		case n.Ours:
			s = stop(OwnJobRunning, seq)
		case n.Overlap:
			s = stop(ForeignJob, seq)
		}
		s.Jobs = []string{n.ID}
		if found == nil || rank(s) > rank(found) {
			found = s
		}
	}
	return found
}
