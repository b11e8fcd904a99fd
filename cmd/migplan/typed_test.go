package main

import (
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// A decision that could not be recorded is to be made again, as it was typed.
func TestADecisionIsMadeAgain(t *testing.T) {
	a := &app{args: []string{"adopt", "p.yaml", "1", "j", "--reason", "I saw it"}}
	for _, reason := range []executor.Reason{executor.APIUnavailable, executor.LockHeld, executor.Stopped} {
		m := &view.Migration{File: "p.yaml", Plan: &plan.Plan{Name: "ims-prod"}, Run: view.Run{Again: a.typed()}}
		m.Result.Reason = reason
		if e := m.Explain(); !strings.Contains(e.Next, "migplan adopt p.yaml 1 j --reason 'I saw it'") {
			t.Errorf("%s: %s", reason, e.Next)
		}
	}
}
