package main

import (
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// The next command works as things are: a second job is ignored only once it
// has ended and the step has succeeded.
func TestNextCommandOfASecondJobFollowsTheStep(t *testing.T) {
	const ignore = "migplan resolve plan.yaml --ignore-job twin --reason TEXT"
	for state, want := range map[ledger.StepState]string{
		ledger.StepRunning: "wait until both jobs have ended, then migplan apply plan.yaml; when the step has succeeded, " +
			"check the second job and the database; if it did no harm, " + ignore,
		ledger.StepSucceeded: "when the job has ended, check it and the database; if it did no harm, " + ignore,
	} {
		p := &plan.Plan{Name: "ims-prod"}
		at := place{file: "plan.yaml", plan: p, steps: []plan.Step{{Plan: p, Seq: 1}}, state: &ledger.State{Steps: []ledger.Step{{State: state}}}}
		e := explain(at, executor.Stop{Reason: executor.DuplicateJobs, Step: 1, Jobs: []string{"twin"}})
		if e.Next != want || !strings.Contains(e.What, string(state)) {
			t.Errorf("%s: %s\nnext: %s", state, e.What, e.Next)
		}
	}
}
