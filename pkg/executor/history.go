package executor

import (
	"strings"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// checkHistory compares the plan with what was sent: steps that succeeded, run
// or are in doubt may not change. A chain hash covers all steps before it, so
// the first that differs is the one that was edited.
func checkHistory(steps []plan.Step, s *ledger.State) *Stop {
	for i, st := range s.Steps {
		if !st.State.Sent() {
			continue
		}
		if i >= len(steps) {
			return stop(PlanShorter, i+1)
		}
		step := steps[i]
		switch {
		case coverChanged(st, step.Plan):
			return &Stop{Reason: EditedHistory, Step: step.Seq, Why: WhyOverwriteChanged}
		case st.ChainSHA256 == step.ChainSHA256:
		case step.Last && st.ChainSHA256 == step.OpenSHA256:
			return stop(MarkerTooLate, step.Seq)
		default:
			return stop(EditedHistory, step.Seq)
		}
	}
	return nil
}

// coverChanged reports whether a step was sent with another is_cover than the
// plan now has. It is one value for the whole chain and no part of the chain
// hash.
func coverChanged(st ledger.Step, p *plan.Plan) bool {
	known, was := sentCover(st)
	return known && was != p.Overwrite
}

// sentCover is the is_cover that a step was sent with, if the ledger knows it
// from the request or from the job that was adopted. A request without
// is_cover, as in the page's RDS example, does not overwrite.
func sentCover(st ledger.Step) (known, cover bool) {
	switch {
	case st.Intent.Body != "":
		return true, strings.Contains(st.Intent.Body, `"is_cover":true`)
	case st.IsCover != nil:
		return true, *st.IsCover
	}
	return false, false
}

// gap is the stop of a chain in which a step was sent although one before it
// was not sent, or failed: a lost ledger was rebuilt, and one job's record is
// gone. To send that step would restore it over later backups.
func gap(s *ledger.State) *Stop {
	open := 0
	for i, st := range s.Steps {
		switch {
		case !st.State.Sent() && open == 0:
			open = i + 1
		case st.State.Sent() && open != 0:
			return stop(HistoryGap, open)
		}
	}
	return nil
}

// generationBusy is the stop of a new generation while an older one has a step
// running or in doubt.
func generationBusy(f Facts) *Stop {
	for _, s := range f.older {
		for i, st := range s.Steps {
			if st.State == ledger.StepRunning || st.State == ledger.StepInDoubt {
				return &Stop{Reason: GenerationBusy, Step: i + 1, Jobs: []string{st.JobID}}
			}
		}
	}
	return nil
}
