package view

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
)

// requestMessages are for a request whose outcome is not a job, or not known.
var requestMessages = map[executor.Reason]message{
	executor.CreateRefused: {
		What:  `DRS refused the request for {{.Step}}`,
		Tried: `sending one request, as {{.JobName}}`,
		Known: `{{.Refusal}}. No job was created{{with .Meaning}}. That is: {{.}}{{end}}`,
		Next:  `{{or .Remedy "fix the plan"}}; then {{.Retry}}`,
	},
	executor.DoubtNeedsPerson: {
		What:  `the outcome of the request for {{.Step}} is unknown`,
		Tried: `sending one request, as {{.InLedger.Intent.JobName}}, at {{stamp .InLedger.IntentAt}}{{with .Answer}}; DRS answered {{.}}{{end}}`,
		Known: `DRS lists no such job. Only a person can decide now, because {{.Because}}{{.TokenNote}}{{with .Jobs}}; unknown jobs: {{.}}{{end}}`,
		Next: `look for the job in the console; if it is there: {{.Adopt "JOB_ID"}}; ` +
			`{{with .Jobs}}each of {{.}} that is not this step's job: {{$.Ignore "JOB_ID"}}; {{end}}` +
			`{{with .Fence}}if it is not there after {{.}}: {{$.Resolve "--not-created"}}` +
			`{{else}}if it is not there {{if .TokenNote}}25 hours{{else}}an hour{{end}} after the request: {{.Resolve "--not-created --before-fence"}}{{end}}` +
			`{{if .NameIsTaken}}; if the name stays taken and no job has it, send the step under a new name: {{.Resolve "--failed"}}; then {{.Retry}}{{end}}`,
	},
	executor.Settling: {
		What:  `the outcome of the request for {{.Step}} is not known yet`,
		Tried: requestTried,
		Known: `DRS lists no such job so far; the evidence is complete at {{.Until}} at the earliest`,
		Next:  `run it again {{.AfterThat}}: {{.Again}}`,
		Causes: map[executor.Why]message{
			executor.WhyUnsearched: {
				Known: `this run ended before it could search for the job`,
				Next:  `run it again: {{.Again}}`,
			},
			executor.WhyTooEarly: {
				What:  `it is too early to decide about the request for {{.Step}}`,
				Tried: `recording a decision`,
				Known: `DRS lists no such job, but the request may still create one{{.ByThen}}{{.TokenNote}}; nothing was recorded`,
				Next: `run this again {{.AfterThat}}: {{.Again}}; or now, if you know that the request can no longer arrive: ` +
					`{{.AgainWith "--before-fence"}}`,
			},
			executor.WhyEmptyList: {
				What:  `it is too early to decide about the request for {{.Step}}`,
				Tried: `recording a decision`,
				Known: `DRS lists no job at all on the target, so no job in the list shows that it is complete; the decision needs a second empty list after {{.Until}}`,
				Next: `run this again {{.AfterThat}}: {{.Again}}; or now, if you saw in the console that the target has no job: ` +
					`{{.AgainWith "--before-fence"}}`,
			},
		},
	},
	executor.RequestMayArrive: {
		What:  `an earlier request may still create a job until {{.Until}}`,
		Known: `until then a job may appear that this ledger does not know; nothing is submitted before that time`,
		Next:  `run it again {{.AfterThat}}: {{.Again}}`,
	},
	executor.RecordLost: {
		What:  `the answer to the request ({{or .Detail "unknown"}}{{with .Jobs}} {{.}}{{end}}) could not be written to the ledger: {{.Err}}`,
		Tried: requestTried,
		Known: `the ledger holds the intent, so the next run searches for the job and sends nothing`,
		Next:  `make the ledger writable (is the disk full?), then {{.Again}}`,
	},
	executor.NotSent: {
		What:  `the request for {{.Step}} could not be sent: {{.Err}}`,
		Known: `the request was never sent, so nothing was created`,
		Next:  `{{.FixFirst}}run it again: {{.Again}}`,
	},
	executor.Throttled: {
		What:  `DRS asks for fewer requests{{with .Throttling}}: {{.}}{{end}}`,
		Known: `nothing is submitted before {{.Until}}`,
		Next:  `run it again {{.AfterThat}}: {{.Again}}`,
	},
	executor.APIUnavailable: {
		What:  `DRS gave no usable answer: {{.Err}}`,
		Tried: `querying DRS`,
		Known: `nothing new is known, and nothing was sent`,
		Next:  `{{.FixFirst}}run it again: {{.Again}}`,
		Causes: map[executor.Why]message{
			executor.WhyListIncomplete: {What: `DRS gave no usable answer: by its own count, the list of jobs on the target is incomplete`},
			executor.WhyListStale:      {What: `DRS gave no usable answer: the list of jobs was older than a minute before it could be used`},
			executor.WhyJobUnread:      {What: `DRS gave no usable answer: job {{.Jobs}}, which may be this step's, could not be read`},
			executor.WhyListContradicts: {
				What:  `DRS contradicts itself about job {{.Jobs}} of {{.Step}}: the list shows the status {{.Detail}}, a query of the job itself shows another`,
				Known: `the list may be behind by a few minutes, or somebody restarted the job; nothing was sent`,
				Next: `run it again: {{.Again}}; if it stays so for an hour, check the job and the database; if the backup is restored, {{.Resolve "--succeeded"}}; ` +
					`if the job has ended and the backup is not restored, delete the job's record in the console: the step is sent again 45 minutes later`,
			},
			executor.WhyListLacksJob: {
				What:  `DRS gave no usable answer: the list does not show job {{.Jobs}}, which the ledger knows`,
				Known: `either that job's record was deleted, or the list is incomplete; nothing was recorded`,
				Next:  `run it again: {{.Again}}; or, if it was deleted, adopt each job individually: {{.AdoptOne}}`,
			},
		},
	},
	executor.AccessDenied: {
		What:  `DRS refused these credentials: {{.Err}}`,
		Tried: `querying DRS`,
		Known: `nothing was created`,
		Next:  `check the clock of this machine, docs/permissions.md, and which credentials are used: {{.Whoami}}`,
		Causes: map[executor.Why]message{
			executor.WhyCreateDenied: {Tried: `sending one request, as {{.JobName}}`},
		},
	},
}

const requestTried = `sending the request for {{.Step}}`

// because says why only a person can settle a doubt.
var because = map[executor.Why]string{
	executor.WhyDateAhead:   "the Date of DRS was once far ahead of what it is now",
	executor.WhyFull:        "this is the full backup",
	executor.WhyCutover:     "this is the cutover",
	executor.WhyToken:       "the request was sent with a token",
	executor.WhyNoKnownJob:  "the list shows no other job of this chain",
	executor.WhyNameExists:  "DRS reports the job name as taken but lists no job with it",
	executor.WhyTwice:       "an earlier request of this step was also lost",
	executor.WhyAsk:         "MIGPLAN_SETTLE is ask",
	executor.WhyUnaccounted: "the target has jobs that no ledger entry explains",
	executor.WhyNoDate:      "the time of the request by the server's clock is not known",
}

func (s stopped) Because() string { return because[s.stop.Why] }

// TokenNote says why a request that was sent with a token can arrive for so long,
// "" where it cannot.
func (s stopped) TokenNote() string {
	switch st := s.InLedger(); {
	case !st.Intent.TokenAuth || st.Answered:
		return ""
	case s.stop.Why == executor.WhyToken:
		return "; such a request can arrive while the token is valid, up to a day"
	}
	return "; the request was sent with a token and can arrive while that is valid, up to a day"
}

func (s stopped) NameIsTaken() bool { return s.InLedger().Answer.Code == drs.CodeNameExists }

// Answer is what DRS answered to the request in doubt, "" for nothing.
func (s stopped) Answer() string {
	st := s.InLedger()
	if !st.Answered {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s %s", st.Answer.StatusCode, Clean(st.Answer.Code), Clean(st.Answer.Message)))
}

// Fence is when the request in doubt can no longer arrive, "" where no clock of
// the server says so.
func (s stopped) Fence() string {
	if fence := executor.FenceOf(s.InLedger()); !fence.IsZero() {
		return Stamp(fence)
	}
	return ""
}

// JobName is the name of the step's job in the current attempt.
func (s stopped) JobName() string {
	seq := s.stop.Step
	if seq < 1 || seq > len(s.Plan.Steps) {
		return "-"
	}
	return s.Plan.Steps[seq-1].JobName(s.InLedger().Attempt)
}

// Refusal is the answer by which DRS refused a request.
func (s stopped) Refusal() string {
	answer := s.InLedger().Answer
	return Clean(answer.Code) + " " + strings.TrimRight(orElse(Clean(answer.Message), "without a message"), ".")
}

// Throttling is what DRS said when it asked for a pause.
func (s stopped) Throttling() string {
	if s.stop.Err != nil {
		return s.Err()
	}
	answer := s.InLedger().Answer
	return strings.TrimSpace(Clean(answer.Code) + " " + Clean(answer.Message))
}
