package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// A plan file that is missing or invalid is read again for this long: `git
// pull` and editors replace files.
const (
	rereadFor   = 10 * time.Second
	rereadPause = 250 * time.Millisecond
)

// reread brings a run up to its plan file as it is now. The stop says why no
// pass may be made.
func (a *app) reread(ctx context.Context, run *planRun, runs []*planRun, o applyOptions) *executor.Stop {
	if run.Run.Rehearsal || run.unchanged() == nil {
		return nil
	}
	now := run.readAgain(ctx, runs)
	for waited := time.Duration(0); !now.Valid(); waited += rereadPause {
		if waited >= rereadFor {
			return a.invalidNow(run, now)
		}
		if !a.sleep(ctx, rereadPause) {
			return nil // the pass ends at once, and says why
		}
		now = run.readAgain(ctx, runs)
	}
	if now.Plan.SHA256 == run.Plan.SHA256 {
		return nil
	}
	if differs := otherMigration(run.Plan, now.Plan); differs != nil {
		return &executor.Stop{Reason: executor.PlanReplaced, Differs: differs}
	}
	a.takePlan(run, now, o)
	return nil
}

// unchanged is nil while the file holds what the run's plan was made from.
func (run *planRun) unchanged() error {
	sum, err := plan.HashFile(run.File)
	if err == nil && sum != run.Plan.SHA256 {
		err = errors.New("it no longer holds what this pass began with")
	}
	return err
}

// readAgain loads a run's plan file, and checks it against the other plans of this
// call as they were read last.
func (run *planRun) readAgain(ctx context.Context, runs []*planRun) *view.Migration {
	all := []*view.Migration{loadPlan(run.File)}
	for _, other := range runs {
		if other != run {
			all = append(all, &view.Migration{File: other.File, Plan: other.now.Load()})
		}
	}
	checkTogether(all)
	refuse(all[0], plan.CheckDatabases(beginning(ctx, run.runner.Ledger, all), plan.Error))
	return all[0]
}

// invalidNow says what is wrong with a file that was valid before.
func (a *app) invalidNow(run *planRun, now *view.Migration) *executor.Stop {
	run.Diagnostics = now.Diagnostics
	_, errs := a.streams(run)
	for _, d := range now.Diagnostics {
		view.WriteDiagnostic(errs, d)
	}
	s := &executor.Stop{Reason: executor.PlanInvalid}
	if i := slices.IndexFunc(now.Diagnostics, func(d plan.Diagnostic) bool { return d.Severity == plan.Error }); i >= 0 {
		s.Detail = now.Diagnostics[i].Summary
	}
	return s
}

// otherMigration returns in what a plan is not the migration that the run began
// with, nil where it is.
func otherMigration(was, is *plan.Plan) *executor.Difference {
	for _, d := range []executor.Difference{
		{Value: executor.ValueName, Want: was.Name, Got: is.Name},
		{Value: executor.ValueGeneration, Want: fmt.Sprint(was.Generation), Got: fmt.Sprint(is.Generation)},
		{Value: executor.ValueProject, Want: was.Target.ProjectID, Got: is.Target.ProjectID},
		{Value: executor.ValueTargetInstance, Want: was.Target.InstanceID, Got: is.Target.InstanceID},
		{Value: executor.ValueRegion, Want: was.Target.Region, Got: is.Target.Region},
	} {
		if d.Want != d.Got {
			return &d
		}
	}
	return nil
}

// takePlan continues with a changed plan. What its file now warns of is said
// once.
func (a *app) takePlan(run *planRun, now *view.Migration, o applyOptions) {
	for _, d := range now.Diagnostics {
		if !slices.Contains(run.Diagnostics, d) {
			a.warn(run, d)
		}
	}
	run.Diagnostics = now.Diagnostics
	run.Plan, run.runner.Plan = now.Plan, now.Plan
	run.now.Store(now.Plan)
	if o.output == "text" {
		out, _ := a.streams(run)
		run.WriteReread(out)
	}
}
