package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/ledger"
)

func (a *app) historyCommand() *cobra.Command {
	var s settings
	var output string
	c := &cobra.Command{
		Use:   "history PLAN",
		Short: "Show the events of a plan in the ledger, and verify their hashes",
		Long: `Show what the ledger has of a plan, oldest first: every request, its outcome,
and every decision with who made it and why. Each event contains the hash of the
one before it; a changed or removed event is reported.`,
		Example: `  migplan history plans/ims.yaml
  migplan history -o json plans/ims.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.history(c.Context(), args, &s, output)
		},
		ValidArgsFunction: completePlans,
	}
	s.ledgerFlag(c)
	outputFlag(c, &output, "text", "json")
	return c
}

func (a *app) history(ctx context.Context, args []string, s *settings, output string) error {
	m, err := a.onePlan(args[0])
	if err != nil {
		return err
	}
	events, err := a.events(ctx, m, s)
	var u usage
	switch {
	case errors.As(err, &u), err != nil && output != "json":
		return err
	case output == "json":
		a.writeJSON(m.History(events, err))
		return err
	}
	m.WriteHistory(a.stdout, events)
	return nil
}

// events are those of the plan's chain.
func (a *app) events(ctx context.Context, m *view.Migration, s *settings) ([]ledger.Event, error) {
	l, dir, err := a.readLedger(s)
	m.LedgerFolder, m.LedgerFile = dir, pathOf(l)
	if l == nil || err != nil {
		return nil, err
	}
	defer l.Close()
	events, err := l.Events(ctx, m.Plan.Chain())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Plan.Name, err)
	}
	return events, nil
}
