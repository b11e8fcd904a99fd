package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) retryCommand() *cobra.Command {
	d := &decision{}
	c := &cobra.Command{
		Use:   "retry PLAN STEP",
		Short: "Allow a step that failed or was refused to be sent again",
		Long: `Allow a step that failed or was refused to be sent again. Fix the cause first; you
may edit this step and the steps after it in the plan. The next apply checks that
every earlier job of the step has failed, and then sends a new attempt. A cutover
or an overwrite then needs a new key, which ends with -a2.`,
		Example: `  migplan retry plans/ims.yaml 3 --reason "uploaded the file again"
  migplan retry plans/ims.yaml 1 --reason "the instance has more disk space now" --lock-wait 2m`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := d.stepArg(args[1]); err != nil {
				return err
			}
			d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return r.Retry(ctx, d.step, d.reason) }
			return a.decide(c.Context(), args[0], d)
		},
		ValidArgsFunction: completePlanThenStep,
	}
	d.flags(c)
	d.newFlag(c)
	return c
}
