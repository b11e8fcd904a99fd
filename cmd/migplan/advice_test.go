package main

import (
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

func TestNextNamesTheWayOut(t *testing.T) {
	taken := ledger.Step{State: ledger.StepInDoubt, Attempt: 1, Answered: true}
	taken.Answer.Code = nameTaken
	for about, c := range map[string]struct {
		step      ledger.Step
		stop      executor.Stop
		want, not string
	}{
		"name taken":             {step: taken, stop: executor.Stop{Reason: executor.DoubtNeedsPerson, Why: executor.WhyNameExists}, want: "migplan retry p.yaml 1 --reason TEXT, which sends the step under a new name"},
		"no answer":              {step: ledger.Step{State: ledger.StepInDoubt, Attempt: 1}, stop: executor.Stop{Reason: executor.DoubtNeedsPerson, Why: executor.WhyFull}, not: "retry"},
		"undocumented status":    {step: ledger.Step{State: ledger.StepPending, Attempt: 2}, stop: executor.Stop{Reason: executor.NotFailed, Detail: "REBALANCING"}, want: "migplan resolve p.yaml 1 --failed --reason TEXT"},
		"succeeded":              {step: ledger.Step{State: ledger.StepPending, Attempt: 2}, stop: executor.Stop{Reason: executor.NotFailed, Detail: "SUCCESS"}, not: "--failed"},
		"close, job in doubt":    {step: ledger.Step{State: ledger.StepInDoubt, Attempt: 1}, stop: executor.Stop{Reason: executor.NotAllowed, Why: executor.WhyUnsettled}, want: "--not-created"},
		"close, job record gone": {step: ledger.Step{State: ledger.StepRunning, Attempt: 1}, stop: executor.Stop{Reason: executor.NotAllowed, Why: executor.WhyUnsettled}, want: "--failed", not: "--not-created"},
	} {
		at := place{file: "p.yaml", plan: &plan.Plan{Name: "p"}, state: &ledger.State{Steps: []ledger.Step{c.step}}}
		c.stop.Step = 1
		got := explain(at, c.stop).Next
		if !strings.Contains(got, c.want) || c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("%s: next is %q, want %q and not %q", about, got, c.want, c.not)
		}
	}
}

func TestOverwritingNamesTheStep(t *testing.T) {
	if got := overwriting(1); got != "full backup" {
		t.Errorf("step 1 is called %q", got)
	}
	if got := overwriting(2); got != "step 2" {
		t.Errorf("step 2 is called %q", got)
	}
}

func TestProxyFailureNamesItsVariable(t *testing.T) {
	at := place{proxy: "HTTPS_PROXY"}
	if got := checkProxy(at, "proxy: cannot connect to 10.0.0.1:3128: connection refused"); !strings.Contains(got, "HTTPS_PROXY") {
		t.Errorf("a proxy failure leads to %q", got)
	}
	if got := checkProxy(at, "connection refused"); got != "" {
		t.Errorf("a failure without a proxy leads to %q", got)
	}
	if got := checkProxy(place{}, "HTTP 502 from a proxy"); got != "" {
		t.Errorf("without a variable it leads to %q", got)
	}
}
