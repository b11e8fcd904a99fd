package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// decision is a person's decision about one plan.
type decision struct {
	settings settings
	reason   string
	anew     bool // it may be the first event of the plan in the ledger
	asks     bool // it asks DRS, and so needs an endpoint and credentials
	step     int  // it is about this step; 0: about the whole plan
	do       func(context.Context, *executor.Runner) executor.Result
	end      func(*view.Migration, io.Writer) // writes the last line of one that went well; nil: nothing
}

func (d *decision) flags(c *cobra.Command) {
	d.settings.ledgerFlags(c)
	if d.asks {
		d.settings.remoteFlags(c)
	}
	c.Flags().StringVar(&d.reason, "reason", "", "why; kept in the ledger (required)")
}

func (d *decision) mustSayWhy() error {
	switch strings.TrimSpace(d.reason) {
	case "":
		return usage{"--reason is missing", "say why in a few words: it is kept in the ledger"}
	case "TEXT":
		return usage{"--reason TEXT is a placeholder", "say why in a few words instead of TEXT: it is kept in the ledger"}
	}
	return nil
}

// decide runs a decision about one plan and says what came of it.
func (a *app) decide(ctx context.Context, file string, d *decision) error {
	if err := d.mustSayWhy(); err != nil {
		return err
	}
	m, err := a.onePlan(file)
	if err != nil {
		return err
	}
	if n := len(m.Plan.Steps); d.step > n {
		return usage{fmt.Sprintf("%s has no step %d", m.Plan.Name, d.step), fmt.Sprintf("give a number from 1 to %d; migplan plan %s shows the steps", n, view.Word(file))}
	}
	if err := a.knows(ctx, m, d); err != nil {
		return err
	}
	l, err := a.openLedger(ctx, &d.settings)
	if err != nil {
		return err
	}
	defer l.Close()
	runner := &executor.Runner{Plan: m.Plan, Ledger: l, Who: a.who(), Run: newRun(), LockWait: d.settings.lockWait}
	if d.asks {
		r, err := a.connect(ctx, &d.settings, m.Plan.Target)
		if err != nil {
			return a.notConnected(ctx, m, l, d, err)
		}
		runner = a.runner(l, m.Plan, r, &d.settings, newRun())
	}
	return a.decided(ctx, m, runner, d)
}

// notConnected says why a decision that asks DRS cannot be recorded.
func (a *app) notConnected(ctx context.Context, m *view.Migration, l *ledger.Ledger, d *decision, err error) error {
	m.LedgerFile, m.Run = l.Path(), view.Run{Flags: d.settings.given(), Again: a.typed(), Proxy: a.proxyName()}
	m.Setup = setupError(err)
	if chain, err := executor.LoadChain(ctx, l, m.Plan); err == nil {
		m.SetChain(chain)
	} else {
		m.Unread = true
	}
	m.WriteStop(a.stderr)
	return exitWith(m.Class())
}

// decided carries a decision out and says what came of it.
func (a *app) decided(ctx context.Context, m *view.Migration, runner *executor.Runner, d *decision) error {
	m.LedgerFile, m.Run = runner.Ledger.Path(), view.Run{Flags: d.settings.given(), Again: a.typed(), Proxy: a.proxyName()}
	run := &planRun{Migration: m, runner: runner}
	run.take(ctx, d.do(ctx, runner))
	for _, c := range m.Result.Changes {
		m.WriteChange(a.stdout, c)
	}
	switch {
	case m.Class() != executor.OK:
		m.WriteStop(a.stderr)
	case d.end != nil:
		d.end(m, a.stdout)
	}
	return exitWith(m.Class())
}

// stepArg reads the STEP argument.
func (d *decision) stepArg(arg string) error {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return usage{fmt.Sprintf("STEP %q is not a step", arg), "give the number that plan shows"}
	}
	d.step = n
	return nil
}
