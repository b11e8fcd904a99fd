package view

import (
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// jobMessages are for jobs that are not as they should be.
var jobMessages = map[executor.Reason]message{
	executor.JobFailed: {
		What:     `{{.Step}} failed`,
		Tried:    `checking job {{clean .InLedger.JobID}}, attempt {{.InLedger.Attempt}}`,
		Known:    `DRS says {{clean .InLedger.Status}}: {{.ErrorLog}}{{with .Meaning}}. That is: {{.}}{{end}}`,
		Database: partlyChanged,
		Next:     `{{or .Remedy "fix the cause, edit the step if needed"}}; then {{.Retry}}{{.OrRestored}}`,
		Adjust:   adjustFailed,
	},
	executor.DuplicateJobs: {
		What:   `DRS shows several jobs for {{.Step}}: {{.Jobs}}`,
		Tried:  jobTried,
		Known:  `one of them was not submitted with this ledger, {{.Ledger}}: is that the ledger that cron and all other runners use? Nothing more is sent`,
		Next:   `check them in the console; the step's job: {{.Adopt "JOB_ID"}}; once the step has succeeded, the other job: {{.Ignore "JOB_ID"}}`,
		Adjust: adjustSecondJob,
	},
	executor.JobDiffers: {
		What:   `job {{.Jobs}} differs from {{.Step}}: {{.JobDifference}}`,
		Tried:  jobTried,
		Known:  `nothing more is sent until a person has checked it`,
		Next:   `check the job in the console; if it is this step's job under another name, {{.Adopt .Job}}; if not, {{.Ignore .Job}}`,
		Adjust: adjustDiffers,
	},
	executor.JobGone: {
		What:  `DRS no longer knows job {{.Jobs}} of {{.Step}}`,
		Tried: jobTried,
		Known: `its record was deleted in the console, no later than {{.Since}}; migplan does not know what the job did to the database. ` +
			`The step is not submitted again`,
		Next: `check the database; {{.Judge}}`,
	},
	executor.JobMissing: {
		What:  `DRS does not know job {{.Jobs}} of {{.Step}}`,
		Tried: jobTried,
		Known: `{{if .Stop.Until.IsZero}}its answer has no date, so the time for which the job has been missing cannot be counted; nothing was sent` +
			`{{else}}missing since {{.Since}}; it counts as deleted from {{.Until}} on. Nothing was sent{{end}}`,
		Next: `check in the console whether its record was deleted; run it again {{.AfterThat}}: {{.Again}}`,
	},
	executor.ForeignJob: {
		What:  `a job that does not belong to this plan is working on one of its databases: {{.Jobs}}`,
		Known: `nothing was sent`,
		Next:  `find out whose job it is and wait until it ends: {{.Again}}; or, if it does no harm, {{.Ignore .Job}}`,
	},
	executor.ForeignJobElsewhere: {
		What:  `a job that migplan did not create is running on the target: {{.Jobs}}`,
		Known: `an instance runs one job at a time; nothing was sent`,
		Next:  `run it again when that job has ended: {{.Again}}; or, if it will not end, {{.Ignore .Job}}`,
	},
	executor.NotFailed: {
		What:  `{{.Step}} cannot be sent again: DRS shows job {{.Jobs}}, which is or may be this step's, as {{.JobStatus}}`,
		Known: `sending the step again could restore the same backup twice; nothing was sent`,
		Next: `check the job and the database; if the backup is restored, {{.Resolve "--succeeded"}}; if the job is still running, wait until it ends; ` +
			`if somebody else created it, change its name and description in the console` +
			`{{if not .Documented}}; if the job has ended and the backup is not restored, {{.Resolve "--failed"}}{{end}}`,
	},
	executor.NotSucceeded: {
		What:  `DRS now shows job {{.Jobs}} of {{.Step}}, which had succeeded, as {{.JobStatus}}`,
		Known: `the next backup is submitted only after this one has succeeded; nothing was sent`,
		Next:  `check the database; {{.Judge}}`,
	},
	executor.UnknownStatus: {
		What:  `DRS has shown job {{.Jobs}} of {{.Step}} as {{.JobStatus}} since {{.Since}}`,
		Tried: jobTried,
		Known: `the DRS documentation does not list this status, so migplan cannot tell whether the job will end; nothing was sent`,
		Next:  `check the job and the database; {{.Judge}}`,
	},
	executor.StatusSettling: {
		What:  `job {{.Jobs}} of {{.Step}} has the status {{.JobStatus}}, which the DRS documentation does not list`,
		Known: `a new attempt is sent only after the status has stayed the same for 45 minutes{{.ByThen}}; nothing was sent`,
		Next:  `run it again {{.AfterThat}}: {{.Again}}`,
	},
}

const jobTried = `checking the job of {{.Step}}`

// adjustFailed adds what a failure means for the database, and for the next
// command.
func adjustFailed(s stopped, msg *message) {
	st, known := s.InLedger(), s.failure()
	status, _ := drs.ParseStatus(st.Status)
	if st.Status == "" {
		msg.Tried = `one pass; nothing was submitted`
		msg.Known = `a person declared attempt {{.InLedger.Attempt}} failed`
	}
	if known != nil && known.exists && s.SeededBy != nil {
		msg.Next = `do not drop or overwrite it: plan {{word .SeededBy.Plan}}, generation {{.SeededBy.Generation}}, of this ledger restored it. ` +
			`Check the database and continue with that plan; otherwise restore this one under another name or on another target`
	}
	switch {
	case status == drs.PrecheckFailed:
		msg.Database = `as before this step: the precheck restored nothing`
	case s.stop.Step == 1 && s.Plan.Overwrite:
		msg.Database = `uncertain: the full backup that overwrites it failed, which may have destroyed the data it had before`
	case s.stop.Step == 1:
		msg.Database = `not restored: the full backup failed`
	case known != nil && known.restorable && !st.Last:
		msg.Database = `still restoring, as far as this failure is known`
	}
}

// adjustSecondJob is for a second job of a step whose own job is known. It may
// be ignored once it has ended and the step has succeeded.
func adjustSecondJob(s stopped, msg *message) {
	state := s.InLedger().State
	if !state.Sent() || state == ledger.StepInDoubt {
		return
	}
	msg.What = `DRS shows another job for {{.Step}}, which is {{.InLedger.State}}: {{.Jobs}}`
	msg.Known = `it was not submitted with this ledger, {{.Ledger}}: is that the ledger that cron and all other runners use? ` +
		`If that job has succeeded, the backup was restored twice. Nothing more is sent`
	msg.Next = `when the job has ended, check it and the database; if it did no harm, {{.Ignore .Job}}`
	if state == ledger.StepRunning {
		msg.Next = `wait until both jobs have ended, then {{.Again}}; when the step has succeeded, check the second job and the database; ` +
			`if it did no harm, {{.Ignore .Job}}`
	}
}

// adjustDiffers says more about a job that is not what it should be. A job that
// the ledger follows already can only be judged by its end.
func adjustDiffers(s stopped, msg *message) {
	switch state := s.InLedger().State; {
	case s.Following():
		msg.Next = `check the job and the database, and wait until the job has ended; {{.Judge}}`
	case state == ledger.StepPending:
		msg.Next += `; if the plan was different when the job was created, restore that plan`
	case state == ledger.StepInDoubt:
		msg.Next += `; if it is this step's job anyway, wait until it has ended; then, {{.Judge}}`
	}
}

// OrRestored is for a failure whose text says nothing about the database: DRS may have
// restored the backup all the same. A new attempt of a log is harmless then: DRS refuses
// it; a wrong word that the backup is restored is not, so it comes last.
func (s stopped) OrRestored() string {
	if status, _ := drs.ParseStatus(s.InLedger().Status); status != drs.Failed || s.failure() != nil {
		return ""
	}
	return "; or, only if the database shows that this backup is restored in spite of the failure, " + s.Resolve("--succeeded")
}

// Documented reports whether the documentation lists the status of the stop.
func (s stopped) Documented() bool {
	_, known := drs.ParseStatus(s.stop.Detail)
	return known
}
