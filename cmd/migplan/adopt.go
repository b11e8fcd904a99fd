package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) adoptCommand() *cobra.Command {
	d := &decision{asks: true}
	all := false
	c := &cobra.Command{
		Use:   "adopt PLAN STEP JOB_ID | adopt PLAN --all",
		Short: "Record that a job belongs to a step, after comparing it with the step",
		Long: `Record that a job belongs to a step. The job is compared with the step first; its
name may differ. --all rebuilds a lost ledger from the jobs on the target that
have this chain's names and markers, in order.`,
		Example: `  migplan adopt plans/ims.yaml 2 60cf7d2e-5a45-4b13-8e45-2fa7a13jb701 --reason "created in the console during the outage"
  migplan adopt plans/ims.yaml --all --reason "the ledger was restored from last night's backup"`,
		Args: func(_ *cobra.Command, args []string) error {
			if all && len(args) == 1 || !all && len(args) == 3 {
				return nil
			}
			return errors.New("adopt needs a plan file, the number of a step and the id of a job; or a plan file and --all")
		},
		RunE: func(c *cobra.Command, args []string) error {
			if all {
				d.anew = true // it rebuilds a ledger
				d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return r.AdoptAll(ctx, d.reason) }
				d.end = (*view.Migration).WriteAdopted
				return a.decide(c.Context(), args[0], d)
			}
			if err := d.stepArg(args[1]); err != nil {
				return err
			}
			d.do = func(ctx context.Context, r *executor.Runner) executor.Result {
				return r.Adopt(ctx, d.step, args[2], d.reason)
			}
			return a.decide(c.Context(), args[0], d)
		},
		ValidArgsFunction: completePlanThenStep,
	}
	d.flags(c)
	d.newFlag(c)
	c.Flags().BoolVar(&all, "all", false, "adopt every job of this chain on the target")
	return c
}
