package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

type applyOptions struct {
	planOptions
	dryRun    bool
	wait      bool
	recursive bool
	timeout   time.Duration
	askPerson bool
	remind    time.Duration
	metrics   string
	parallel  int
	rate      int
}

// A pass has one request under way at a time: eight of them, answered within 50 ms,
// stay below the 200 requests a second that the API gateway allows by default.
const (
	defaultParallel = 8
	maxParallel     = 100
)

func (a *app) applyCommand() *cobra.Command {
	var o applyOptions
	c := &cobra.Command{
		Use:   "apply PLAN...",
		Short: "Check the running job; if it succeeded, submit the next step",
		Long: `Make one pass over each plan: check the running job and, if it succeeded, submit
the next step. Cron may run it as often as you like: a pass with nothing to do
prints nothing. --wait continues until the plan is done or blocked, or --timeout
has passed; it reads the plan file again before every pass.

With a lock beside the plan (PLAN.lock.json), apply checks each file right before
submitting its step; a changed file blocks the step.

The cutover needs --confirm-cutover, and a full backup that overwrites needs
--confirm-overwrite, each with the NAME@HASH that plan shows.`,
		Example: "  migplan apply plans/ims.yaml\n  migplan apply --wait --timeout 4h plans/ims.yaml\n  migplan apply plans/ims.yaml --confirm-cutover ims-prod@3f2a9c0d11e4",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkKeys(c); err != nil {
				return err
			}
			if o.dryRun {
				o.bodies = view.NextBodies
				return a.plan(c.Context(), args, o.planOptions, &versions{})
			}
			if o.exitCode {
				return usage{"--exit-code needs --dry-run", "add --dry-run, or remove --exit-code: apply has its own exit codes"}
			}
			return a.apply(c.Context(), args, o)
		},
		ValidArgsFunction: completePlans,
	}
	o.flags(c)
	return c
}

func (o *applyOptions) flags(c *cobra.Command) {
	o.settings.writeFlags(c)
	o.settings.obsFlag(c)
	f := c.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, like plan")
	f.BoolVar(&o.exitCode, "exit-code", false, "with --dry-run: exit with 10 if steps are open")
	f.BoolVar(&o.wait, "wait", false, "continue until done, blocked or --timeout")
	f.BoolVar(&o.recursive, "recursive", false, "start new chains in subfolders too; without it, only chains that have started continue")
	f.DurationVar(&o.timeout, "timeout", 0, "end the run after this long (default 10m, with --wait 12h)")
	f.StringVar(&o.keys.Cutover, "confirm-cutover", "", "NAME@HASH: bring the database online with this plan's last step")
	f.StringVar(&o.keys.Overwrite, "confirm-overwrite", "", "NAME@HASH: overwrite databases of the same name on the target")
	f.IntVar(&o.parallel, "parallel", defaultParallel, "how many plans to work on at once; never two of one target instance")
	f.IntVar(&o.rate, "rate", 0, "send at most this many requests a minute to DRS, for all plans together (default: no limit)")
	f.DurationVar(&o.remind, "remind", 0, "print an unchanged stop again only after this long (default: in every pass)")
	f.StringVar(&o.metrics, "metrics-file", "", "write metrics for node_exporter's textfile collector into this file")
	outputFlag(c, &o.output, "text", "json")
}

// checkKeys refuses what cannot be a key of any plan, so that a misspelt key is
// reported at once.
func checkKeys(c *cobra.Command) error {
	for _, name := range []string{"confirm-cutover", "confirm-overwrite"} {
		if given := c.Flags().Lookup(name); given.Changed && !plan.IsConfirmation(given.Value.String()) {
			return usage{"--" + name + " is not NAME@HASH", "give the key that migplan plan shows: the plan's name, @, and 12 or more hex digits"}
		}
	}
	return nil
}

func (o *applyOptions) complete(a *app) error {
	settle := a.get("MIGPLAN_SETTLE")
	if settle != "" && settle != "auto" && settle != "ask" {
		return usage{fmt.Sprintf("MIGPLAN_SETTLE %q is not known", settle), "set it to auto or ask"}
	}
	o.askPerson = settle == "ask"
	if err := checkParallel(o.parallel); err != nil {
		return err
	}
	if o.rate != 0 && o.rate < drs.LeastPace {
		return usage{fmt.Sprintf("--rate %d is not possible", o.rate), fmt.Sprintf("give at least %d requests a minute", drs.LeastPace)}
	}
	if o.rate > 0 {
		a.pace = drs.NewPace(o.rate)
	}
	if o.remind < 0 {
		return usage{"--remind is negative", "give a duration like 6h"}
	}
	switch {
	case o.timeout < 0:
		return usage{"--timeout is negative", "give a duration like 30m"}
	case o.timeout == 0 && o.wait:
		o.timeout = 12 * time.Hour
	case o.timeout == 0:
		o.timeout = 10 * time.Minute
	}
	return nil
}

// completeMetrics refuses a file that may be a plan or the ledger: it is replaced.
func (o *applyOptions) completeMetrics() error {
	if o.metrics == "" || strings.HasSuffix(o.metrics, ".prom") {
		return nil
	}
	return usage{fmt.Sprintf("--metrics-file %q does not end in .prom", o.metrics), "give it a name that node_exporter reads, like migplan.prom in the folder of its textfile collector"}
}

func (a *app) apply(ctx context.Context, args []string, o applyOptions) error {
	if err := o.completeMetrics(); err != nil {
		return err
	}
	found := a.startAlerts(ctx, o.metrics)
	if err := o.complete(a); err != nil {
		return err
	}
	all, err := loadEach(args, loadPlan)
	if err != nil {
		return err
	}
	if !o.recursive && slices.ContainsFunc(all, func(m *view.Migration) bool { return m.InSubfolder }) {
		begun, err := a.withoutNew(ctx, all, &o.settings)
		if err != nil {
			return a.withoutLedger(all, err, &o.settings, o.output)
		}
		all = begun
	}
	checkTogether(all)
	found(all)
	_, bad := a.sayInvalid(all)
	class, err := a.applyAll(ctx, all, o)
	if err != nil {
		class = a.class(a.withoutLedger(all, err, &o.settings, o.output))
	}
	if bad {
		class = worst(class, executor.Invalid)
	}
	if err == nil && class != executor.OK && (a.saidStop || isTerminal(a.stderr)) {
		view.WriteTotals(a.stderr, all)
	}
	if o.output == "json" && err == nil {
		a.writeJSON(view.Plans(all, false, exitCode))
	}
	return exitWith(class)
}

// applyAll carries the plans forward and returns how the worst of them ended.
func (a *app) applyAll(ctx context.Context, all []*view.Migration, o applyOptions) (executor.Class, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	runs, shared, err := a.runPlans(ctx, all, o)
	if err != nil {
		return "", err
	}
	classes := []executor.Class{executor.OK}
	if shared {
		classes = append(classes, executor.Invalid)
	}
	for _, run := range runs {
		classes = append(classes, run.Class())
	}
	return worst(classes...), nil
}

func (a *app) sayChange(run *planRun, c executor.Change, o applyOptions) {
	a.log.Debug().Str("plan", run.Plan.Name).Int("step", c.Step).Str("job_id", view.Clean(c.JobID)).Str("what", string(c.What)).Msg("the ledger has a new event")
	if o.output == "text" {
		out, _ := a.streams(run)
		run.WriteChange(out, c)
	}
}

// sayEnd says in what state a pass left the plan. A pass that changed nothing
// prints nothing to a pipe, unless a key was given that could not be used yet.
func (a *app) sayEnd(run *planRun, o applyOptions) {
	switch {
	case run.Class() != executor.OK:
		a.sayStop(run, o)
	case o.output == "text" && (run.changed || isTerminal(a.stdout) || keyUnused(run, o) || o.wait && run.Result.Reason == executor.OnHold):
		run.WriteWaits(a.stdout)
	}
}

// keyUnused reports whether a key was given that this run could not use yet.
func keyUnused(run *planRun, o applyOptions) bool {
	r := run.Result.Reason
	return o.keys != (executor.Keys{}) && (r == executor.OnHold || r == executor.BeforeStart)
}

func checkParallel(n int) error {
	if n >= 1 && n <= maxParallel {
		return nil
	}
	return usage{fmt.Sprintf("--parallel %d is not possible", n), fmt.Sprintf("give a number from 1 to %d", maxParallel)}
}
