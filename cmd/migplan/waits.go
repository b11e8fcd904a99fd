package main

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
)

// explainMayArrive is for a request that may still create a job, although a
// person ended its doubt with another one.
func explainMayArrive(at place, s executor.Stop, e *explanation, apply string) {
	e.What = "an earlier request may still create a job until " + stamp(s.Until)
	e.Known = "its outcome was settled with another job, so nothing is submitted before that time"
	e.Next = "run it again then: " + apply
}

// explainBusy is for a ledger that another process keeps locked.
func explainBusy(s executor.Stop, e *explanation, apply string) {
	e.What = "another process keeps the ledger locked: " + errText(s.Err)
	e.Known = "nothing was sent, since without the ledger nothing is sent"
	e.Next = "run it again: " + apply
}

// explainUndone is for a job that had succeeded and is now shown as failed.
func explainUndone(at place, s executor.Stop, e *explanation) {
	e.What = fmt.Sprintf("DRS now shows job %s of %s, which had succeeded, as %s", clean(strings.Join(s.Jobs, ", ")), stepName(at, s.Step), status(s))
	e.Known = "the next backup is submitted only after this one has succeeded; nothing was sent"
	e.Next = "check the database; " + pronounce(at, s.Step)
}
