package main

import (
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// afterTwin is what to do about a second job of a step. It may be ignored once
// it has ended and the step has succeeded.
func afterTwin(at place, s executor.Stop, state ledger.StepState) string {
	ignore := ignoreCommand(at, first(s.Jobs))
	if state != ledger.StepRunning {
		return "when the job has ended, check it and the database; if it did no harm, " + ignore
	}
	return "wait until both jobs have ended, then " + firstText(at.again, at.command("apply", "")) +
		"; when the step has succeeded, check the second job and the database; if it did no harm, " + ignore
}
