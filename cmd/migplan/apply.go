package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

type applyOptions struct {
	planOptions
	dryRun  bool
	wait    bool
	timeout time.Duration
	byHand  bool
}

func (a *app) applyCommand() *cobra.Command {
	var o applyOptions
	c := &cobra.Command{
		Use:   "apply PLAN...",
		Short: "Look at the running job; when it succeeded, submit the next step",
		Long: `Make one pass over each plan: look at the running job, and when it succeeded,
submit the next step. Cron may run it as often as it likes: a pass with nothing
to do prints nothing. --wait goes on until the plan is done, blocked, or
--timeout is up.

The cutover needs --confirm-cutover, and a full backup that overwrites needs
--confirm-overwrite, each with the NAME@HASH that plan shows.`,
		Example: "  migplan apply plans/ims.yaml\n  migplan apply --wait --timeout 4h plans/ims.yaml\n  migplan apply plans/ims.yaml --confirm-cutover ims-prod@3f2a9c0d11e4",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.dryRun {
				return a.plan(c.Context(), args, o.planOptions)
			}
			if o.exitCode {
				return usage{"--exit-code goes with --dry-run", "add --dry-run, or leave it out: apply has exit codes of its own"}
			}
			return a.apply(c.Context(), args, o)
		},
		ValidArgsFunction: completePlans,
	}
	o.settings.writeFlags(c)
	f := c.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be done, as plan does")
	f.BoolVar(&o.exitCode, "exit-code", false, "with --dry-run: exit with 10 when steps are open")
	f.BoolVar(&o.wait, "wait", false, "go on until done, blocked or --timeout")
	f.DurationVar(&o.timeout, "timeout", 0, "end the run after this long (default 10m, with --wait 12h)")
	f.StringVar(&o.keys.Cutover, "confirm-cutover", "", "NAME@HASH: bring the database online with this plan's last step")
	f.StringVar(&o.keys.Overwrite, "confirm-overwrite", "", "NAME@HASH: destroy what bears the names of this plan's databases")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	return c
}

func (o *applyOptions) complete(a *app) error {
	if err := oneOf("-o", o.output, "text", "json"); err != nil {
		return err
	}
	settle := a.get("MIGPLAN_SETTLE")
	if settle != "" && settle != "auto" && settle != "ask" {
		return usage{fmt.Sprintf("MIGPLAN_SETTLE %q is not known", settle), "set it to auto or ask"}
	}
	o.byHand = settle == "ask"
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

// job is one plan on its way through an apply.
type job struct {
	at      place
	runner  *executor.Runner
	result  executor.Result
	code    executor.Code
	ended   bool
	changed bool
	err     error
}

func (a *app) apply(ctx context.Context, args []string, o applyOptions) error {
	if err := o.complete(a); err != nil {
		return err
	}
	all, err := loadPlans(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	valid, bad := a.sayInvalid(all)
	codes := []executor.Code{executor.OK}
	if bad {
		codes = append(codes, executor.Invalid)
	}
	jobs, err := a.runJobs(ctx, valid, o)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		codes = append(codes, j.code)
	}
	if o.output == "json" {
		a.writeApplied(all, jobs)
	}
	return exitWith(executor.Worst(codes...))
}

// runJobs makes passes over all plans in turn until each has ended.
func (a *app) runJobs(ctx context.Context, valid []loaded, o applyOptions) ([]*job, error) {
	if len(valid) == 0 {
		return nil, nil
	}
	l, err := a.openLedger(&o.settings)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var jobs []*job
	for _, v := range valid {
		jobs = append(jobs, a.newJob(ctx, l, v, o))
	}
	for a.round(ctx, jobs, o) {
		if !pause(ctx, jobs) {
			a.timeIsUp(ctx, jobs)
			break
		}
	}
	return jobs, nil
}

// newJob makes the runner of a plan. What cannot be set up ends this plan and
// no other.
func (a *app) newJob(ctx context.Context, l *ledger.Ledger, v loaded, o applyOptions) *job {
	j := &job{at: place{file: v.file, plan: v.plan, steps: v.steps, settings: o.settings}}
	r, err := a.connect(ctx, &o.settings, v.plan.Target)
	if err != nil {
		j.err, j.code, j.ended = err, a.classified(fmt.Errorf("%s: %w", v.plan.Name, err)), true
		return j
	}
	j.runner = a.runner(l, v, r, &o.settings)
	j.runner.Keys, j.runner.ByHand = o.keys, o.byHand
	return j
}

// runner is what carries one plan forward.
func (a *app) runner(l *ledger.Ledger, v loaded, r *remote, s *settings) *executor.Runner {
	return &executor.Runner{
		Plan: v.plan, Steps: v.steps, Jobs: r.client, Ledger: l, Identity: r.identity(), Who: a.who(),
		Run: newRun(), LockWait: s.lockWait, Renew: r.credentials.Renew, Note: a.note(v.plan.Name),
	}
}

// note logs what the executor tells.
func (a *app) note(name string) func(executor.Note) {
	return func(n executor.Note) {
		line := a.log.Info()
		if n.Warning {
			line = a.log.Warn()
		}
		line = line.Str("plan", name).Int("step", n.Step)
		if n.Detail != "" {
			line = line.Str("detail", clean(n.Detail))
		}
		if n.JobID != "" {
			line = line.Str("job_id", clean(n.JobID))
		}
		if n.Err != nil {
			line = line.Str("error", clean(n.Err.Error()))
		}
		line.Msg(n.What)
	}
}

// round makes one pass over every plan that has not ended; false when all have.
func (a *app) round(ctx context.Context, jobs []*job, o applyOptions) (more bool) {
	for _, j := range jobs {
		if j.ended {
			continue
		}
		result := j.runner.Pass(ctx)
		j.take(ctx, result)
		for _, c := range result.Changes {
			a.sayChange(j, c, o)
		}
		if j.ended = !o.wait || !goesOn(ctx, result); j.ended {
			a.sayEnd(j, o)
		}
		more = more || !j.ended
	}
	return more
}

// take keeps the result of a pass, and what all passes of this run did.
func (j *job) take(ctx context.Context, r executor.Result) {
	changes, sent := append(j.result.Changes, r.Changes...), r.Sent
	if j.result.Sent == executor.SentYes && sent == executor.SentNo {
		sent = executor.SentYes
	}
	if (r.Reason == executor.TimeUp || r.Reason == executor.Stopped) && r.Err == nil && j.code == executor.TryAgain {
		r.Err = j.result.Err // what the pass before had met
	}
	j.result, j.code = r, r.Code
	j.result.Changes, j.result.Sent = changes, sent
	j.changed = j.changed || len(r.Changes) > 0
	if chain, err := executor.LoadChain(context.WithoutCancel(ctx), j.runner.Ledger, j.at.plan); err == nil {
		j.at.state = chain.State
	} else {
		j.at.state = &ledger.State{}
	}
}

// goesOn reports whether --wait has something to wait for.
func goesOn(ctx context.Context, r executor.Result) bool {
	switch r.Reason {
	case executor.JobRunning, executor.BeforeStart, executor.OursRunning:
		return true
	case executor.TimeUp, executor.Stopped:
		return false
	}
	return r.Code == executor.TryAgain && ctx.Err() == nil
}

// pause waits until the soonest plan is worth another look.
func pause(ctx context.Context, jobs []*job) bool {
	wait := 10 * time.Second
	for _, j := range jobs {
		if j.ended || j.result.Reason != executor.JobRunning {
			continue
		}
		st := j.at.state.Step(j.result.Step)
		last := time.Duration(0)
		if before := j.at.state.Step(j.result.Step - 1); j.result.Step > 1 {
			last = before.FinishedAt.Sub(before.SubmittedAt)
		}
		wait = min(wait, executor.Pause(last, time.Since(st.SubmittedAt)))
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// timeIsUp ends what still waited.
func (a *app) timeIsUp(ctx context.Context, jobs []*job) {
	reason := executor.Stopped
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = executor.TimeUp
	}
	for _, j := range jobs {
		if j.ended {
			continue
		}
		if j.result.Code == executor.OK {
			j.result.Stop = executor.Stop{Code: executor.TryAgain, Reason: reason, Step: j.result.Step}
			j.code = executor.TryAgain
		}
		a.sayStop(j.at, j.result.Stop)
	}
}

func (a *app) sayChange(j *job, c executor.Change, o applyOptions) {
	a.log.Debug().Str("plan", j.at.plan.Name).Int("step", c.Step).Str("job_id", clean(c.JobID)).Str("what", c.What).Msg("the ledger has a new event")
	if o.output == "text" {
		fmt.Fprintln(a.stdout, changeLine(j.at, c))
	}
}

// sayEnd says where a plan stands. A pass that changed nothing says nothing to
// a pipe.
func (a *app) sayEnd(j *job, o applyOptions) {
	switch {
	case j.code != executor.OK:
		a.sayStop(j.at, j.result.Stop)
	case o.output == "text" && (j.changed || isTerminal(a.stdout)):
		fmt.Fprintln(a.stdout, waiting(j.at, j.result.Stop))
	}
}

func (a *app) writeApplied(all []loaded, jobs []*job) {
	out := jsonPlans{Version: outputVersion, Plans: []jsonPlan{}}
	for _, l := range all {
		if !l.valid() {
			out.Plans = append(out.Plans, invalidJSON(l))
		}
	}
	for _, j := range jobs {
		if j.err != nil {
			out.Plans = append(out.Plans, jsonPlan{
				File: j.at.file, Name: j.at.plan.Name, Chain: j.at.plan.Chain(), State: "blocked",
				Code: j.code, Exit: j.code.String(), Sent: executor.SentNo, Message: clean(j.err.Error()),
			})
			continue
		}
		out.Plans = append(out.Plans, planJSON(j.at, j.result, false))
	}
	a.writeJSON(out)
}
