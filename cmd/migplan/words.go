package main

import (
	"strings"

	"github.com/migplan/migplan/pkg/executor"
)

// The small words of a stop.

// tried says what a run did before a stop that has no words of its own for it.
func tried(at place, s executor.Stop) string {
	if at.looked {
		return "reading the plan and the ledger; this command sends nothing"
	}
	switch s.Reason {
	case executor.APIUnavailable, executor.AccessDenied:
		return "to query DRS"
	case executor.JobDiffers, executor.DuplicateJobs, executor.JobGone, executor.JobMissing, executor.UnknownStatus:
		return "to check the job of " + stepName(at, s.Step)
	case executor.NotAllowed:
		return "to record a decision"
	case executor.LedgerFailed, executor.LedgerBusy, executor.LedgerBroken, executor.LedgerConflict:
		return "to read and write the ledger"
	case executor.LockHeld:
		return "to start a pass"
	case executor.PlanInvalid, executor.PlanReplaced:
		return "to read the plan file again before a pass"
	case executor.TimeUp, executor.Stopped, executor.RaceLost:
		return "passes over the plan, until this run ended early"
	}
	if s.Step > 0 {
		return "one pass; stopped before submitting " + stepName(at, s.Step)
	}
	return "one pass; nothing was submitted"
}

// explainFile finds the words for a plan file that was changed during the run.
func explainFile(s executor.Stop, e *explanation, apply string) {
	e.Known = "nothing more was sent"
	switch s.Reason {
	case executor.PlanInvalid:
		e.What = "the plan file is no longer valid: " + clean(s.Detail)
		e.Next = "correct the file, then " + apply
	case executor.PlanReplaced:
		e.What = "the plan file now describes another migration: " + clean(s.Detail)
		e.Next = "restore the file, then " + apply
	default:
		e.What = "the plan file was changed during each pass: " + errText(s.Err)
		e.Next = "run it again when nobody changes the file: " + apply
	}
}

// throttling is what DRS said when it asked for a pause.
func throttling(at place, s executor.Stop) string {
	if s.Err != nil {
		return errText(s.Err)
	}
	answer := at.state.Step(s.Step).Answer
	return strings.TrimSpace(clean(answer.Code) + " " + clean(answer.Message))
}

// note hangs a detail on a sentence, where there is one.
func note(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + clean(detail)
}

// waitedFor is what kept a run until it was cut short, as far as it had words.
func waitedFor(s executor.Stop) string {
	if s.Err == nil {
		return ""
	}
	return " while DRS gave no usable answer: " + errText(s.Err)
}

// first is the job that a stop is about.
func first(jobs []string) string {
	if len(jobs) == 0 {
		return "JOB_ID"
	}
	return jobs[0]
}

func errText(err error) string {
	if err == nil {
		return "no reason given"
	}
	return clean(err.Error())
}

func firstText(a, b string) string {
	if a != "" {
		return clean(a)
	}
	return b
}
