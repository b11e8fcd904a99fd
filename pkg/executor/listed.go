package executor

import (
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// A list of a project's jobs may say that a job still runs: then the pass that waits
// for it ends without a GET of its own. Only a GET says that a job has ended, is
// missing or differs from its step, and a create follows only on the looks that it
// always needs. A list that never shows the end of a job hides it for listedFor.

// listedFor is how long a job counts as running by a list alone, by the local clock.
const listedFor = time.Hour

// OnlyWaits reports whether a list can save the look at the running job: that of an
// incremental that is not sent as the last backup. Beside a full and a cutover every
// pass looks for a second job.
func OnlyWaits(steps []plan.Step, s *ledger.State) bool {
	seq := running(s)
	return s.Conflict == nil && seq > 1 && seq <= len(steps) && !steps[seq-1].Last && !s.Step(seq).Last
}

// stillRuns reports whether a listed job is the one that the ledger follows for the
// step, unchanged and in a status that is documented as running. What a look has
// noted about the job, that it was missing say, only a look takes back.
func stillRuns(f Facts, seq int, j drs.OfflineTaskInfo) bool {
	if !OnlyWaits(f.Steps, f.State) || running(f.State) != seq {
		return false
	}
	step, st := f.Steps[seq-1], f.State.Step(seq)
	m, marked := step.Plan.MarkerIn(j.Description)
	_, missing := f.State.Missing[st.JobID]
	noted := missing || f.State.Unknown[st.JobID].Status != ""
	if ran := f.Now.Sub(st.SubmittedAt); ran < 0 || ran >= listedFor {
		return false
	}
	mine := j.ID == st.JobID && marked && m == step.Marker() && strings.EqualFold(j.Name, step.JobName(st.Attempt))
	return mine && isRunning(j) && !noted
}
