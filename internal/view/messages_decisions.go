package view

import (
	"strconv"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// decisionMessages are for a person's decision that does not fit.
var decisionMessages = map[executor.Reason]message{
	executor.NotAllowed: {
		What:  `{{.About}}this decision does not apply now`,
		Tried: `recording a decision`,
		Known: `nothing was recorded and nothing was sent`,
		Next:  `{{.SeeState}}`,
		Causes: map[executor.Why]message{
			executor.WhyNoSuchStep: {What: `{{.About}}the plan has {{len .Plan.Steps}} steps`},
			executor.WhyUnknownPlan: {
				What: `the ledger {{.Ledger}} holds nothing of this plan`,
				Next: `if another ledger is the one that cron and all other runners use, give it with --ledger; if this is it, {{.AgainWith "--new"}}`,
			},
			executor.WhyClosed:        {What: `the plan is closed: only a higher generation can continue`},
			executor.WhyHeldAlready:   {What: `the plan is already {{.HeldSince}}`, Next: `nothing to do; to end the hold, {{.Release}}`},
			executor.WhyNotHeld:       {What: `the plan is not on hold`, Next: `nothing to do; {{.SeeState}}`},
			executor.WhyNothingSent:   {What: `the ledger {{.Ledger}} holds nothing that generation {{.Plan.Generation}} of this plan sent; there is nothing to close`},
			executor.WhyNothingListed: {What: `DRS lists no job of this plan on the target`},
			executor.WhyNotFailed:     {What: `{{.About}}the step is {{.OtherState}}; retry follows a step that failed or was refused`},
			executor.WhyNotInDoubt:    {What: `{{.About}}the step is {{.OtherState}}, not in doubt`},
			executor.WhyNotAdoptable:  {What: `{{.About}}the step is {{.OtherState}}; a job is adopted for a step in doubt or pending`},
			executor.WhyStateKnown:    {What: `{{.About}}the step is {{.OtherState}}`},
			executor.WhyStepBefore:    {What: `{{.About}}step {{.OtherStep}} before it is {{.OtherState}}`},
			executor.WhyEdited:        {What: `{{.About}}the plan's line is not the one that was submitted; restore that line first`},
			executor.WhyOtherCredentials: {
				What: `{{.About}}the request was sent by {{.Detail}}, and other credentials may not see its job`,
				Next: `look for the job with those credentials, or in the console; if it is not there, {{.AgainWith "--other-credentials"}}`,
			},
			executor.WhyUnsettled: {
				What: `{{.About}}the outcome of its request is not known`,
				Next: settleFirst,
			},
			executor.WhyJobGone: {
				What: `{{.About}}DRS does not know its job {{.Jobs}}`,
				Next: settleFirst,
			},
			executor.WhyStillRunning: {
				What: `{{.About}}DRS shows its job {{.Jobs}} as {{.JobStatus}}`,
				Next: waitForJob,
			},
			executor.WhyOwnJobRunning: {
				What: `{{.About}}job {{.Jobs}} carries this plan's marker or name, and DRS shows it as {{.JobStatus}}`,
				Next: waitForJob,
			},
			executor.WhyOwnJob: {
				What: `{{.About}}job {{.Jobs}} carries this plan's marker or name`,
				Next: `if it is this step's job, {{.Adopt .Job}}; if somebody copied the name or the description, ` +
					`change both in the console, then run this again: {{.Ignore .Job}}`,
			},
			executor.WhyJobNotFound:  {What: `{{.About}}DRS does not know job {{.Jobs}}`},
			executor.WhyJobKnown:     {What: `{{.About}}job {{.Jobs}} is the job of step {{.OtherStep}} in the ledger already`},
			executor.WhyJobOlder:     {What: `{{.About}}job {{.Jobs}} was listed before this step's request was sent, so it is not the job of that request`},
			executor.WhyJobOfChain:   {What: `{{.About}}job {{.Jobs}} carries the marker of another chain, {{.Detail}}: it was made by another plan or generation`},
			executor.WhyJobOfStep:    {What: `{{.About}}job {{.Jobs}} carries the marker of step {{.OtherStep}} of this plan`},
			executor.WhyJobOfPlan:    {What: `{{.About}}job {{.Jobs}} belongs to another plan in this ledger`},
			executor.WhyOtherRunning: {What: `{{.About}}job {{.Jobs}} of this plan is running`},
			executor.WhyJobNotFailed: {What: `{{.About}}DRS shows job {{.Jobs}} as {{.JobStatus}}, not as failed`},
			executor.WhyJobShown:     {What: `{{.About}}DRS still shows job {{.Jobs}}, as {{.JobStatus}}; the next pass follows it`},
			executor.WhyJobListed:    {What: `{{.About}}DRS lists job {{.Jobs}}, which says that it is the step's; apply compares and adopts it`},
		},
	},
}

const (
	waitForJob = `wait until the job ends, then run this again: {{.Again}}`

	settleFirst = `settle it first: {{.Apply}}; or check the job and the database; ` +
		`{{if .InDoubt}}if no job was created, {{.Resolve "--not-created"}}; {{end}}{{.Judge}}; then {{.Again}}`
)

// About names the step that a decision is about, "" for the whole plan.
func (s stopped) About() string {
	if s.stop.Step == 0 {
		return ""
	}
	if s.stop.Step > len(s.Plan.Steps) {
		return "step " + strconv.Itoa(s.stop.Step) + ": "
	}
	return s.Step() + ": "
}

func (s stopped) InDoubt() bool { return s.InLedger().State == ledger.StepInDoubt }

// SeeState leads to the state of a plan after a decision that does not fit it.
func (s stopped) SeeState() string {
	switch {
	case s.State.Ended != nil:
		return "the plan is closed and sends nothing more; to restore again, raise generation"
	case s.File == "":
		return "with the plan's file, migplan status shows the current state"
	}
	return "see the current state: " + s.Status()
}
