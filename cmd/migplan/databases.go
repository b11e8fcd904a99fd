package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Words and checks for databases that another plan has.

// explainTaken is for a plan that would restore into another plan's database.
// After a rename the former name helps; closing a chain has a cost.
func explainTaken(at place, o executor.Owner, e *explanation) {
	who := fmt.Sprintf("plan %s, generation %d", o.Plan, o.Generation)
	e.What = fmt.Sprintf("%s of this target belongs to %s", clean(o.Databases), clean(who))
	e.Known = "two chains on one database would destroy each other; nothing was sent"
	e.Next = fmt.Sprintf("if this plan was renamed, change its name back to %s; only if that chain is finished or abandoned, %s; after that no log backup can follow in it, and this plan starts with its full backup",
		word(o.Plan), closeCommand(at, o.Plan))
	e.Database = "as that chain left it; this plan did not touch it"
}

// explainClosed is for steps of a chain that a person ended.
func explainClosed(at place, s executor.Stop, e *explanation) {
	e.What = "the plan is closed" + heldBy(at.state.Ended) + ", and " + stepName(at, s.Step) + " was not sent"
	if at.state.Step(s.Step).State != ledger.StepPending {
		e.What = "the plan is closed" + heldBy(at.state.Ended) + ", and " + stepName(at, s.Step) + " did not succeed"
	}
	e.Known = "a closed chain sends nothing more, and its databases may belong to another plan now; nothing was sent"
	e.Next = "remove the plan file, or take out the steps that did not succeed; or raise generation to start again from the full backup"
}

// keepSeeded is what to do about a database of this name where a chain of this
// ledger has restored it: it is never to be dropped or overwritten on such advice.
func keepSeeded(at place) string {
	o := at.seededBy
	return fmt.Sprintf("do not drop or overwrite it: plan %s, generation %d, of this ledger restored it. Check the database and continue with that plan; otherwise restore this one under another name or on another target",
		word(o.Plan), o.Generation)
}

// writeAbout says what a person should know about the plan's chain.
func (a *app) writeAbout(at place) {
	if at.state != nil && at.state.Ended != nil {
		line(a.stdout, "closed%s", heldBy(at.state.Ended))
	}
	if at.state != nil && at.state.Held != nil {
		line(a.stdout, "%s", held(at))
	}
	if at.shared != nil {
		line(a.stdout, "WARNING: %s also belongs to plan %s, generation %d: close one of the two plans", at.shared.Databases, at.shared.Plan, at.shared.Generation)
	}
}

// refuseShared makes invalid each two plans of one call that would both open a
// chain on a database that no chain has: nobody can tell which is meant. Where a
// chain has it, the ledger decides.
func (a *app) refuseShared(ctx context.Context, l *ledger.Ledger, all []loaded) (valid []loaded, bad bool) {
	refused := plan.CheckDatabases(beginning(ctx, l, all), plan.Error)
	for i := range all {
		if !all[i].valid() {
			continue
		}
		if !all[i].refuse(refused) {
			valid = append(valid, all[i])
			continue
		}
		a.sayInvalid(all[i : i+1])
		bad = true
	}
	return valid, bad
}

// beginning are the plans that share a database in this call, and would open a
// chain on it. An error of the ledger is said by the pass.
func beginning(ctx context.Context, l *ledger.Ledger, all []loaded) (out []*plan.Plan) {
	for _, v := range all {
		if !v.valid() || !slices.ContainsFunc(v.diagnostics, isShared) {
			continue
		}
		if chain, err := executor.LoadChain(ctx, l, v.plan); err == nil && chain.Begins(v.plan) {
			out = append(out, v.plan)
		}
	}
	return out
}

func isShared(d plan.Diagnostic) bool { return d.Rule == "database-shared" }

// refuse makes a plan invalid where one of ds is about it.
func (l *loaded) refuse(ds []plan.Diagnostic) bool {
	ds = slices.DeleteFunc(slices.Clone(ds), func(d plan.Diagnostic) bool { return d.File != l.file })
	if len(ds) == 0 {
		return false
	}
	l.plan, l.diagnostics = nil, append(slices.DeleteFunc(l.diagnostics, isShared), ds...)
	return true
}
