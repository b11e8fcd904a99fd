package main

import (
	"context"
	"testing"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// What a run sent is what any of its passes sent.
func TestSentOfARunIsThatOfAnyPass(t *testing.T) {
	const no, maybe, yes = executor.SentNo, executor.SentMaybe, executor.SentYes
	for _, c := range []struct {
		passes []executor.Sent
		want   executor.Sent
	}{
		{[]executor.Sent{no, no}, no},
		{[]executor.Sent{yes, no}, yes},
		{[]executor.Sent{yes, maybe}, yes},
		{[]executor.Sent{yes, maybe, no}, yes},
		{[]executor.Sent{maybe, no}, maybe},
		{[]executor.Sent{no, maybe, no, yes, no}, yes},
	} {
		run := &planRun{Migration: &view.Migration{Plan: &plan.Plan{Name: "ims-prod"}}, runner: &executor.Runner{Ledger: ledger.OpenMemory()}}
		for _, sent := range c.passes {
			run.take(context.Background(), executor.Result{Sent: sent})
		}
		if run.Result.Sent != c.want {
			t.Errorf("%v: %s, want %s", c.passes, run.Result.Sent, c.want)
		}
	}
}
