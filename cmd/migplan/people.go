package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
)

// decision is a person's decision about one plan.
type decision struct {
	settings settings
	reason   string
	asks     bool // it asks DRS, and so needs an endpoint and credentials
	do       func(context.Context, *executor.Runner) executor.Result
	end      func(place, executor.Result) string // the last line of one that went well
}

func (d *decision) flags(c *cobra.Command) {
	d.settings.ledgerFlags(c)
	if d.asks {
		d.settings.remoteFlags(c)
	}
	c.Flags().StringVar(&d.reason, "reason", "", "why; kept in the ledger (required)")
}

func (d *decision) mustSayWhy() error {
	if strings.TrimSpace(d.reason) == "" {
		return usage{"--reason is missing", "say why in a few words: it is kept in the ledger"}
	}
	return nil
}

// decide runs a decision about one plan and says what came of it.
func (a *app) decide(ctx context.Context, file string, d *decision) error {
	if err := d.mustSayWhy(); err != nil {
		return err
	}
	v, err := a.onePlan(file)
	if err != nil {
		return err
	}
	l, err := a.openLedger(ctx, &d.settings)
	if err != nil {
		return err
	}
	defer l.Close()
	runner := &executor.Runner{Plan: v.plan, Steps: v.steps, Ledger: l, Who: a.who(), Run: newRun(), LockWait: d.settings.lockWait}
	if d.asks {
		r, err := a.connect(ctx, &d.settings, v.plan.Target)
		if err != nil {
			return exitWith(a.classified(err))
		}
		runner = a.runner(l, v, r, &d.settings)
	}
	return a.decided(ctx, v, runner, d)
}

// decided carries a decision out and says what came of it.
func (a *app) decided(ctx context.Context, v loaded, runner *executor.Runner, d *decision) error {
	j := &job{at: place{file: v.file, plan: v.plan, steps: v.steps, settings: d.settings, ledgerPath: runner.Ledger.Path(), again: a.typed(), proxy: a.proxyName()}, runner: runner}
	j.take(ctx, d.do(ctx, runner))
	for _, c := range j.result.Changes {
		line(a.stdout, "%s", changeLine(j.at, c))
	}
	switch {
	case j.class != executor.OK:
		a.sayStop(j.at, j.result.Stop)
	case d.end != nil:
		line(a.stdout, "%s", d.end(j.at, j.result))
	}
	return exitWith(j.class)
}

// stepArg reads the STEP argument.
func stepArg(arg string) (int, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return 0, usage{fmt.Sprintf("STEP %q is not a step", arg), "give the number that plan shows"}
	}
	return n, nil
}

// checkStep refuses a step that the plan does not have.
func checkStep(n int, do func(context.Context, *executor.Runner) executor.Result) func(context.Context, *executor.Runner) executor.Result {
	return func(ctx context.Context, r *executor.Runner) executor.Result {
		if n > len(r.Steps) {
			return executor.Result{Stop: executor.Stop{Reason: executor.NotAllowed, Why: executor.WhyNoSuchStep, Step: n}, Sent: executor.SentNo}
		}
		return do(ctx, r)
	}
}

func (a *app) retryCommand() *cobra.Command {
	d := &decision{}
	c := &cobra.Command{
		Use:   "retry PLAN STEP",
		Short: "Allow a step that failed or was refused to be sent again",
		Example: `  migplan retry plans/ims.yaml 3 --reason "uploaded the file again"
  migplan retry plans/ims.yaml 1 --reason "the instance has more disk space now" --lock-wait 2m`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			n, err := stepArg(args[1])
			if err != nil {
				return err
			}
			d.do = checkStep(n, func(ctx context.Context, r *executor.Runner) executor.Result { return r.Retry(ctx, n, d.reason) })
			return a.decide(c.Context(), args[0], d)
		},
		ValidArgsFunction: completePlanThenStep,
	}
	d.flags(c)
	return c
}

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
			return fmt.Errorf("adopt takes PLAN STEP JOB_ID, or PLAN --all")
		},
		RunE: func(c *cobra.Command, args []string) error {
			if all {
				d.do = func(ctx context.Context, r *executor.Runner) executor.Result { return r.AdoptAll(ctx, d.reason) }
				d.end = adoptedAll
				return a.decide(c.Context(), args[0], d)
			}
			n, err := stepArg(args[1])
			if err != nil {
				return err
			}
			d.do = checkStep(n, func(ctx context.Context, r *executor.Runner) executor.Result {
				return r.Adopt(ctx, n, args[2], d.reason)
			})
			return a.decide(c.Context(), args[0], d)
		},
		ValidArgsFunction: completePlanThenStep,
	}
	d.flags(c)
	c.Flags().BoolVar(&all, "all", false, "adopt every job of this chain on the target")
	return c
}

// adoptedAll says how many jobs were adopted, and what to do now.
func adoptedAll(at place, r executor.Result) string {
	n := 0
	for _, c := range r.Changes {
		if c.What == "adopted" {
			n++
		}
	}
	if n == 0 {
		return at.plan.Name + ": nothing to adopt; continue with: " + at.command("apply", "")
	}
	return at.plan.Name + ": " + counted(n, "job") + " adopted; continue with: " + at.command("apply", "")
}

func (a *app) resolveCommand() *cobra.Command {
	d := &decision{asks: true}
	var how resolution
	c := &cobra.Command{
		Use:   "resolve PLAN STEP --not-created|--succeeded|--failed | resolve PLAN --ignore-job ID",
		Short: "Record the outcome of a step that DRS can no longer report",
		Long: `Record an outcome that DRS cannot report. --not-created ends a doubt: the target is
searched first, and the decision is refused while the request could still arrive,
unless --before-fence is given. --succeeded and --failed record how a step ended
whose job record is gone or shows a status that the DRS documentation does not
list. --ignore-job records that a job on the target does not matter to the plan;
a job of this plan is refused.`,
		Example: `  migplan resolve plans/ims.yaml 1 --not-created --reason "the console lists no such job"
  migplan resolve plans/ims.yaml 3 --succeeded --reason "the job's record was deleted; msdb shows the restore"
  migplan resolve plans/ims.yaml --ignore-job 60cf7d2e-5a45-4b13-8e45-2fa7a13jb701 --reason "a test restore of another team"`,
		Args: cobra.RangeArgs(1, 2),
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
	f := c.Flags()
	f.BoolVar(&how.notCreated, "not-created", false, "the request in doubt created no job")
	f.BoolVar(&how.BeforeFence, "before-fence", false, "do not wait until the request in doubt can no longer arrive, or, if DRS gives no date, until a missing job counts as deleted")
	f.BoolVar(&how.OtherCredentials, "other-credentials", false, "for a step in doubt sent with other credentials: you looked for its job with those, or in the console")
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

func (h resolution) decision(args []string, d *decision) (func(context.Context, *executor.Runner) executor.Result, error) {
	given := 0
	for _, b := range []bool{h.notCreated, h.succeeded, h.failed, h.ignore != ""} {
		if b {
			given++
		}
	}
	wantArgs := 2
	if h.ignore != "" {
		wantArgs = 1
	}
	if given != 1 || len(args) != wantArgs || h.Assurance != (executor.Assurance{}) && h.ignore != "" {
		return nil, usage{"resolve takes PLAN STEP and one of --not-created, --succeeded, --failed; or PLAN --ignore-job ID", "see migplan resolve --help"}
	}
	if h.ignore != "" {
		return func(ctx context.Context, r *executor.Runner) executor.Result {
			return r.Ignore(ctx, h.ignore, d.reason)
		}, nil
	}
	n, err := stepArg(args[1])
	if err != nil {
		return nil, err
	}
	return checkStep(n, func(ctx context.Context, r *executor.Runner) executor.Result {
		switch {
		case h.notCreated:
			return r.MarkNotCreated(ctx, n, h.Assurance, d.reason)
		case h.succeeded:
			return r.MarkSucceeded(ctx, n, h.Assurance, d.reason)
		}
		return r.MarkFailed(ctx, n, h.Assurance, d.reason)
	}), nil
}

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
