package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// maxChanges bounds the passes that follow each other at once because the
// plan's file was changed during each of them.
const maxChanges = 5

// passOverPlan makes one pass over a plan, and another one at once when the plan's
// file was changed during it.
func (a *app) passOverPlan(ctx context.Context, run *planRun, runs []*planRun, o applyOptions) (result executor.Result) {
	for range maxChanges {
		result = a.passOnce(ctx, run, runs, o)
		if run.lockedOut = run.triesAgain && result.Reason == executor.LockHeld; run.lockedOut {
			break
		}
		run.take(ctx, result)
		if result.Reason != executor.PlanChanged {
			break
		}
	}
	return result
}

// passOnce makes one pass over a plan as its file is now.
func (a *app) passOnce(ctx context.Context, run *planRun, runs []*planRun, o applyOptions) executor.Result {
	if s := a.reread(ctx, run, runs, o); s != nil {
		return executor.Result{Stop: *s, Sent: executor.SentNo}
	}
	return run.runner.Pass(ctx)
}

// take stores the result of a pass, added to that of the passes before it.
func (run *planRun) take(ctx context.Context, r executor.Result) {
	changes, sent := append(run.Result.Changes, r.Changes...), run.Result.Sent.And(r.Sent)
	if (r.Reason == executor.TimeUp || r.Reason == executor.Stopped) && r.Err == nil && run.Class() == executor.TryAgain {
		r.Err = run.Result.Err // what the pass before had met
	}
	if !strings.EqualFold(r.JobStatus, run.status) { // a list and a detail differ in it
		run.status, run.statusSince = r.JobStatus, time.Now()
	}
	run.Result = r
	run.Result.Changes, run.Result.Sent = changes, sent
	run.changed = run.changed || len(r.Changes) > 0
	run.reached = run.reached || r.Class() == executor.OK || len(r.Changes) > 0
	run.setChainAfter(ctx, r)
	run.onlyWaits = executor.OnlyWaits(run.Plan.Steps, &run.State)
	run.notBefore = time.Now().Add(run.untilNext())
}

// setChainAfter stores the chain as it is after a pass, which has it unless it
// changed it.
func (run *planRun) setChainAfter(ctx context.Context, r executor.Result) {
	chain, err := r.Chain, error(nil)
	if chain == nil {
		chain, err = executor.LoadChain(context.WithoutCancel(ctx), run.runner.Ledger, run.Plan)
	}
	if err != nil {
		run.State, run.Unread = ledger.State{}, true
		return
	}
	run.SetChain(chain)
}

// goesOn reports whether --wait has something to wait for. A wrong endpoint, say, is
// no reason to wait, unless it gave an answer before.
func (run *planRun) goesOn(ctx context.Context) bool {
	r := run.Result
	if !run.reached && errors.Is(r.Err, drs.ErrSetting) {
		return false
	}
	switch r.Reason {
	case executor.JobRunning, executor.BeforeStart, executor.OwnJobRunning:
		return true
	case executor.TimeUp, executor.Stopped, executor.RecordLost: // of the last, a person must see the job's id
		return false
	}
	return r.Class() == executor.TryAgain && ctx.Err() == nil
}

// untilNext is how long the next pass over the plan can wait.
func (run *planRun) untilNext() time.Duration {
	switch run.Result.Reason {
	case executor.Throttled:
		return run.Result.Wait
	case executor.JobRunning:
		running := run.State.Step(run.Result.Step)
		return executor.NextLook(time.Since(running.SubmittedAt), executor.Expected(run.took(run.Result.Step)))
	}
	return 10 * time.Second
}

// took is how long the earlier steps of the chain took that restored a backup of
// the same type as step seq.
func (run *planRun) took(seq int) (took []time.Duration) {
	if seq > len(run.Plan.Steps) {
		return nil
	}
	for _, s := range run.Plan.Steps[:seq-1] {
		st := run.State.Step(s.Seq)
		if s.Backup.Type == run.Plan.Steps[seq-1].Backup.Type && st.FinishedAt.After(st.SubmittedAt) {
			took = append(took, st.FinishedAt.Sub(st.SubmittedAt))
		}
	}
	return took
}

// timeIsUp ends what still waited.
func (a *app) timeIsUp(ctx context.Context, runs []*planRun, o applyOptions) {
	reason := executor.Stopped
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = executor.TimeUp
	}
	for _, run := range runs {
		if run.ended {
			continue
		}
		if run.Result.Class() == executor.OK {
			run.Result.Stop = executor.Stop{Reason: reason, Step: run.Result.Step}
		}
		run.passed = time.Now()
		a.sayEnd(run, o)
	}
}
