package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// recordPasses records how each pass of this round ended, for status and for
// reminders. A run that did not get the lock made no pass. Nothing is decided by
// these records, so a failure is a warning.
func (a *app) recordPasses(ctx context.Context, l *ledger.Ledger, runs []*planRun) {
	var records []ledger.PassRecord
	for _, run := range runs {
		if !run.passed.IsZero() && run.Result.Reason != executor.LockHeld {
			run.recorded = run.record(a.who(), a.now())
			records = append(records, run.recorded)
		}
		run.passed = time.Time{}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := l.RecordPasses(ctx, records); err != nil {
		a.log.Warn().Str("error", view.Clean(err.Error())).Msg("the end of the pass could not be recorded; status will not show it")
	}
}

// record is the pass that was just made over the plan.
func (run *planRun) record(who executor.Who, now time.Time) ledger.PassRecord {
	note := run.Note()
	if run.Class() == executor.OK { // the next stop is news
		run.note.SaidAt, run.note.SaidStop = time.Time{}, ""
	}
	if !run.passed.Equal(run.recorded.Began) { // or this pass was recorded before the webhook was told of it
		run.note.Count(run.Migration, run.passed)
	}
	note.Stop, note.Since, note.Passes = run.note.Stop, run.note.Since, run.note.Passes
	note.SaidAt, note.SaidStop, note.Told = run.note.SaidAt, run.note.SaidStop, run.note.Told
	stop, _ := json.Marshal(note) // strings and times
	sum := run.Plan.SHA256
	// These stops are about the file, not about the plan that was run.
	if r := run.reason(); r == executor.PlanInvalid || r == executor.PlanReplaced {
		sum, _ = plan.HashFile(run.File)
	}
	return ledger.PassRecord{
		Chain: run.Plan.Chain(), Run: run.id, Began: run.passed, Ended: now, User: who.User, Host: who.Host,
		Code: string(run.Class()), Reason: string(run.reason()), Stop: stop,
		PlanSHA256: sum, Seq: run.State.Head.Seq, Hash: run.State.Head.Hash,
	}
}

// reason is why the pass ended, "" where none could be made.
func (run *planRun) reason() executor.Reason {
	if run.Setup != nil {
		return ""
	}
	return run.Result.Reason
}

// readLastPasses adds the recorded passes to what the ledger says. Without them
// everything else is still true.
func (a *app) readLastPasses(ctx context.Context, l *ledger.Ledger, all []*view.Migration) error {
	if l == nil || len(all) == 0 {
		return nil
	}
	last, err := l.LastPasses(ctx)
	for _, m := range all {
		if r, ok := last[m.Plan.Chain()]; ok && err == nil {
			err = m.SetLastPass(r)
		}
	}
	if err != nil {
		a.log.Warn().Str("error", view.Clean(err.Error())).Msg("the last passes are not shown")
	}
	return err
}
