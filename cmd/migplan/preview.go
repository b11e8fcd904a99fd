package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// previewed are the plans of a command that only reads.
type previewed struct {
	all, valid []*view.Migration
	// blind: a last pass could not be read, and may have stopped.
	blind bool
}

// class is that of the worst plan.
func (p previewed) class() executor.Class {
	classes := []executor.Class{executor.OK}
	if p.blind {
		classes = append(classes, executor.ClassError)
	}
	for _, m := range p.all {
		classes = append(classes, m.Class())
	}
	return worst(classes...)
}

// sayStops says why each plan is stopped that is.
func (a *app) sayStops(p previewed) {
	for _, m := range p.valid {
		if m.Class() != executor.OK {
			m.WriteStop(a.stderr)
		}
	}
}

// previews loads plans and the ledger, and finds what each would do next. With
// lastStop, the stop of the last pass is repeated if nothing has happened since.
func (a *app) previews(ctx context.Context, args []string, load func(string) *view.Migration, s *settings, keys executor.Keys,
	lastStop bool) (p previewed, err error) {
	if p.all, err = loadPlans(args, load); err != nil {
		return previewed{}, err
	}
	a.sayInvalid(p.all)
	l, dir, err := a.readLedger(s)
	if l != nil {
		defer l.Close()
		l.Freeze(chainsOf(p.all)...)
	}
	if err = cmp.Or(a.refusesPass(l, s), err); err != nil {
		return p, err
	}
	p.valid, _ = a.refuseShared(ctx, l, p.all)
	for _, m := range p.valid {
		m.LedgerFolder, m.LedgerFile = dir, pathOf(l)
		m.Run = view.Run{Flags: s.given(), Keys: keys, Reads: true}
		m.Lock, m.LockProblem = readLock(m)
		m.Result = preview(ctx, l, m)
	}
	p.blind = a.readLastPasses(ctx, l, p.valid) != nil && lastStop
	if lastStop {
		for _, m := range p.valid {
			m.Stand(worst)
		}
	}
	return p, nil
}

// preview asks the same function as apply, without anything that DRS shows.
func preview(ctx context.Context, l *ledger.Ledger, m *view.Migration) executor.Result {
	r := executor.Result{Sent: executor.SentNo}
	chain, err := executor.LoadChain(ctx, l, m.Plan)
	if err != nil {
		m.Unread, r.Stop = true, *executor.LedgerStop(err)
		return r
	}
	m.SetChain(chain)
	if s := chain.Forbids(m.Plan); s != nil {
		r.Stop = *s
		return r
	}
	keys := m.Run.Keys
	action := executor.Preview(executor.Facts{
		Steps: m.Plan.Steps, State: chain.State, Keys: keys, Now: time.Now(), OnlineBefore: m.OnlineBefore,
	})
	r.Step = action.Step
	if action.Stop != nil && !lacksOnlyKey(action.Stop, keys) {
		r.Stop = *action.Stop
	}
	return r
}

// pathOf is the file of the ledger, "" without one.
func pathOf(l *ledger.Ledger) string {
	if l == nil {
		return ""
	}
	return l.Path()
}

// lacksOnlyKey: a key that was not given to a command that only reads will be
// given to apply. NEEDS shows it.
func lacksOnlyKey(s *executor.Stop, keys executor.Keys) bool {
	return (s.Reason == executor.CutoverKey || s.Reason == executor.OverwriteKey) && keys == executor.Keys{}
}

// withoutLedger gives a program its plans although the ledger cannot be opened.
// The error is returned: it is said once, for all of them.
func (a *app) withoutLedger(all []*view.Migration, err error, s *settings, output string) error {
	var u usage
	if output != "json" || len(all) == 0 || errors.As(err, &u) {
		return err
	}
	for _, m := range all {
		m.LedgerFile, m.Unread, m.Run.Flags = a.ledgerFile, true, s.given()
		m.Result = executor.Result{Stop: *executor.LedgerStop(err), Sent: executor.SentNo}
	}
	a.writeJSON(view.Plans(all, false, exitCode))
	return err
}
