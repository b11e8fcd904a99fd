package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) holdCommand() *cobra.Command {
	d := &decision{}
	d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return r.HoldPlan(ctx, d.reason) }
	return a.onePlanCommand(&cobra.Command{
		Use:   "hold PLAN",
		Short: "Put a plan on hold for every runner",
		Long: `Put a plan on hold for every runner that uses this ledger. While it is on hold,
nothing is sent for the plan, and apply ends with 0. A job that is running in DRS
continues. The hold belongs to the plan's name and lasts until release.`,
		Example: `  migplan hold plans/ims.yaml --reason "change freeze until Monday"
  migplan hold plans/ims.yaml --reason "the cutover was called off" --ledger /var/lib/migplan`,
	}, d)
}

func (a *app) releaseCommand() *cobra.Command {
	d := &decision{}
	d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return r.ReleasePlan(ctx, d.reason) }
	return a.onePlanCommand(&cobra.Command{
		Use:   "release PLAN",
		Short: "End a hold",
		Long:  "End the hold of a plan. The next apply continues where the plan was.",
		Example: `  migplan release plans/ims.yaml --reason "the freeze is over"
  migplan release plans/ims.yaml --reason "the cutover has a new date" --ledger /var/lib/migplan`,
	}, d)
}

// onePlanCommand completes the command of a decision about a plan as a whole.
func (a *app) onePlanCommand(c *cobra.Command, d *decision) *cobra.Command {
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error { return a.decide(c.Context(), args[0], d) }
	c.ValidArgsFunction = completePlans
	d.flags(c)
	d.newFlag(c)
	return c
}
