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

// reread brings a job up to its plan file as it is now. The stop says why no
// pass may be made.
func (a *app) reread(ctx context.Context, j *job, jobs []*job, o applyOptions) *executor.Stop {
	if j.Run.Rehearsal || j.unchanged() == nil {
		return nil
	}
	now := j.readAgain(ctx, jobs)
	for waited := time.Duration(0); !now.Valid(); waited += rereadPause {
		if waited >= rereadFor {
			return a.invalidNow(j, now)
		}
		if !a.sleep(ctx, rereadPause) {
			return nil // the pass ends at once, and says why
		}
		now = j.readAgain(ctx, jobs)
	}
	if now.Plan.SHA256 == j.Plan.SHA256 {
		return nil
	}
	if differs := otherMigration(j.Plan, now.Plan); differs != nil {
		return &executor.Stop{Reason: executor.PlanReplaced, Differs: differs}
	}
	a.takePlan(j, now, o)
	return nil
}

// unchanged is nil while the file holds what the job's plan was made from.
func (j *job) unchanged() error {
	sum, err := plan.HashFile(j.File)
	if err == nil && sum != j.Plan.SHA256 {
		err = errors.New("it no longer holds what this pass began with")
	}
	return err
}

// readAgain loads a job's file, and checks it against the other plans of this
// call as they were read last.
func (j *job) readAgain(ctx context.Context, jobs []*job) *view.Migration {
	all := []*view.Migration{loadPlan(j.File)}
	for _, other := range jobs {
		if other != j {
			all = append(all, &view.Migration{File: other.File, Plan: other.Plan})
		}
	}
	checkTogether(all)
	refuse(all[0], plan.CheckDatabases(beginning(ctx, j.runner.Ledger, all), plan.Error))
	return all[0]
}

// invalidNow says what is wrong with a file that was valid before.
func (a *app) invalidNow(j *job, now *view.Migration) *executor.Stop {
	j.Diagnostics = now.Diagnostics
	for _, d := range now.Diagnostics {
		view.WriteDiagnostic(a.stderr, d)
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

// takePlan goes on with a changed plan. What its file now warns of is said
// once.
func (a *app) takePlan(j *job, now *view.Migration, o applyOptions) {
	for _, d := range now.Diagnostics {
		if !slices.Contains(j.Diagnostics, d) {
			a.warn(j, d)
		}
	}
	j.Diagnostics = now.Diagnostics
	j.Plan, j.runner.Plan = now.Plan, now.Plan
	if o.output == "text" {
		j.WriteReread(a.stdout)
	}
}
