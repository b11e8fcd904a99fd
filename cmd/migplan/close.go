package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

func (a *app) closeCommand() *cobra.Command {
	d := &decision{asks: true}
	name := ""
	c := &cobra.Command{
		Use:   "close PLAN | close --name NAME",
		Short: "End a plan permanently, and free its databases for another plan",
		Long: `End a plan's chain permanently because it is finished or abandoned. Nothing more is
sent in it, no log backup can follow, and another plan may restore its databases,
starting with a full backup. Only a higher generation of the plan can continue.

It is refused while a step is running or in doubt. DRS is queried, and credentials
are needed, only if the ledger knows a running job. --name closes the newest
generation of a plan whose file is gone or was renamed.`,
		Example: "  migplan close plans/ims.yaml --reason \"accepted by the application team\"\n  migplan close --name ims-prod --reason \"renamed by mistake; starting again\"",
		Args: func(_ *cobra.Command, args []string) error {
			if name == "" && len(args) == 1 || name != "" && len(args) == 0 {
				return nil
			}
			return errors.New("close needs a plan file or --name NAME, one of the two")
		},
		RunE: func(c *cobra.Command, args []string) error {
			d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return r.ClosePlan(ctx, d.reason) }
			return a.close(c.Context(), args, name, d)
		},
		ValidArgsFunction: completePlans,
	}
	d.flags(c)
	c.Flags().StringVar(&name, "name", "", "the plan's name, instead of its file")
	completeFlag(c, "name", a.completePlanNames(&d.settings))
	return c
}

func (a *app) close(ctx context.Context, args []string, name string, d *decision) error {
	if err := d.mustSayWhy(); err != nil {
		return err
	}
	var m *view.Migration
	if name == "" {
		var err error
		if m, err = a.onePlan(args[0]); err != nil {
			return err
		}
	}
	l, err := a.openLedger(ctx, &d.settings)
	if err != nil {
		return err
	}
	defer l.Close()
	if name != "" {
		if m, err = a.planNamed(ctx, l, name); err != nil {
			return err
		}
	}
	runner := &executor.Runner{Plan: m.Plan, Ledger: l, Who: a.who(), Run: newRun(), LockWait: d.settings.lockWait}
	if chain, err := executor.LoadChain(ctx, l, m.Plan); err == nil && chain.Works() {
		r, err := a.connect(ctx, &d.settings, m.Plan.Target)
		if err != nil {
			return a.notConnected(ctx, m, l, d, err)
		}
		runner = a.runner(l, m.Plan, r, &d.settings, newRun())
	}
	return a.decided(ctx, m, runner, d)
}

// planNamed is a plan as the ledger knows it, without its file.
func (a *app) planNamed(ctx context.Context, l *ledger.Ledger, name string) (*view.Migration, error) {
	p, err := executor.PlanNamed(ctx, l, name)
	if err == nil && p == nil {
		view.Error(a.stderr, fmt.Sprintf("no plan %s has sent anything in the ledger %s", name, l.Path()), "check the name, and --ledger or MIGPLAN_LEDGER")
		err = exit{executor.Invalid}
	}
	return &view.Migration{Plan: p}, err
}
