package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// job is one plan on its way through an apply.
type job struct {
	*view.Migration
	runner  *executor.Runner
	warned  []plan.Diagnostic // what was said of the file's diagnostics
	unclear []string          // what was said of the bucket
	ended   bool
	changed bool
	// notBefore is when the next pass is due.
	notBefore time.Time

	run         string            // names this process in the ledger
	passed      time.Time         // when the pass of this round began; zero: none was made
	recorded    ledger.PassRecord // the last one
	note        view.PassNote     // its SaidAt and Told, for the next one
	status      string            // the last one of the running job, in DRS's words
	statusSince time.Time
}

// runJobs carries every valid plan forward, in one ledger. bad: plans that are
// valid each for itself would begin on one database.
func (a *app) runJobs(ctx context.Context, all []*view.Migration, o applyOptions) (jobs []*job, bad bool, err error) {
	if !slices.ContainsFunc(all, (*view.Migration).Valid) {
		return nil, false, nil
	}
	l, err := a.openLedger(ctx, &o.settings)
	if err != nil {
		return nil, false, err
	}
	defer l.Close()
	valid, bad := a.refuseShared(ctx, l, all)
	a.readLastPasses(ctx, l, valid)
	for _, m := range valid {
		jobs = append(jobs, a.newJob(ctx, l, m, o))
	}
	hook := a.webhook()
	a.recordPasses(ctx, l, jobs)
	hook.tell(ctx, l, jobs)
	a.rounds(ctx, jobs, o, func() {
		a.recordPasses(ctx, l, jobs)
		hook.tell(ctx, l, jobs)
	})
	return jobs, bad, nil
}

// newJob makes the runner of a plan. What cannot be set up ends this plan and
// no other.
func (a *app) newJob(ctx context.Context, l *ledger.Ledger, m *view.Migration, o applyOptions) *job {
	j := &job{Migration: m, run: newRun(), passed: time.Now()}
	if m.LastPass != nil {
		j.note = m.LastPass.PassNote
	}
	m.LedgerFile, m.Run = l.Path(), view.Run{Flags: o.settings.given(), Keys: o.keys, Proxy: a.proxyName()}
	m.Run.Flags.Wait = o.wait
	if a.settled(ctx, l, j, o) {
		return j
	}
	r, err := a.connect(ctx, &o.settings, m.Plan.Target)
	if err != nil {
		m.Setup, j.ended = setupError(err), true
		a.sayEnd(j, o)
		return j
	}
	j.runner = a.runner(l, m.Plan, r, &o.settings, j.run)
	j.runner.Keys, j.runner.AskPerson, j.runner.Unchanged = o.keys, o.askPerson, j.unchanged
	j.runner.Gate = a.gate(j, r, o.settings)
	j.runner.Sending = func(step int) { a.warnOfStep(j, step) }
	j.passed = time.Time{} // the pass is still to be made
	return j
}

// warnOfStep says what the plan warns of about a step that is about to be sent
// for the first time; with the first step, what is about no step too.
func (a *app) warnOfStep(j *job, step int) {
	for _, d := range j.Diagnostics {
		if d.Step == step || d.Step == 0 && step == 1 {
			a.warn(j, d)
		}
	}
}

// warn reports a diagnostic of a plan once.
func (a *app) warn(j *job, d plan.Diagnostic) {
	if !slices.Contains(j.warned, d) {
		j.warned = append(j.warned, d)
		view.WriteDiagnostic(a.stderr, d)
	}
}

// settled ends a job of which the ledger alone says that there is nothing to
// do, as of a finished plan or one whose database is another's: it needs no credentials and asks nobody.
func (a *app) settled(ctx context.Context, l *ledger.Ledger, j *job, o applyOptions) bool {
	chain, err := executor.LoadChain(ctx, l, j.Plan)
	if err != nil {
		return false // a pass under the lock says so
	}
	s := chain.Forbids(j.Plan)
	if s == nil {
		s = executor.Next(executor.Facts{Steps: j.Plan.Steps, State: chain.State, Now: time.Now()}).Stop
	}
	if s == nil {
		return false
	}
	j.SetChain(chain)
	j.Result, j.ended = executor.Result{Stop: *s, Sent: executor.SentNo}, true
	a.sayEnd(j, o)
	return true
}

// runner is what carries one plan forward.
func (a *app) runner(l *ledger.Ledger, p *plan.Plan, r *remote, s *settings, run string) *executor.Runner {
	return &executor.Runner{
		Plan: p, Jobs: r.client, Ledger: l, Identity: r.identity(), Who: a.who(),
		Run: run, LockWait: s.lockWait, Renew: r.credentials.Renew, Note: a.note(p.Name),
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
			line = line.Str("detail", view.Clean(n.Detail))
		}
		if n.JobID != "" {
			line = line.Str("job_id", view.Clean(n.JobID))
		}
		if n.Err != nil {
			line = line.Str("error", view.Clean(n.Err.Error()))
		}
		line.Msg(n.What)
	}
}

// rounds makes passes over all plans in turn until each has ended, or the time
// is up. after follows each round.
func (a *app) rounds(ctx context.Context, jobs []*job, o applyOptions, after func()) {
	show, end := a.progress(o)
	defer end()
	for more := true; more; {
		more = a.round(ctx, jobs, o)
		after()
		show(jobs)
		if more && !pause(ctx, jobs) {
			a.timeIsUp(ctx, jobs, o)
			after()
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
		j.passed = time.Now()
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
	changes, sent := append(j.Result.Changes, r.Changes...), j.Result.Sent.And(r.Sent)
	if (r.Reason == executor.TimeUp || r.Reason == executor.Stopped) && r.Err == nil && j.Class() == executor.TryAgain {
		r.Err = j.Result.Err // what the pass before had met
	}
	if r.JobStatus != j.status {
		j.status, j.statusSince = r.JobStatus, time.Now()
	}
	j.Result = r
	j.Result.Changes, j.Result.Sent = changes, sent
	j.changed = j.changed || len(r.Changes) > 0
	if chain, err := executor.LoadChain(context.WithoutCancel(ctx), j.runner.Ledger, j.Plan); err == nil {
		j.SetChain(chain)
	} else {
		j.State, j.Unread = ledger.State{}, true
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
	switch j.Result.Reason {
	case executor.Throttled:
		return j.Result.Wait
	case executor.JobRunning:
		running := j.State.Step(j.Result.Step)
		return executor.NextLook(time.Since(running.SubmittedAt), executor.Expected(j.took(j.Result.Step)))
	}
	return 10 * time.Second
}

// took is how long the earlier steps of the chain took that restored a backup of
// the same type as step seq.
func (j *job) took(seq int) (took []time.Duration) {
	if seq > len(j.Plan.Steps) {
		return nil
	}
	for _, s := range j.Plan.Steps[:seq-1] {
		st := j.State.Step(s.Seq)
		if s.Backup.Type == j.Plan.Steps[seq-1].Backup.Type && st.FinishedAt.After(st.SubmittedAt) {
			took = append(took, st.FinishedAt.Sub(st.SubmittedAt))
		}
	}
	return took
}

// timeIsUp ends what still waited.
func (a *app) timeIsUp(ctx context.Context, jobs []*job, o applyOptions) {
	reason := executor.Stopped
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = executor.TimeUp
	}
	for _, j := range jobs {
		if j.ended {
			continue
		}
		if j.Result.Class() == executor.OK {
			j.Result.Stop = executor.Stop{Reason: reason, Step: j.Result.Step}
		}
		j.passed = time.Now()
		a.sayEnd(j, o)
	}
}
