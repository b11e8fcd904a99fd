package main

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// planRun is one plan during one apply.
type planRun struct {
	*view.Migration
	runner  *executor.Runner
	warned  []plan.Diagnostic // what was said of the file's diagnostics
	unclear []string          // what was said of the bucket
	ended   bool
	changed bool
	reached bool // a pass of this run got an answer of DRS
	// notBefore is when the next pass is due.
	notBefore time.Time

	index      int                       // in the order of the call
	instance   string                    // of the target; it never changes during a run
	now        atomic.Pointer[plan.Plan] // as the file was last read, for the passes over other plans
	underWay   bool                      // a pass is due or under way: nothing else may look at the run
	triesAgain bool                      // if the instance is locked, the plan is passed over again
	lockedOut  bool                      // so it is
	said       *said                     // what is printed after the pass; nil: print it at once
	shown      *view.Running             // the running job; nil: none
	current    atomic.Pointer[shown]     // instead of it, what the pass under way has found; nil: nothing new
	onlyWaits  bool                      // a list may show that its job still runs
	client     *drs.Client

	id          string            // names this process in the ledger
	passed      time.Time         // when the pass of this round began; zero: none was made
	recorded    ledger.PassRecord // the last one
	note        view.PassNote     // its SaidAt and Told, for the next one
	status      string            // the last one of the running job, in DRS's words
	statusSince time.Time
}

// runPlans runs every valid plan, in one ledger. bad: two plans, each of them
// valid, would begin on one database.
func (a *app) runPlans(ctx context.Context, all []*view.Migration, o applyOptions) (runs []*planRun, bad bool, err error) {
	if !slices.ContainsFunc(all, (*view.Migration).Valid) {
		a.tellOfInvalid(ctx, all, o)
		return nil, false, nil
	}
	l, err := a.openLedger(ctx, &o.settings)
	if err != nil {
		return nil, false, err
	}
	defer l.Close()
	l.Freeze(chainsOf(all)...)
	valid, bad := a.refuseShared(ctx, l, all)
	_ = a.readLastPasses(ctx, l, valid) // without them a stop is printed once more
	hook := a.webhook()
	told := hook.toldOfFiles(ctx, l)
	for _, m := range valid {
		run := a.newPlanRun(ctx, l, m, o)
		if of := told[fileKey(m.File)]; of != nil {
			run.note.Told = of
		}
		runs = append(runs, run)
	}
	l.Thaw()
	record := func(runs []*planRun) {
		a.recordPasses(ctx, l, runs)
		hook.tell(ctx, l, runs)
	}
	record(runs)
	a.runUntilEnded(ctx, runs, o, record)
	hook.tellFiles(ctx, l, all, runs, told)
	return runs, bad, nil
}

// newPlanRun makes the runner of a plan. A plan that cannot be set up ends, and
// the others go on.
func (a *app) newPlanRun(ctx context.Context, l *ledger.Ledger, m *view.Migration, o applyOptions) *planRun {
	run := &planRun{Migration: m, id: newRun(), passed: time.Now()}
	if m.LastPass != nil {
		run.note = m.LastPass.PassNote
	}
	m.LedgerFile, m.Run = l.Path(), view.Run{Flags: o.settings.given(), Keys: o.keys, Proxy: a.proxyName()}
	m.Run.Flags.Wait = o.wait
	if a.needsNoPass(ctx, l, run, o) {
		return run
	}
	r, err := a.connect(ctx, &o.settings, m.Plan.Target)
	if err != nil {
		m.Setup, run.ended = setupError(err), true
		a.sayEnd(run, o)
		return run
	}
	run.runner, run.client = a.runner(l, m.Plan, r, &o.settings, run.id), r.client
	run.runner.Keys, run.runner.AskPerson, run.runner.Unchanged = o.keys, o.askPerson, run.unchanged
	run.runner.Gate = a.gate(run, r, o.settings)
	run.runner.Sending = func(step int) { a.warnOfStep(run, step) }
	run.passed = time.Time{} // the pass is still to be made
	return run
}

// warnOfStep says what the plan warns of about a step that is about to be sent
// for the first time; with the first step, what is about no step too.
func (a *app) warnOfStep(run *planRun, step int) {
	for _, d := range run.Diagnostics {
		if d.Step == step || d.Step == 0 && step == 1 {
			a.warn(run, d)
		}
	}
}

// warn reports a diagnostic of a plan once.
func (a *app) warn(run *planRun, d plan.Diagnostic) {
	if !slices.Contains(run.warned, d) {
		run.warned = append(run.warned, d)
		_, errs := a.streams(run)
		view.WriteDiagnostic(errs, d)
	}
}

// needsNoPass ends the run of a plan for which the ledger alone shows that there
// is nothing to do: one that is finished, say, or whose database belongs to
// another plan. Such a plan needs no credentials and no request.
func (a *app) needsNoPass(ctx context.Context, l *ledger.Ledger, run *planRun, o applyOptions) bool {
	chain, err := executor.LoadChain(ctx, l, run.Plan)
	if err != nil {
		run.Unread = true
		return false // a pass under the lock says so
	}
	run.SetChain(chain)
	s := chain.Forbids(run.Plan)
	if s == nil {
		s = executor.Next(executor.Facts{Steps: run.Plan.Steps, State: chain.State, Now: time.Now()}).Stop
	}
	if s == nil {
		run.onlyWaits = executor.OnlyWaits(run.Plan.Steps, chain.State)
		return false
	}
	run.Result, run.ended = executor.Result{Stop: *s, Sent: executor.SentNo}, true
	a.sayEnd(run, o)
	return true
}

// runner is what carries one plan forward.
func (a *app) runner(l *ledger.Ledger, p *plan.Plan, r *remote, s *settings, id string) *executor.Runner {
	return &executor.Runner{
		Plan: p, Jobs: r.client, Ledger: l, Identity: r.identity(), Who: a.who(),
		Run: id, LockWait: s.lockWait, Renew: r.credentials.Renew, Note: note(a.log, p.Name), Turn: a.pace.Wait,
	}
}

// note logs the notes of the executor.
func note(log zerolog.Logger, name string) func(executor.Note) {
	return func(n executor.Note) {
		line := log.Info()
		if n.Warning {
			line = log.Warn()
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
