package view

import (
	"fmt"
	"slices"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// database is what is said of the database: with a stop, what the stop says.
func (m *Migration) database() string {
	if m.Class() != executor.OK {
		return m.Explain().Database
	}
	return m.DatabaseState()
}

// DatabaseState says in what state the target database is, as far as the ledger
// knows: the chain that worked on it last decides.
func (m *Migration) DatabaseState() string {
	untouched := !slices.ContainsFunc(m.State.Steps, func(st ledger.Step) bool { return st.State.Sent() || st.Attempt > 1 || len(st.AllJobIDs) > 0 })
	then := ""
	if untouched && m.Plan.Overwrite {
		then = "; the full backup of this plan will overwrite it"
	}
	switch o := m.LeftBy; {
	case o != nil:
		return m.leftBy() + stateAfter(o.Steps, o.Overwrote) + then
	case then != "":
		return "not touched by this plan; if it exists, it has its old data" + then
	case untouched:
		return "not touched by this plan"
	}
	return stateAfter(m.State.Steps, m.Plan.Overwrite || m.SeededBy != nil)
}

// leftBy names the chain that worked last on the database.
func (m *Migration) leftBy() string {
	o, which := m.LeftBy, ""
	if len(m.Plan.Databases.Names) > 1 {
		which = Clean(o.Databases) + " "
	}
	if o.Plan == m.Plan.Name {
		return fmt.Sprintf("%sas generation %d of this plan left it: ", which, o.Generation)
	}
	return fmt.Sprintf("%sas plan %s, generation %d, left it: ", which, Clean(o.Plan), o.Generation)
}

// stateAfter is the state of a database after the steps of a chain. existed: it may
// have been there before the full backup.
func stateAfter(steps []ledger.Step, existed bool) string {
	restored, last := 0, false
	for i, st := range steps {
		switch {
		case st.State == ledger.StepSucceeded:
			restored, last = i+1, st.Last
			continue
		case st.Last && st.State == ledger.StepRunning:
			return "being brought online: the job of the cutover is running"
		case st.Last && (st.State.Sent() || st.State == ledger.StepFailed):
			return "uncertain: the cutover was submitted; check it in the console first"
		case i > 0 && (st.State == ledger.StepFailed || !st.State.Sent() && len(st.AllJobIDs) > 0):
			return partlyChanged
		case st.State.Sent(): // a step is submitted only after the one before it has succeeded
			restored = i
		}
		if i == 0 && !laterSent(steps) {
			return firstRestore(st, existed)
		}
	}
	switch {
	case last:
		return "online: nothing more can be restored into it"
	case restored == 0:
		return "not restored"
	}
	return fmt.Sprintf("restoring, %s applied%s", Counted(restored, "backup"), afterAdoption(steps))
}

const partlyChanged = "uncertain: the failed step may have changed part of it"

// laterSent reports whether a step after the first was sent.
func laterSent(steps []ledger.Step) bool {
	return slices.ContainsFunc(steps[1:], func(st ledger.Step) bool { return st.State.Sent() })
}

// firstRestore is the state of a database whose full backup has not succeeded.
func firstRestore(full ledger.Step, existed bool) string {
	absent, first := "absent", "for the first time"
	if existed {
		absent, first = "as it was before", "from the full backup"
	}
	switch {
	case full.State == ledger.StepRunning && full.IntentSeq == 0:
		return "unknown until the next pass: the job of its full backup was adopted, and not looked at since"
	case full.State.Sent():
		return absent + ", or being restored " + first
	case full.State == ledger.StepFailed && existed:
		return "uncertain: its full backup failed, which may have destroyed the data it had before"
	}
	return absent + ", or as an earlier attempt left it"
}

// afterAdoption is what may follow in a chain that is not online. The end of a job
// that was adopted is not known before a pass has looked at it.
func afterAdoption(steps []ledger.Step) string {
	for i, st := range steps {
		if st.State == ledger.StepRunning && st.IntentSeq == 0 && !slices.ContainsFunc(steps[i+1:], func(st ledger.Step) bool { return st.State.Sent() }) {
			return fmt.Sprintf(" at least: the job of step %d was adopted, and the next pass shows whether it has ended", i+1)
		}
	}
	return "; not readable, and more log backups can follow"
}
