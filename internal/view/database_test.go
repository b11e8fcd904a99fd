package view

import (
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// sent are the steps of a chain in these states, as the ledger has them.
func sent(states ...ledger.StepState) (steps []ledger.Step) {
	for i, state := range states {
		st := ledger.Step{State: state, Attempt: 1}
		if state != ledger.StepPending {
			st.IntentSeq = int64(i + 2)
		}
		if state != ledger.StepPending && state != ledger.StepInDoubt && state != ledger.StepRefused {
			st.AllJobIDs = []string{"job"}
		}
		steps = append(steps, st)
	}
	return steps
}

// adopted are steps whose jobs were adopted for want of a ledger.
func adopted(states ...ledger.StepState) (steps []ledger.Step) {
	steps = sent(states...)
	for i := range steps {
		steps[i].IntentSeq = 0
	}
	return steps
}

// cutOver is a chain that ended with the cutover.
func cutOver(state ledger.StepState) []ledger.Step {
	steps := sent(ledger.StepSucceeded, state)
	steps[1].Last = true
	return steps
}

// TestDatabaseState is long because it contains a table.
func TestDatabaseState(t *testing.T) {
	const succeeded, running, doubt, failed, refused, pending = ledger.StepSucceeded, ledger.StepRunning, ledger.StepInDoubt, ledger.StepFailed, ledger.StepRefused, ledger.StepPending
	by := func(name string, generation int, steps []ledger.Step) *executor.Left {
		return &executor.Left{Owner: executor.Owner{Plan: name, Generation: generation, Databases: `database "ims"`}, Steps: steps}
	}
	retried := sent(pending)
	again := sent(succeeded, pending)
	again[1].Attempt, again[1].AllJobIDs = 2, []string{"job"}
	retried[0].Attempt, retried[0].AllJobIDs = 2, []string{"job"}
	for name, c := range map[string]struct {
		steps     []ledger.Step
		overwrite bool
		left      *executor.Left
		want      string
	}{
		"nothing was sent":              {nil, false, nil, "not touched by this plan"},
		"the full backup was refused":   {sent(refused), false, nil, "not touched by this plan"},
		"the full backup is running":    {sent(running), false, nil, "absent, or being restored for the first time"},
		"the full backup in doubt":      {sent(doubt), false, nil, "absent, or being restored for the first time"},
		"the full backup is tried anew": {retried, false, nil, "absent, or as an earlier attempt left it"},
		"two backups are restored":      {sent(succeeded, succeeded, pending), false, nil, "restoring, 2 backups applied; not readable, and more log backups can follow"},
		"the third is running":          {sent(succeeded, succeeded, running), false, nil, "restoring, 2 backups applied; not readable, and more log backups can follow"},
		"the cutover is sent":           {cutOver(running), false, nil, "being brought online: the job of the cutover is running"},
		"the cutover is in doubt":       {cutOver(doubt), false, nil, "uncertain: the cutover was submitted; check it in the console first"},
		"a log failed":                  {sent(succeeded, failed), false, nil, "uncertain: the failed step may have changed part of it"},
		"a failed log is tried anew":    {again, false, nil, "uncertain: the failed step may have changed part of it"},
		"a log was refused":             {sent(succeeded, refused), false, nil, "restoring, 1 backup applied; not readable, and more log backups can follow"},
		"the cutover failed":            {cutOver(failed), false, nil, "uncertain: the cutover was submitted; check it in the console first"},
		"the cutover succeeded":         {cutOver(succeeded), false, nil, "online: nothing more can be restored into it"},

		"at the key of the overwrite":    {nil, true, nil, "not touched by this plan; if it exists, it has its old data; the full backup of this plan will overwrite it"},
		"the overwrite is running":       {sent(running), true, nil, "as it was before, or being restored from the full backup"},
		"the overwrite failed":           {sent(failed), true, nil, "uncertain: its full backup failed, which may have destroyed the data it had before"},
		"the overwrite is tried anew":    {retried, true, nil, "as it was before, or as an earlier attempt left it"},
		"after the overwrite as without": {sent(succeeded), true, nil, "restoring, 1 backup applied; not readable, and more log backups can follow"},

		"a generation before, restoring": {nil, true, by("ims-prod", 1, sent(succeeded, succeeded)),
			"as generation 1 of this plan left it: restoring, 2 backups applied; not readable, and more log backups can follow; the full backup of this plan will overwrite it"},
		"a generation before, online": {nil, false, by("ims-prod", 1, cutOver(succeeded)), "as generation 1 of this plan left it: online: nothing more can be restored into it"},
		"a generation after":          {sent(succeeded, succeeded), false, by("ims-prod", 2, sent(running)), "as generation 2 of this plan left it: absent, or being restored for the first time"},
		"another plan":                {nil, false, by("crm-prod", 3, cutOver(succeeded)), "as plan crm-prod, generation 3, left it: online: nothing more can be restored into it"},

		"one job adopted":   {adopted(running), false, nil, "unknown until the next pass: the job of its full backup was adopted, and not looked at since"},
		"three adopted":     {adopted(running, running, running), false, nil, "restoring, 2 backups applied at least: the job of step 3 was adopted, and the next pass shows whether it has ended"},
		"the first is gone": {adopted(pending, running), false, nil, "restoring, 1 backup applied at least: the job of step 2 was adopted, and the next pass shows whether it has ended"},
		"a cutover adopted": {append(adopted(running), ledger.Step{State: running, Attempt: 1, Last: true}), false, nil, "being brought online: the job of the cutover is running"},
	} {
		m := example(t, ledger.StepPending)
		p := *m.Plan
		p.Overwrite = c.overwrite
		m.Plan, m.State.Steps, m.LeftBy = &p, c.steps, c.left
		if got := m.DatabaseState(); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, c.want)
		}
	}
}
