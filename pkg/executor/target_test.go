package executor

import (
	"testing"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/plan"
)

func TestOverlapsComparesDatabasesByTheirKey(t *testing.T) {
	for _, c := range []struct {
		name        string
		ours        plan.Databases
		rename      string
		theirs      []string
		newDBNames  string
		wantOverlap bool
	}{
		{name: "other case", ours: named("CRM"), theirs: []string{"crm"}, wantOverlap: true},
		{name: "full width", ours: named("CRM"), theirs: []string{"ＣＲＭ"}, wantOverlap: true},
		{name: "dotless i", ours: named("INFO"), theirs: []string{"ınfo"}, wantOverlap: true},
		{name: "ligature", ours: named("fin"), newDBNames: `["ﬁn"]`, wantOverlap: true},
		{name: "sharp s", ours: named("straße"), theirs: []string{"x", "STRASSE"}, wantOverlap: true},
		{name: "invisible letter", ours: named("crm"), theirs: []string{"crm\u3164"}, wantOverlap: true},
		{name: "renamed", ours: named("x"), rename: "ＣＲＭ", theirs: []string{"crm"}, wantOverlap: true},
		{name: "renamed away", ours: named("crm"), rename: "x", theirs: []string{"crm"}},
		{name: "all", ours: plan.Databases{All: true}, theirs: []string{"x"}, wantOverlap: true},
		{name: "another", ours: named("crm"), theirs: []string{"crm2"}},
		{name: "not said", ours: named("crm"), theirs: []string{""}},
		{name: "not said, all", ours: plan.Databases{All: true}, theirs: []string{""}},
	} {
		p := &plan.Plan{Databases: c.ours, Rename: c.rename}
		if got := overlaps(p, drs.Job{DBNames: c.theirs, NewDBNames: c.newDBNames}); got != c.wantOverlap {
			t.Errorf("%s: overlap %t, want %t", c.name, got, c.wantOverlap)
		}
	}
}

func named(names ...string) plan.Databases { return plan.Databases{Names: names} }
