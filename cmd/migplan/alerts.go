package main

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/migplan/migplan/internal/alerts"
	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// The addresses that are told of a run. docs/alerts.md describes them.
const (
	pingVariable        = "MIGPLAN_PING_URL"
	pingFileVariable    = "MIGPLAN_PING_URL_FILE"
	webhookVariable     = "MIGPLAN_WEBHOOK_URL"
	webhookFileVariable = "MIGPLAN_WEBHOOK_URL_FILE"
)

// pingTime limits a ping, at the start and at the end of a run.
const pingTime = 5 * time.Second

// hook finds an address, nil where none is set. One that cannot be used must not
// stop a migration, so it is a warning.
func (a *app) hook(variable, fileVariable string) *credentials.Hook {
	proxy, err := a.proxy()
	if err != nil {
		return nil // the run ends with this error when it connects
	}
	h, err := credentials.FindHook(credentials.Options{Env: a.env, Proxy: proxy}, variable, fileVariable)
	a.alertFailed(err)
	return h
}

func (a *app) alertFailed(err error) {
	if err != nil {
		a.log.Warn().Str("error", view.Clean(err.Error())).Msg("an alert could not be sent; the plans are not affected")
	}
}

// startAlerts sends the ping of the start; the run does not wait for it. At the end
// of the process, with any exit code, the ping of the end is sent, and the metrics
// file is written about the plans that were found by then.
func (a *app) startAlerts(ctx context.Context, metricsFile string) (found func([]*view.Migration)) {
	var plans []*view.Migration
	pinged := a.pingStart(ctx)
	a.atEnd = func(code int) {
		if metricsFile != "" {
			a.writeMetrics(metricsFile, plans, code)
		}
		pinged(code)
	}
	return func(all []*view.Migration) { plans = all }
}

// pingStart sends the ping at the start; end sends the one with the exit code.
func (a *app) pingStart(ctx context.Context) (end func(code int)) {
	h := a.hook(pingVariable, pingFileVariable)
	if h == nil {
		return func(int) {}
	}
	ctx = context.WithoutCancel(ctx) // a run may end before the ping at its start has arrived
	started := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, pingTime)
		defer cancel()
		started <- alerts.PingStart(ctx, h)
	}()
	return func(code int) {
		a.alertFailed(<-started)
		ctx, cancel := context.WithTimeout(ctx, pingTime)
		defer cancel()
		a.alertFailed(alerts.PingEnd(ctx, h, code))
	}
}

// writeMetrics writes the metrics file.
func (a *app) writeMetrics(file string, all []*view.Migration, code int) {
	var plans []alerts.Plan
	for _, m := range all {
		plans = append(plans, a.alertOf(m))
	}
	a.alertFailed(alerts.WriteMetrics(file, alerts.Run{EndedAt: a.now(), Code: code}, plans))
}

// webhook is what is told of changes during a run.
type webhook struct {
	*app
	to   *credentials.Hook // nil: none
	left time.Duration     // for all requests of this run together
}

func (a *app) webhook() *webhook {
	return &webhook{a, a.hook(webhookVariable, webhookFileVariable), alerts.WebhookTime}
}

// tell posts what changed since the webhook was told, and records what has arrived:
// the rest is posted after the next pass.
func (w *webhook) tell(ctx context.Context, l *ledger.Ledger, runs []*planRun) {
	if w.to == nil || w.left <= 0 {
		return
	}
	changes, changed := w.changesOf(runs)
	if len(changes) == 0 {
		return
	}
	arrived := w.deliver(ctx, changes)
	for i, run := range changed {
		if arrived[i] {
			run.note.Told, _ = json.Marshal(changes[i].Plan.Situation())
			run.passed = run.recorded.Began
		}
	}
	w.recordPasses(ctx, l, runs)
}

// deliver posts changes in the time that is left, and reports which of them arrived.
func (w *webhook) deliver(ctx context.Context, changes []alerts.Change) []bool {
	if len(changes) == 0 || w.left <= 0 {
		return make([]bool, len(changes))
	}
	began := time.Now()
	arrived, err := alerts.Deliver(context.WithoutCancel(ctx), w.to, changes, w.left)
	w.left -= time.Since(began)
	w.alertFailed(err)
	return arrived
}

// changesOf are the plans that the webhook must report. A run that did not get
// the lock leaves that to the one that has it.
func (w *webhook) changesOf(runs []*planRun) (changes []alerts.Change, changed []*planRun) {
	for _, run := range runs {
		if run.recorded.Chain == "" {
			continue
		}
		if c := alerts.Changed(w.alertOf(run.Migration), reported(run.note.Told)); c != nil {
			changes, changed = append(changes, *c), append(changed, run)
		}
	}
	return changes, changed
}

// reported is a situation that the webhook knows, nil for none.
func reported(told json.RawMessage) *alerts.Situation {
	var s alerts.Situation
	if len(told) == 0 || json.Unmarshal(told, &s) != nil {
		return nil
	}
	return &s
}

// alertOf is what alerts say of a plan.
func (a *app) alertOf(m *view.Migration) alerts.Plan {
	p := alerts.Plan{Name: m.File, File: m.File, State: "blocked", Exit: string(m.Class()), Code: exitCode(m.Class()), PassedAt: a.now().UTC()}
	if !m.Valid() {
		p.Reason, p.Ledger = string(executor.PlanInvalid), m.LedgerFile
		if i := slices.IndexFunc(m.Diagnostics, func(d plan.Diagnostic) bool { return d.Severity == plan.Error }); i >= 0 {
			p.What, p.Next = view.Clean(m.Diagnostics[i].Summary), "see all errors: migplan validate "+view.Word(m.File)
		}
		return p
	}
	p.Name, p.Generation, p.Chain, p.Ledger = m.Plan.Name, m.Plan.Generation, m.Plan.Chain(), m.LedgerFile
	p.State, p.Steps, p.Step = m.PlanState(), len(m.Plan.Steps), m.Result.Step
	if m.Setup == nil {
		p.Reason = string(m.Result.Reason)
	}
	if m.Class() != executor.OK {
		e := m.Explain()
		p.What, p.Next = e.What, e.Next
	}
	for _, s := range m.Plan.Steps {
		switch st := m.State.Step(s.Seq); st.State {
		case ledger.StepSucceeded:
			p.Succeeded++
			p.RestoredAt = st.FinishedAt.UTC()
		case ledger.StepRunning:
			p.RunningSince = st.SubmittedAt.UTC()
		}
	}
	if p.SubmittedAt = m.State.Step(p.Step).SubmittedAt.UTC(); p.SubmittedAt.IsZero() {
		p.SubmittedAt = p.RunningSince
	}
	return p
}

// sayStop prints a stop, unless a reminder of the same one is not due yet.
func (a *app) sayStop(run *planRun, o applyOptions) {
	now, stop := a.now(), run.Fingerprint()
	due := run.note.SaidStop != stop || now.Sub(run.note.SaidAt) >= o.remind || run.note.SaidAt.After(now)
	if due || isTerminal(a.stderr) {
		run.note.SaidAt, run.note.SaidStop, a.saidStop = now, stop, true
		a.writeStop(run.Migration)
	}
}
