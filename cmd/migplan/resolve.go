package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) resolveCommand() *cobra.Command {
	d := &decision{asks: true}
	var how resolution
	c := &cobra.Command{
		Use:   "resolve PLAN STEP --not-created|--succeeded|--failed | resolve PLAN --ignore-job ID",
		Short: "Record the outcome of a step that DRS can no longer report",
		Long: `Record an outcome that DRS cannot report. --not-created ends a doubt: the target is
searched first, and the decision is refused while the request could still arrive,
unless --before-fence is given. --succeeded and --failed record how a step ended
if DRS cannot say it: the job's record is gone, its status is not documented or
contradicts itself, or it failed although the backup is restored. --ignore-job
records that a job on the target does not matter to the plan. A job of this plan
is refused, unless it is a second job of a step that succeeded, and has ended.
docs/recovery.md says which of them fits a stop.`,
		Example: `  migplan resolve plans/ims.yaml 1 --not-created --reason "the console lists no such job"
  migplan resolve plans/ims.yaml 3 --succeeded --reason "the job's record was deleted; msdb shows the restore"
  migplan resolve plans/ims.yaml --ignore-job 60cf7d2e-5a45-4b13-8e45-2fa7a13jb701 --reason "a test restore of another team"`,
		Args: func(_ *cobra.Command, args []string) error { return how.check(args) },
		RunE: func(c *cobra.Command, args []string) error {
			do, err := how.decision(args, d)
			if err != nil {
				return err
			}
			d.do = do
			return a.decide(c.Context(), args[0], d)
		},
		ValidArgsFunction: completePlanThenStep,
	}
	d.flags(c)
	d.newFlag(c)
	f := c.Flags()
	f.BoolVar(&how.notCreated, "not-created", false, "the request in doubt created no job")
	f.BoolVar(&how.BeforeFence, "before-fence", false,
		"do not wait until the request in doubt can no longer arrive, or, if DRS gives no date, until a missing job counts as deleted")
	f.BoolVar(&how.OtherCredentials, "other-credentials", false,
		"for a step in doubt sent with other credentials: you looked for its job with those, or in the console")
	f.BoolVar(&how.succeeded, "succeeded", false, "the step's backup is restored")
	f.BoolVar(&how.failed, "failed", false, "the step's backup is not restored")
	f.StringVar(&how.ignore, "ignore-job", "", "id of a job that does not matter to the plan")
	return c
}

type resolution struct {
	executor.Assurance
	notCreated, succeeded, failed bool
	ignore                        string
}

// check says what is missing from the command line, or too much.
func (h resolution) check(args []string) error {
	given := 0
	for _, b := range []bool{h.notCreated, h.succeeded, h.failed, h.ignore != ""} {
		if b {
			given++
		}
	}
	switch {
	case len(args) == 0:
		return errors.New("a plan file is missing")
	case given == 0:
		return errors.New("the outcome is missing: --not-created, --succeeded or --failed with the number of a step; or --ignore-job ID")
	case given > 1:
		return errors.New("resolve takes only one of --not-created, --succeeded, --failed and --ignore-job")
	case h.ignore != "" && len(args) > 1:
		return fmt.Errorf("%q is one argument too many: --ignore-job takes no step", args[1])
	case h.ignore != "" && h.Assurance != (executor.Assurance{}):
		return errors.New("--ignore-job takes neither --before-fence nor --other-credentials")
	case h.ignore == "" && len(args) == 1:
		return errors.New("the number of a step is missing")
	case len(args) > 2:
		return fmt.Errorf("%q is one argument too many", args[2])
	}
	return nil
}

func (h resolution) decision(args []string, d *decision) (func(context.Context, *executor.Runner) executor.Result, error) {
	if h.ignore != "" {
		return func(ctx context.Context, r *executor.Runner) executor.Result {
			return r.Ignore(ctx, h.ignore, d.reason)
		}, nil
	}
	if err := d.stepArg(args[1]); err != nil {
		return nil, err
	}
	return func(ctx context.Context, r *executor.Runner) executor.Result {
		switch {
		case h.notCreated:
			return r.MarkNotCreated(ctx, d.step, h.Assurance, d.reason)
		case h.succeeded:
			return r.MarkSucceeded(ctx, d.step, h.Assurance, d.reason)
		}
		return r.MarkFailed(ctx, d.step, h.Assurance, d.reason)
	}, nil
}
