package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
	if j.at.rehearsed || j.unchanged() == nil {
		return nil
	}
	now := j.readAgain(ctx, jobs)
	for waited := time.Duration(0); !now.valid(); waited += rereadPause {
		if waited >= rereadFor {
			return a.invalidNow(j, now)
		}
		if !a.sleep(ctx, rereadPause) {
			return nil // the pass ends at once, and says why
		}
		now = j.readAgain(ctx, jobs)
	}
	if now.plan.SHA256 == j.at.plan.SHA256 {
		return nil
	}
	if differs := otherMigration(j.at.plan, now.plan); differs != "" {
		return &executor.Stop{Reason: executor.PlanReplaced, Detail: differs}
	}
	a.takePlan(j, now, o)
	return nil
}

// unchanged is nil while the file holds what the job's plan was made from.
func (j *job) unchanged() error {
	sum, err := plan.HashFile(j.at.file)
	if err == nil && sum != j.at.plan.SHA256 {
		err = errors.New("it no longer holds what this pass began with")
	}
	return err
}

// readAgain loads a job's file, and checks it against the other plans of this
// call as they were read last.
func (j *job) readAgain(ctx context.Context, jobs []*job) loaded {
	all := []loaded{loadPlan(j.at.file)}
	for _, other := range jobs {
		if other != j {
			all = append(all, loaded{file: other.at.file, plan: other.at.plan})
		}
	}
	checkTogether(all)
	all[0].refuse(plan.CheckDatabases(beginning(ctx, j.runner.Ledger, all), plan.Error))
	return all[0]
}

// invalidNow says what is wrong with a file that was valid before.
func (a *app) invalidNow(j *job, now loaded) *executor.Stop {
	j.diagnostics = now.diagnostics
	for _, d := range now.diagnostics {
		line(a.stderr, "%s", d)
	}
	s := &executor.Stop{Reason: executor.PlanInvalid}
	if i := slices.IndexFunc(now.diagnostics, func(d plan.Diagnostic) bool { return d.Severity == plan.Error }); i >= 0 {
		s.Detail = now.diagnostics[i].Summary
	}
	return s
}

// otherMigration says in what a plan is not the migration that the run began
// with, "" where it is.
func otherMigration(was, is *plan.Plan) string {
	for _, c := range []struct {
		what    string
		was, is any
	}{
		{"name", was.Name, is.Name},
		{"generation", was.Generation, is.Generation},
		{"project", was.Target.ProjectID, is.Target.ProjectID},
		{"instance", was.Target.InstanceID, is.Target.InstanceID},
		{"region", was.Target.Region, is.Target.Region},
	} {
		if c.was != c.is {
			return fmt.Sprintf("its %s was %v and is %v", c.what, c.was, c.is)
		}
	}
	return ""
}

// takePlan goes on with a changed plan. What its file now warns of is said
// once.
func (a *app) takePlan(j *job, now loaded, o applyOptions) {
	for _, d := range now.diagnostics {
		if !slices.Contains(j.diagnostics, d) {
			a.warn(j, d)
		}
	}
	j.diagnostics = now.diagnostics
	j.at.plan, j.at.steps = now.plan, now.steps
	j.runner.Plan, j.runner.Steps = now.plan, now.steps
	if o.output == "text" {
		line(a.stdout, "%s: the plan file was changed; going on with %s", now.plan.Name, counted(len(now.steps), "step"))
	}
}
