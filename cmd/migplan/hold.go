package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) holdCommand() *cobra.Command {
	return a.toggleCommand("hold", "Put a plan on hold for every runner", `  migplan hold plans/ims.yaml --reason "change freeze until Monday"
  migplan hold plans/ims.yaml --reason "the cutover was called off" --ledger /var/lib/migplan`, func(ctx context.Context, r *executor.Runner, reason string) executor.Result {
		return r.HoldPlan(ctx, reason)
	})
}

func (a *app) releaseCommand() *cobra.Command {
	return a.toggleCommand("release", "End a hold", `  migplan release plans/ims.yaml --reason "the freeze is over"
  migplan release plans/ims.yaml --reason "the cutover has a new date" --ledger /var/lib/migplan`, func(ctx context.Context, r *executor.Runner, reason string) executor.Result {
		return r.ReleasePlan(ctx, reason)
	})
}

func (a *app) toggleCommand(name, short, example string, do func(context.Context, *executor.Runner, string) executor.Result) *cobra.Command {
	d := &decision{}
	d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return do(ctx, r, d.reason) }
	c := &cobra.Command{
		Use: name + " PLAN", Short: short, Example: example, Args: cobra.ExactArgs(1),
		RunE:              func(c *cobra.Command, args []string) error { return a.decide(c.Context(), args[0], d) },
		ValidArgsFunction: completePlans,
	}
	d.flags(c)
	return c
}
