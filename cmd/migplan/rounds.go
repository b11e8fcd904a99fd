package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// job is one plan on its way through an apply.
type job struct {
	at          place
	diagnostics []plan.Diagnostic // of its file, as it was read last
	warned      []plan.Diagnostic // what was said of them
	runner      *executor.Runner
	result      executor.Result
	class       executor.Class
	ended       bool
	changed     bool
	// notBefore: DRS asked not to be called before.
	notBefore time.Time
	err       error
}

// runJobs carries every valid plan forward, in one ledger. bad: plans that are
// valid each for itself would begin on one database.
func (a *app) runJobs(ctx context.Context, all []loaded, o applyOptions) (jobs []*job, bad bool, err error) {
	if !slices.ContainsFunc(all, loaded.valid) {
		return nil, false, nil
	}
	l, err := a.openLedger(ctx, &o.settings)
	if err != nil {
		return nil, false, err
	}
	defer l.Close()
	valid, bad := a.refuseShared(ctx, l, all)
	for _, v := range valid {
		jobs = append(jobs, a.newJob(ctx, l, v, o))
	}
	a.rounds(ctx, jobs, o)
	return jobs, bad, nil
}

// newJob makes the runner of a plan. What cannot be set up ends this plan and
// no other.
func (a *app) newJob(ctx context.Context, l *ledger.Ledger, v loaded, o applyOptions) *job {
	j := &job{at: place{file: v.file, plan: v.plan, steps: v.steps, settings: o.settings, ledgerPath: l.Path(), keys: o.keys, proxy: a.proxyName()}, diagnostics: v.diagnostics}
	if a.settled(ctx, l, j, o) {
		return j
	}
	r, err := a.connect(ctx, &o.settings, v.plan.Target)
	if err != nil {
		j.err, j.class, j.ended = err, a.classified(fmt.Errorf("%s: %w", v.plan.Name, err)), true
		return j
	}
	j.runner = a.runner(l, v, r, &o.settings)
	j.runner.Keys, j.runner.AskPerson, j.runner.Unchanged = o.keys, o.askPerson, j.unchanged
	j.runner.Sending = func(step int) { a.warnOfStep(j, step) }
	return j
}

// warnOfStep says what the plan warns of about a step that is about to be sent
// for the first time; with the first step, what is about no step too.
func (a *app) warnOfStep(j *job, step int) {
	for _, d := range j.diagnostics {
		if d.Step == step || d.Step == 0 && step == 1 {
			a.warn(j, d)
		}
	}
}

// warn says a complaint about a plan once.
func (a *app) warn(j *job, d plan.Diagnostic) {
	if !slices.Contains(j.warned, d) {
		j.warned = append(j.warned, d)
		line(a.stderr, "%s", d)
	}
}

// settled ends a job of which the ledger alone says that there is nothing to
// do, as of a finished plan or one whose database is another's: it needs no credentials and asks nobody.
func (a *app) settled(ctx context.Context, l *ledger.Ledger, j *job, o applyOptions) bool {
	chain, err := executor.LoadChain(ctx, l, j.at.plan)
	if err != nil {
		return false // a pass under the lock says so
	}
	s := chain.Forbids(j.at.plan)
	if s == nil {
		s = executor.Next(executor.Facts{Steps: j.at.steps, State: chain.State, Now: time.Now()}).Stop
	}
	if s == nil {
		return false
	}
	j.at.setChain(chain)
	j.result, j.class, j.ended = executor.Result{Stop: *s, Sent: executor.SentNo}, s.Class(), true
	a.sayEnd(j, o)
	return true
}

// runner is what carries one plan forward.
func (a *app) runner(l *ledger.Ledger, v loaded, r *remote, s *settings) *executor.Runner {
	return &executor.Runner{
		Plan: v.plan, Steps: v.steps, Jobs: r.client, Ledger: l, Identity: r.identity(), Who: a.who(),
		Run: newRun(), LockWait: s.lockWait, Renew: r.credentials.Renew, Note: a.note(v.plan.Name),
	}
}

// note logs what the executor tells.
func (a *app) note(name string) func(executor.Note) {
	return func(n executor.Note) {
		line := a.log.Info()
		if n.Warning {
			line = a.log.Warn()
		}
		line = line.Str("plan", name).Int("step", n.Step)
		if n.Detail != "" {
			line = line.Str("detail", clean(n.Detail))
		}
		if n.JobID != "" {
			line = line.Str("job_id", clean(n.JobID))
		}
		if n.Err != nil {
			line = line.Str("error", clean(n.Err.Error()))
		}
		line.Msg(n.What)
	}
}

// rounds makes passes over all plans in turn until each has ended, or the time
// is up.
func (a *app) rounds(ctx context.Context, jobs []*job, o applyOptions) {
	for a.round(ctx, jobs, o) {
		if !pause(ctx, jobs) {
			a.timeIsUp(ctx, jobs)
			return
		}
	}
}

// round makes one pass over every plan that has not ended; false when all have.
func (a *app) round(ctx context.Context, jobs []*job, o applyOptions) (more bool) {
	for _, j := range jobs {
		if j.ended {
			continue
		}
		if time.Now().Before(j.notBefore) {
			more = true
			continue
		}
		result := a.passes(ctx, j, jobs, o)
		if j.ended = !o.wait || !goesOn(ctx, result); j.ended {
			a.sayEnd(j, o)
		}
		more = more || !j.ended
	}
	return more
}

// maxChanges bounds the passes that follow each other at once because the
// plan's file was changed during each of them.
const maxChanges = 5

// passes makes one pass over a plan, and another one at once when the plan's
// file was changed during it.
func (a *app) passes(ctx context.Context, j *job, jobs []*job, o applyOptions) (result executor.Result) {
	for range maxChanges {
		result = a.pass(ctx, j, jobs, o)
		j.take(ctx, result)
		for _, c := range result.Changes {
			a.sayChange(j, c, o)
		}
		if result.Reason != executor.PlanChanged {
			break
		}
	}
	return result
}

// pass makes one pass over a plan as its file is now.
func (a *app) pass(ctx context.Context, j *job, jobs []*job, o applyOptions) executor.Result {
	if s := a.reread(ctx, j, jobs, o); s != nil {
		return executor.Result{Stop: *s, Sent: executor.SentNo}
	}
	return j.runner.Pass(ctx)
}

// take keeps the result of a pass, and what all passes of this run did.
func (j *job) take(ctx context.Context, r executor.Result) {
	changes, sent := append(j.result.Changes, r.Changes...), j.result.Sent.And(r.Sent)
	if (r.Reason == executor.TimeUp || r.Reason == executor.Stopped) && r.Err == nil && j.class == executor.TryAgain {
		r.Err = j.result.Err // what the pass before had met
	}
	j.result, j.class = r, r.Class()
	j.result.Changes, j.result.Sent = changes, sent
	j.changed = j.changed || len(r.Changes) > 0
	if chain, err := executor.LoadChain(context.WithoutCancel(ctx), j.runner.Ledger, j.at.plan); err == nil {
		j.at.setChain(chain)
	} else {
		j.at.state, j.at.unread = &ledger.State{}, true
	}
	j.notBefore = time.Now().Add(j.untilNext())
}

// goesOn reports whether --wait has something to wait for.
func goesOn(ctx context.Context, r executor.Result) bool {
	switch r.Reason {
	case executor.JobRunning, executor.BeforeStart, executor.OwnJobRunning:
		return true
	case executor.TimeUp, executor.Stopped, executor.RecordLost: // of the last, a person must see the job's id
		return false
	}
	return r.Class() == executor.TryAgain && ctx.Err() == nil
}

// pause waits until the soonest plan is worth another look.
func pause(ctx context.Context, jobs []*job) bool {
	var soonest time.Time
	for _, j := range jobs {
		if !j.ended && (soonest.IsZero() || j.notBefore.Before(soonest)) {
			soonest = j.notBefore
		}
	}
	return executor.Sleep(ctx, time.Until(soonest))
}

// untilNext is how long the next pass over the plan can wait.
func (j *job) untilNext() time.Duration {
	switch j.result.Reason {
	case executor.Throttled:
		return j.result.Wait
	case executor.JobRunning:
		running := j.at.state.Step(j.result.Step)
		return executor.NextLook(time.Since(running.SubmittedAt), executor.Expected(j.took(j.result.Step)))
	}
	return 10 * time.Second
}

// took is how long the earlier steps of the chain took that restored a backup of
// the same type as step seq.
func (j *job) took(seq int) (took []time.Duration) {
	if seq > len(j.at.steps) {
		return nil
	}
	for _, s := range j.at.steps[:seq-1] {
		st := j.at.state.Step(s.Seq)
		if s.Backup.Type == j.at.steps[seq-1].Backup.Type && st.FinishedAt.After(st.SubmittedAt) {
			took = append(took, st.FinishedAt.Sub(st.SubmittedAt))
		}
	}
	return took
}

// timeIsUp ends what still waited.
func (a *app) timeIsUp(ctx context.Context, jobs []*job) {
	reason := executor.Stopped
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = executor.TimeUp
	}
	for _, j := range jobs {
		if j.ended {
			continue
		}
		if j.result.Class() == executor.OK {
			j.result.Stop = executor.Stop{Reason: reason, Step: j.result.Step}
			j.class = executor.TryAgain
		}
		a.sayStop(j.at, j.result.Stop)
	}
}
