package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// A decision in the wrong ledger has no effect, since the scheduled runs read
// another one. So a ledger that has no record of the plan accepts a decision only
// with --new.

func (d *decision) newFlag(c *cobra.Command) {
	c.Flags().BoolVar(&d.anew, "new", false, "record it even if the ledger has no record of the plan")
}

// knows reports whether a decision about the plan can be recorded in the ledger. It
// makes no ledger, and says why not.
func (a *app) knows(ctx context.Context, m *view.Migration, d *decision) error {
	if d.anew {
		return nil
	}
	l, _, err := a.readLedger(&d.settings)
	if err != nil {
		return err
	}
	m.LedgerFile, m.Run = a.ledgerFile, view.Run{Flags: d.settings.given(), Again: a.typed()}
	if l != nil {
		defer l.Close()
		chain, err := executor.LoadChain(ctx, l, m.Plan)
		if err != nil || chain.Knows(m.Plan) {
			return nil // an error is reported by the decision itself
		}
		m.SetChain(chain)
	}
	m.Result = executor.Result{Stop: executor.Stop{Reason: executor.NotAllowed, Why: executor.WhyUnknownPlan}, Sent: executor.SentNo}
	m.WriteStop(a.stderr)
	return exitWith(m.Class())
}

// announce says once that a ledger was made: in the wrong place it is an empty one.
func (a *app) announce(l *ledger.Ledger, existed bool) {
	if !existed {
		view.Line(a.stderr, "new ledger: %s; every runner of these plans must use this one", view.Word(l.Path()))
	}
}

// exists reports whether there is a ledger in a folder. One that cannot be looked at
// is reported when it is opened.
func exists(file string) bool {
	_, err := os.Lstat(file)
	return !errors.Is(err, fs.ErrNotExist)
}
