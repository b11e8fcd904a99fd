package main

import (
	"context"
	"slices"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// refuseShared makes invalid each two plans of one call that would both open a
// chain on a database that no chain has: nobody can tell which is meant. Where a
// chain has it, the ledger decides.
func (a *app) refuseShared(ctx context.Context, l *ledger.Ledger, all []*view.Migration) (valid []*view.Migration, bad bool) {
	refused := plan.CheckDatabases(beginning(ctx, l, all), plan.Error)
	for i, m := range all {
		if !m.Valid() {
			continue
		}
		if !refuse(m, refused) {
			valid = append(valid, m)
			continue
		}
		a.sayInvalid(all[i : i+1])
		bad = true
	}
	return valid, bad
}

// beginning are the plans that share a database in this call, and would open a
// chain on it. An error of the ledger is said by the pass.
func beginning(ctx context.Context, l *ledger.Ledger, all []*view.Migration) (out []*plan.Plan) {
	for _, m := range all {
		if !m.Valid() || !slices.ContainsFunc(m.Diagnostics, isShared) {
			continue
		}
		if chain, err := executor.LoadChain(ctx, l, m.Plan); err == nil && chain.Begins(m.Plan) {
			out = append(out, m.Plan)
		}
	}
	return out
}

func isShared(d plan.Diagnostic) bool { return d.Rule == "database-shared" }

// refuse makes a plan invalid where one of ds is about it.
func refuse(m *view.Migration, ds []plan.Diagnostic) bool {
	ds = slices.DeleteFunc(slices.Clone(ds), func(d plan.Diagnostic) bool { return d.File != m.File })
	if len(ds) == 0 {
		return false
	}
	m.Plan, m.Diagnostics = nil, append(slices.DeleteFunc(m.Diagnostics, isShared), ds...)
	return true
}
