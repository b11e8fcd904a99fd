package main

import (
	"fmt"

	"github.com/migplan/migplan/pkg/executor"
)

// explainNotAllowed finds the words for a person's decision that does not fit.
func explainNotAllowed(at place, s executor.Stop, e *explanation) {
	e.What = refusal(at, s)
	if s.Step > 0 {
		e.What = stepName(at, s.Step) + ": " + e.What
	}
	e.Known = "nothing was recorded and nothing was sent"
	e.Next = seeState(at)
	switch s.Why {
	case executor.WhyStillRunning, executor.WhyOwnJobRunning:
		e.Next = "wait until the job ends, then run this again: " + at.again
	case executor.WhyUnsettled, executor.WhyJobGone:
		e.Next = settleFirst(at, s.Step) + "; then " + at.again
	case executor.WhyOwnJob:
		e.Next = fmt.Sprintf("if it is this step's job, %s; if somebody copied the name or the description, change both in the console, then run this again: %s",
			adoptCommand(at, s.Step, first(s.Jobs)), ignoreCommand(at, first(s.Jobs)))
	case executor.WhyOtherCredentials:
		e.Next = "look for the job with those credentials, or in the console; if it is not there, " + at.again + " --other-credentials"
	}
}

// refusal says why a decision does not fit.
func refusal(at place, s executor.Stop) string {
	switch s.Why {
	case executor.WhyNoSuchStep:
		return fmt.Sprintf("the plan has %d steps", len(at.steps))
	case executor.WhyClosed:
		return "the plan is closed: only a higher generation goes on"
	case executor.WhyHeldAlready:
		return "the plan is on hold already"
	case executor.WhyNotHeld:
		return "the plan is not on hold"
	case executor.WhyNothingSent:
		return fmt.Sprintf("the ledger %s holds nothing that generation %d of this plan sent; there is nothing to close", clean(at.ledgerPath), at.plan.Generation)
	case executor.WhyNothingListed:
		return "DRS lists no job of this plan on the target"
	case executor.WhyNotFailed:
		return fmt.Sprintf("the step is %s; retry follows a step that failed or was refused", s.State)
	case executor.WhyNotInDoubt:
		return fmt.Sprintf("the step is %s, not in doubt", s.State)
	case executor.WhyNotAdoptable:
		return fmt.Sprintf("the step is %s; a job is adopted for a step in doubt or pending", s.State)
	case executor.WhyStateKnown:
		return fmt.Sprintf("the step is %s", s.State)
	case executor.WhyStepBefore:
		return fmt.Sprintf("step %d before it is %s", s.OtherStep, s.State)
	case executor.WhyEdited:
		return "the plan's line is not the one that was submitted; restore that line first"
	case executor.WhyOtherCredentials:
		return fmt.Sprintf("the create was sent by %s, and other credentials may not see its job", clean(s.Detail))
	case executor.WhyUnsettled:
		return "the outcome of its request is not known"
	}
	return jobRefusal(s)
}

// jobRefusal is refusal for what is about a job.
func jobRefusal(s executor.Stop) string {
	job, status := clean(first(s.Jobs)), clean(s.Detail)
	switch s.Why {
	case executor.WhyJobGone:
		return fmt.Sprintf("DRS does not know its job %s", job)
	case executor.WhyJobNotFound:
		return fmt.Sprintf("DRS does not know job %s", job)
	case executor.WhyJobKnown:
		return fmt.Sprintf("job %s is the job of step %d in the ledger", job, s.OtherStep)
	case executor.WhyJobOlder:
		return fmt.Sprintf("job %s was listed before this step's request was sent, so it is not the job of that request", job)
	case executor.WhyJobOfChain:
		return fmt.Sprintf("job %s carries the marker of another chain, %s: it was made by another plan or generation", job, clean(s.Detail))
	case executor.WhyJobOfStep:
		return fmt.Sprintf("job %s carries the marker of step %d of this plan", job, s.OtherStep)
	case executor.WhyJobOfPlan:
		return fmt.Sprintf("job %s belongs to another plan in this ledger", job)
	case executor.WhyOwnJob:
		return fmt.Sprintf("job %s carries this plan's marker or name, so it may have restored this step", job)
	case executor.WhyOwnJobRunning:
		return fmt.Sprintf("job %s carries this plan's marker or name, and DRS shows it as %s", job, status)
	case executor.WhyStillRunning:
		return fmt.Sprintf("DRS shows its job %s as %s", job, status)
	case executor.WhyOtherRunning:
		return fmt.Sprintf("job %s of this plan is running", job)
	case executor.WhyJobNotFailed:
		return fmt.Sprintf("DRS shows job %s as %s, not as failed", job, status)
	case executor.WhyJobShown:
		return fmt.Sprintf("DRS still shows job %s, as %s; the next pass follows it", job, status)
	case executor.WhyJobListed:
		return fmt.Sprintf("DRS lists job %s, which says that it is the step's; apply compares and adopts it", job)
	}
	return string(s.Why)
}

// unusable says what was wrong with an answer of DRS.
func unusable(s executor.Stop) string {
	switch s.Why {
	case executor.WhyListIncomplete:
		return "the listing of the target is not complete"
	case executor.WhyListStale:
		return "what it showed was older than a minute before it could be acted on"
	case executor.WhyListLacksJob:
		return "the listing does not show job " + clean(first(s.Jobs)) + ", which the ledger knows"
	case executor.WhyJobUnread:
		return "the job that may be this step's could not be read"
	}
	return errText(s.Err)
}

// identityPart names what is not as it was when the chain was opened.
func identityPart(w executor.Why) string {
	if w == executor.WhyEnterpriseProject {
		return "enterprise project"
	}
	return string(w)
}

// clockOf names the clock by which a window is over.
func clockOf(w executor.Why) string {
	if w == executor.WhyLocalClock {
		return "this machine's"
	}
	return "DRS's"
}

// edited says what of a step is not as it was sent.
func edited(w executor.Why) string {
	if w == executor.WhyOverwriteChanged {
		return ": overwrite is not as it was"
	}
	return ""
}
