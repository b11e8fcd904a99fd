package executor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// as makes the fixture's runner one of another plan, in the same ledger and DRS.
func (r *fixture) as(change func(p *plan.Plan)) *Runner {
	r.t.Helper()
	p := *r.p
	change(&p)
	steps, err := plan.Steps(&p)
	if err != nil {
		r.t.Fatal(err)
	}
	x := r.runner()
	p.Steps, x.Plan = steps, &p
	return x
}

func called(name string) func(p *plan.Plan) { return func(p *plan.Plan) { p.Name = name } }

// finish makes passes until every job has ended.
func (r *fixture) finish() {
	for range 8 {
		if x := r.pass(); x.Reason == NextBackup || x.Reason == Online {
			return
		}
		r.now = r.now.Add(2 * time.Minute)
	}
	r.t.Fatal("the plan does not end")
}

// The check and the append are one transaction: whoever opens first has the
// database.
func TestTwoRunnersCannotOpenOneDatabase(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	second := r.as(called("ims-again"))
	second.hooks.skipLock = true
	appends := 0
	beforeAppend(second, func(ledger.Event) error {
		if appends++; appends == 1 {
			r.pass() // the first opens its chain and sends
		}
		return nil
	})
	x := r.said("second", second.Pass(context.Background()))
	if x.Reason != DatabaseTaken || x.Class() != Conflict || x.Owner.Plan != "ims-prod" || x.Owner.Generation != 1 || x.Owner.Databases != `database "ims"` {
		t.Errorf("%+v", x.Stop)
	}
	if n := len(r.sim.Jobs()); n != 1 {
		t.Errorf("%d jobs", n)
	}
}

// A plan that moves to another database after its full failed takes that
// database like a new plan.
func TestFailedFullCannotMoveToAnotherPlansDatabase(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "refused", N: 2}}})
	r.finish()
	ctx := context.Background()
	other := func(db string) *Runner {
		return r.as(func(p *plan.Plan) {
			p.Name, p.Databases, p.Overwrite, p.OverwriteUnattended = "crm-prod", plan.Databases{Names: []string{db}}, true, true
		})
	}
	if x := r.said("crm", other("crm").Pass(ctx)); x.Reason != CreateRefused {
		t.Fatal(x.Reason)
	}
	if x := r.said("retry", other("crm").Retry(ctx, 1, "edited")); x.Class() != OK {
		t.Fatal(x.Stop)
	}
	if x := r.said("ims", other("IMS").Pass(ctx)); x.Reason != DatabaseTaken || x.Owner.Plan != "ims-prod" {
		t.Errorf("%+v", x.Stop)
	}
	if n := len(r.sim.Jobs()); n != 1 {
		t.Errorf("%d jobs", n)
	}
	if x := r.said("free", other("hr").Pass(ctx)); x.Reason == DatabaseTaken {
		t.Errorf("%+v", x.Stop)
	}
	if x := r.said("another plan", r.as(func(p *plan.Plan) { p.Name, p.Databases = "hr", plan.Databases{Names: []string{"hr"}} }).Pass(ctx)); x.Reason != DatabaseTaken || x.Owner.Plan != "crm-prod" {
		t.Errorf("the database that a plan moved to is free: %+v", x.Stop)
	}
}

// old is the ledger as an older migplan would have written it: no chain
// records its databases, and chains are open that would be refused today.
func (r *fixture) old(chains ...string) {
	r.t.Helper()
	ctx, out := context.Background(), ledger.OpenMemory()
	for _, chain := range chains {
		events, err := r.l.Events(ctx, chain)
		if err != nil {
			r.t.Fatal(err)
		}
		head := ledger.Head{}
		for _, e := range events {
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(e.Data, &fields); err != nil {
				r.t.Fatal(err)
			}
			for _, f := range []string{"databases", "database_keys", "all_databases"} {
				delete(fields, f)
			}
			e.Data, _ = json.Marshal(fields)
			if e, err = out.Append(ctx, head, e); err != nil {
				r.t.Fatal(err)
			}
			head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
		}
	}
	r.l = out
}

// In an old ledger the databases are found in the requests. Two chains that
// are open on one database continue with a warning, and a third is refused.
func TestOldLedgerWithTwoChainsOnOneDatabaseContinues(t *testing.T) {
	r := newFixture(t, overwriting, "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx, empty := context.Background(), r.l
	first := r.as(func(p *plan.Plan) { p.Backups = p.Backups[:1] })
	r.said("first", first.Pass(ctx))
	r.now = r.now.Add(2 * time.Minute)
	r.said("first", first.Pass(ctx))
	r.l = ledger.OpenMemory()
	r.said("again", r.as(func(p *plan.Plan) { p.Name, p.Backups = "ims-again", p.Backups[:1] }).Pass(ctx))
	r.now = r.now.Add(2 * time.Minute)
	again := r.as(called("ims-again"))
	for _, e := range mustEvents(t, r.l, again.Plan.Chain()) {
		appendTo(t, empty, e)
	}
	r.l = empty
	r.old(r.p.Chain(), again.Plan.Chain())
	var said []string
	again = r.as(called("ims-again"))
	again.Note = func(n Note) { said = append(said, n.What+" "+n.Detail) }
	if x := r.said("again", again.Pass(ctx)); x.Class() != OK || len(r.sim.Jobs()) != 3 {
		t.Errorf("%+v, %d jobs", x.Stop, len(r.sim.Jobs()))
	}
	if !slices.ContainsFunc(said, func(s string) bool {
		return strings.Contains(s, "close one of the two") && strings.Contains(s, `plan ims-prod, generation 1: database "ims"`)
	}) {
		t.Errorf("no warning: %q", said)
	}
	if x := r.said("third", r.as(called("ims-third")).Pass(ctx)); x.Reason != DatabaseTaken {
		t.Errorf("%+v", x.Stop)
	}
}

func mustEvents(t *testing.T, l *ledger.Ledger, chain string) []ledger.Event {
	t.Helper()
	events, err := l.Events(context.Background(), chain)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func appendTo(t *testing.T, l *ledger.Ledger, e ledger.Event) {
	t.Helper()
	if _, err := l.Append(context.Background(), ledger.Head{Seq: e.Seq - 1, Hash: e.Prev}, e); err != nil {
		t.Fatal(err)
	}
}

// A rebuilt chain has its databases too, and a higher generation keeps those
// of the one before until a person closes it.
func TestAdoptedAndReplacedChainsKeepTheirDatabases(t *testing.T) {
	r := newFixture(t, overwriting, "", drssim.Config{RestoreTime: time.Minute})
	r.finish()
	r.l = ledger.OpenMemory()
	ctx := context.Background()
	r.said("adopt all", r.runner().AdoptAll(ctx, "lost"))
	r.finish()
	taken := func(want Reason) {
		t.Helper()
		if x := r.said("again", r.as(called("ims-again")).Pass(ctx)); x.Reason != want {
			t.Errorf("%s, want %s", x.Reason, want)
		}
	}
	taken(DatabaseTaken)
	moved := func(p *plan.Plan) { p.Generation, p.Databases.Names = 2, []string{"crm"} }
	r.said("generation 2", r.as(moved).Pass(ctx))
	r.now = r.now.Add(2 * time.Minute)
	r.said("generation 2", r.as(moved).Pass(ctx))
	taken(DatabaseTaken)
	if x := r.said("close", r.as(moved).ClosePlan(ctx, "done")); x.Class() != OK {
		t.Fatal(x.Stop)
	}
	taken(JobRunning)
}

func TestDatabasesIn(t *testing.T) {
	intent := func(step int, options string) ledger.Event {
		data, _ := json.Marshal(ledger.IntentData{Body: `{"options":{` + options + `}}`})
		return ledger.Event{Kind: ledger.Intent, Step: step, Data: data}
	}
	opened := func(data string) ledger.Event { return ledger.Event{Kind: ledger.Opened, Data: []byte(data)} }
	for name, c := range map[string]struct {
		events []ledger.Event
		keys   []string
		all    bool
	}{
		"nothing":                {},
		"opened by an old one":   {events: []ledger.Event{opened(`{"plan":"p"}`)}},
		"opened":                 {events: []ledger.Event{opened(`{"databases":["IMS"],"database_keys":["ims"]}`)}, keys: []string{"ims"}},
		"opened for all":         {events: []ledger.Event{opened(`{"all_databases":true}`)}, all: true},
		"a body's names":         {events: []ledger.Event{intent(1, `"db_names":["B","a"],"reset_db_name_map":{}`)}, keys: []string{"b", "a"}},
		"a body for all":         {events: []ledger.Event{intent(1, `"db_names":[""],"reset_db_name_map":{}`)}, all: true},
		"a renamed one":          {events: []ledger.Event{intent(1, `"db_names":[""],"reset_db_name_map":{"":"New"}`)}, keys: []string{"new"}},
		"from an RDS backup":     {events: []ledger.Event{intent(1, `"db_names":["a"],"reset_db_name_map":{"a":""}`)}, keys: []string{"a"}},
		"another step's body":    {events: []ledger.Event{intent(3, `"db_names":["a"]`)}, keys: []string{"a"}},
		"edited after it failed": {events: []ledger.Event{opened(`{"databases":["a"],"database_keys":["a"]}`), intent(1, `"db_names":["a"]`), intent(1, `"db_names":["b"]`)}, keys: []string{"a", "b"}},
		"adopted":                {events: []ledger.Event{opened(`{}`), {Kind: ledger.Adopted, Step: 1, Data: []byte(`{"databases":["a"],"database_keys":["a"]}`)}}, keys: []string{"a"}},
	} {
		d := databasesIn(c.events)
		slices.Sort(d.Keys)
		slices.Sort(c.keys)
		if !slices.Equal(d.Keys, c.keys) || d.All != c.all || len(d.Names) != len(d.Keys) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestShared(t *testing.T) {
	names := func(n ...string) ledger.Databases {
		return ledger.Databases{Names: n, Keys: plan.Databases{Names: n}.Keys()}
	}
	all, none := ledger.Databases{All: true}, ledger.Databases{}
	for _, c := range []struct {
		a, b ledger.Databases
		want string
	}{
		{names("a"), names("b"), ""},
		{names("a", "B"), names("b"), `database "B"`},
		{names("a", "B"), names("b", "A"), `databases "a", "B"`},
		{names("a"), all, "all databases of the instance"},
		{all, names("a"), "all databases of the instance"},
		{names("a"), none, "databases that this ledger does not know"},
	} {
		if got := shared(c.a, c.b); got != c.want {
			t.Errorf("%v and %v share %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
