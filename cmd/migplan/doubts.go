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
	e.Tried = "the create of " + step
	e.What = "what became of the create of " + step + " is not known yet"
	e.Known = "DRS lists no such job so far; evidence is complete at " + stamp(s.Until) + " at the earliest"
	e.Next = "run it again then: " + apply
	switch s.Why {
	case executor.WhyUnsearched:
		e.Known = "DRS was not asked for its job any more before this run was cut short"
		e.Next = "run it again: " + apply
	case executor.WhyTooEarly:
		e.What = "it is too early to say what became of the create of " + step
		e.Known = "DRS lists no such job, but the create may still become one" + until(s.Until) + "; nothing was recorded"
		e.Next = "say it again after that; or now with --before-fence, when you know that it cannot arrive any more"
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
	e.What = "what became of the create of " + stepName(at, s.Step) + " is not known"
	e.Tried = fmt.Sprintf("one create, as %s, at %s", st.Intent.JobName, stamp(st.IntentAt))
	if st.Answered {
		e.Tried += "; DRS answered " + strings.TrimSpace(fmt.Sprintf("HTTP %d %s %s", st.Answer.StatusCode, clean(st.Answer.Code), clean(st.Answer.Message)))
	}
	because := map[string]string{
		executor.WhyFull:        "the full backup",
		executor.WhyCutover:     "the cutover",
		executor.WhyToken:       "a create sent with a token, which may still arrive,",
		executor.WhyNoWitness:   "a chain of which no other job is listed",
		executor.WhyNameExists:  "a name that DRS says it has and does not list",
		executor.WhyTwice:       "a create that was missed before",
		executor.WhyAsk:         "any doubt, by MIGPLAN_SETTLE=ask,",
		executor.WhyUnaccounted: "a target on which jobs appeared that nobody knows",
		executor.WhyNoDate:      "an intent without a date by the server's clock",
	}[s.Why]
	e.Known = "DRS lists no such job. For " + because + " migplan does not decide this alone"
	if len(s.Jobs) > 0 {
		e.Known += "; unknown jobs: " + clean(strings.Join(s.Jobs, ", "))
	}
	e.Next = fmt.Sprintf("look for the job in the console. Found: %s. ", adoptCommand(at, s.Step, "JOB_ID"))
	if len(s.Jobs) > 0 {
		e.Next += fmt.Sprintf("Each of %s that is not the step's: %s. ", clean(strings.Join(s.Jobs, ", ")), ignoreCommand(at, "JOB_ID"))
	}
	e.Next += notFound(at, s.Step, st)
}

// notFound is what to say when there is no job. Without a date by the server's
// clock only a person knows when the create cannot arrive any more.
func notFound(at place, seq int, st ledger.Step) string {
	if fence := executor.FenceOf(st); !fence.IsZero() {
		return fmt.Sprintf("Not found after %s: %s", stamp(fence), at.command("resolve", fmt.Sprintf("%d --not-created --reason TEXT", seq)))
	}
	return "Not found an hour after the create: " + at.command("resolve", fmt.Sprintf("%d --not-created --before-fence --reason TEXT", seq))
}
