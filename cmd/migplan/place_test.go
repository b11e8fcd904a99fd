package main

import (
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// What a server says is one word in a command to be pasted, whatever it is.
func TestAJobIDIsOneWordOfACommand(t *testing.T) {
	at := place{file: "p.yaml", plan: &plan.Plan{Name: "ims-prod"}, state: &ledger.State{}}
	for _, reason := range []executor.Reason{executor.ForeignJob, executor.JobDiffers} {
		e := explain(at, executor.Stop{Reason: reason, Step: 1, Jobs: []string{"x'; rm -rf ~ #"}})
		if !strings.Contains(e.Next, ` 'x'\''; rm -rf ~ #' `) {
			t.Errorf("%s: %s", reason, e.Next)
		}
	}
}

// A command repeats the flags of this run, those that it takes.
func TestACommandRepeatsFlags(t *testing.T) {
	at := place{file: "p.yaml", settings: settings{ledger: "/l", endpoint: "https://e", caFile: "c a.pem"}}
	for verb, want := range map[string]string{
		"apply":   "migplan apply p.yaml REST --ledger /l --endpoint https://e --ca-file 'c a.pem'",
		"history": "migplan history p.yaml REST --ledger /l",
		"whoami":  "migplan whoami p.yaml REST --endpoint https://e --ca-file 'c a.pem'",
	} {
		if got := at.command(verb, "REST"); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// A decision that could not be recorded is to be made again, as it was typed.
func TestADecisionIsMadeAgain(t *testing.T) {
	a := &app{args: []string{"adopt", "p.yaml", "1", "j", "--reason", "I saw it"}}
	at := place{file: "p.yaml", plan: &plan.Plan{Name: "ims-prod"}, state: &ledger.State{}, again: a.typed()}
	for _, reason := range []executor.Reason{executor.APIUnavailable, executor.LockHeld, executor.Stopped} {
		e := explain(at, executor.Stop{Reason: reason})
		if !strings.Contains(e.Next, "migplan adopt p.yaml 1 j --reason 'I saw it'") {
			t.Errorf("%s: %s", reason, e.Next)
		}
	}
}
