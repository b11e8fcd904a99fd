package view

import (
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

func TestTotalsCountEachPlanOnce(t *testing.T) {
	ended := func(r executor.Reason) *Migration {
		return &Migration{Plan: &plan.Plan{Name: "p", Steps: []plan.Step{{Seq: 1}}}, Result: executor.Result{Stop: executor.Stop{Reason: r}}}
	}
	online := ended(executor.Online)
	online.State.Steps, online.Plan.Cutover = []ledger.Step{{State: ledger.StepSucceeded, Last: true}}, &plan.Cutover{}
	closed := ended(executor.ChainClosed)
	closed.State.Ended = &ledger.DecisionData{}
	onHold := ended(executor.OnHold)
	onHold.State.Held = &ledger.DecisionData{}
	setup := ended("")
	setup.Setup = &SetupError{Class: executor.Denied}
	all := []*Migration{
		{File: "broken.yaml"}, online, closed, onHold, setup, ended(executor.JobRunning), ended(executor.NextBackup), ended(executor.JobFailed),
		ended(executor.CutoverKey), ended(executor.LockHeld), ended(executor.UnknownJobs),
	}
	var b strings.Builder
	WriteTotals(&b, all)
	const want = "11 plans: 2 done, 2 waiting, 1 on hold, 1 held, 1 to be tried again, 2 blocked, 1 failed, 1 invalid\n"
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
	b.Reset()
	WriteTotals(&b, all[:1])
	if b.String() != "" {
		t.Errorf("%q of one plan", b.String())
	}
}
