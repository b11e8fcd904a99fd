package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// explainSettling is for a doubt that time and listings may still end.
func explainSettling(step string, s executor.Stop, e *explanation, apply string) {
	e.Tried = "the request for " + step
	e.What = "the outcome of the request for " + step + " is not known yet"
	e.Known = "DRS lists no such job so far; the evidence is complete at " + stamp(s.Until) + " at the earliest"
	e.Next = "run it again then: " + apply
	switch s.Why {
	case executor.WhyUnsearched:
		e.Known = "this run ended before it could search for the job"
		e.Next = "run it again: " + apply
	case executor.WhyTooEarly:
		e.What = "it is too early to decide about the request for " + step
		e.Known = "DRS lists no such job, but the request may still create one" + until(s.Until) + "; nothing was recorded"
		e.Next = "run this again after that; or now with --before-fence, if you know that the request can no longer arrive"
		e.Tried = "to record a decision"
	}
}

// until is empty where no clock of the server says when.
func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + stamp(t)
}

// explainDoubt says why a doubt needs a person.
func explainDoubt(at place, s executor.Stop, e *explanation) {
	st := at.state.Step(s.Step)
	e.What = "the outcome of the request for " + stepName(at, s.Step) + " is unknown"
	e.Tried = fmt.Sprintf("one request, as %s, at %s", st.Intent.JobName, stamp(st.IntentAt))
	if st.Answered {
		e.Tried += "; DRS answered " + strings.TrimSpace(fmt.Sprintf("HTTP %d %s %s", st.Answer.StatusCode, clean(st.Answer.Code), clean(st.Answer.Message)))
	}
	because := map[executor.Why]string{
		executor.WhyDateAhead:   "the Date of DRS was once far ahead of what it is now",
		executor.WhyFull:        "this is the full backup",
		executor.WhyCutover:     "this is the cutover",
		executor.WhyToken:       "a request sent with a token may still arrive",
		executor.WhyNoKnownJob:  "the listing shows no other job of this chain",
		executor.WhyNameExists:  "DRS reports the job name as taken but lists no job with it",
		executor.WhyTwice:       "an earlier request of this step was also lost",
		executor.WhyAsk:         "MIGPLAN_SETTLE is ask",
		executor.WhyUnaccounted: "the target has jobs that no ledger entry explains",
		executor.WhyNoDate:      "the time of the request by the server's clock is not known",
	}[s.Why]
	e.Known = "DRS lists no such job. Only a person can decide now, because " + because
	if len(s.Jobs) > 0 {
		e.Known += "; unknown jobs: " + clean(strings.Join(s.Jobs, ", "))
	}
	e.Next = fmt.Sprintf("look for the job in the console; if it is there: %s; ", adoptCommand(at, s.Step, "JOB_ID"))
	if len(s.Jobs) > 0 {
		e.Next += fmt.Sprintf("each of %s that is not this step's job: %s; ", clean(strings.Join(s.Jobs, ", ")), ignoreCommand(at, "JOB_ID"))
	}
	e.Next += notFound(at, s.Step, st)
	if st.Answer.Code == nameTaken {
		e.Next += fmt.Sprintf("; if the name stays taken and no job has it: %s, then %s, which sends the step under a new name",
			at.command("resolve", fmt.Sprintf("%d --failed --reason TEXT", s.Step)), at.command("retry", fmt.Sprintf("%d --reason TEXT", s.Step)))
	}
}

// nameTaken is DRS's error code for a job name that exists.
const nameTaken = "DRS.M00277"

// notFound is what to say when there is no job. Without a date by the server's
// clock only a person knows when the create cannot arrive any more.
func notFound(at place, seq int, st ledger.Step) string {
	if fence := executor.FenceOf(st); !fence.IsZero() {
		return fmt.Sprintf("if it is not there after %s: %s", stamp(fence), at.command("resolve", fmt.Sprintf("%d --not-created --reason TEXT", seq)))
	}
	return "if it is not there an hour after the request: " + at.command("resolve", fmt.Sprintf("%d --not-created --before-fence --reason TEXT", seq))
}
