package main

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
)

// explainMissing is for a job that DRS does not know, which may be a listing
// that lags or a record that somebody deleted.
func explainMissing(at place, s executor.Stop, e *explanation, apply string) {
	e.What = fmt.Sprintf("DRS does not know job %s of %s", clean(strings.Join(s.Jobs, ", ")), stepName(at, s.Step))
	if s.Until.IsZero() {
		e.Known = "its answer has no date, so the time for which the job has been missing cannot be counted; nothing was sent"
	} else {
		e.Known = "missing since " + stamp(s.Since) + "; it counts as deleted from " + stamp(s.Until) + " on. Nothing was sent"
	}
	e.Next = "check in the console whether its record was deleted; run it again after that time: " + apply
}

// explainAlive is for a job that could be the step's and has not failed.
func explainAlive(at place, s executor.Stop, e *explanation) {
	e.What = fmt.Sprintf("%s cannot be sent again: DRS shows job %s, which is or may be this step's, as %s", stepName(at, s.Step), clean(strings.Join(s.Jobs, ", ")), status(s))
	e.Known = "sending the step again could restore the same backup twice; nothing was sent"
	e.Next = "check the job and the database; if the backup is restored, " + at.command("resolve", fmt.Sprintf("%d --succeeded --reason TEXT", s.Step)) +
		"; if the job is still running, wait until it ends; if somebody else created it, change its name and description in the console"
	if _, known := drs.ParseStatus(s.Detail); !known {
		e.Next += "; if the job has ended and the backup is not restored, " + at.command("resolve", fmt.Sprintf("%d --failed --reason TEXT", s.Step))
	}
}

// status is DRS's word for the state of a job.
func status(s executor.Stop) string {
	if s.Detail == "" {
		return "an empty status"
	}
	return clean(s.Detail)
}
