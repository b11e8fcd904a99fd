package executor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// A database belongs to the chain that was opened for it on its target, until
// a person closes that chain: another full backup would overwrite it.

// Owner is a chain that a database belongs to.
type Owner struct {
	Plan       string
	Generation int
	Databases  string // which of the plan's databases, in words
}

// recorded is what the ledger keeps of a plan's databases.
func recorded(p *plan.Plan) ledger.Databases {
	d := p.OnTarget()
	return ledger.Databases{Names: d.Names, Keys: d.Keys(), All: d.All}
}

// databasesIn returns the databases that a chain has worked on, by its events:
// those recorded when it was opened and when jobs were adopted, and those in
// the requests of its first step, which may have been edited after it failed.
// Later steps have the same databases, by the chain hash. An older migplan
// recorded requests only.
func databasesIn(events []ledger.Event) (d ledger.Databases) {
	body := false
	for _, e := range events {
		switch {
		case e.Kind == ledger.Opened:
			opened, _ := ledger.DecodeOpened(e) // the fold reports an error
			d = union(d, opened.Databases)
		case e.Kind == ledger.Adopted:
			adopted, _ := ledger.DecodeOutcome(e)
			d = union(d, adopted.Databases)
		case e.Kind == ledger.Intent && (e.Step == 1 || !body):
			body = true
			intent, _ := ledger.DecodeIntent(e)
			d = union(d, databasesOfBody(intent.Body))
		}
	}
	return d
}

// databasesOfBody reads them from the request of an intent, in which "" stands
// for everything in the backups, or for the one that is renamed.
func databasesOfBody(request string) (d ledger.Databases) {
	var body struct{ Options drs.BackupRestoreOptionInfo }
	if json.Unmarshal([]byte(request), &body) != nil {
		return d
	}
	names := slices.Clone(body.Options.DBNames)
	for was, is := range body.Options.ResetDBNameMap {
		if is == "" {
			continue // the same name
		}
		names = append(names, is)
		names = slices.DeleteFunc(names, func(n string) bool { return n == was })
	}
	slices.Sort(names)
	d.All = len(names) == 0 || slices.Contains(names, "")
	if !d.All {
		d.Names, d.Keys = names, plan.Databases{Names: names}.Keys()
	}
	return d
}

func union(a, b ledger.Databases) ledger.Databases {
	a.All = a.All || b.All
	for i, key := range b.Keys {
		if !slices.Contains(a.Keys, key) {
			a.Keys, a.Names = append(a.Keys, key), append(a.Names, b.Names[i])
		}
	}
	return a
}

func areKnown(d ledger.Databases) bool { return d.All || len(d.Keys) > 0 }

// shared names the databases of a that b works on too, "" for none. Databases
// that the ledger does not know may be any.
func shared(a, b ledger.Databases) string {
	switch {
	case !areKnown(a), !areKnown(b):
		return "databases that this ledger does not know"
	case a.All, b.All:
		return "all databases of the instance"
	}
	var names []string
	for i, key := range a.Keys {
		if slices.Contains(b.Keys, key) {
			names = append(names, fmt.Sprintf("%q", a.Names[i]))
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "database " + names[0]
	}
	return "databases " + strings.Join(names, ", ")
}

// takesDatabases reports whether the plan would take databases that its chain
// does not have yet: the chain is not opened, or its full failed and was edited since.
func (c *Chain) takesDatabases(p *plan.Plan) bool {
	s := c.State
	switch {
	case s.Closed != nil, s.Ended != nil:
		return false
	case s.Opened == nil:
		return true
	}
	return !s.Step(1).State.Sent() && areKnown(c.databases) && !covers(c.databases, recorded(p))
}

func covers(a, b ledger.Databases) bool {
	return a.All || !b.All && !slices.ContainsFunc(b.Keys, func(k string) bool { return !slices.Contains(a.Keys, k) })
}

// databaseTaken is the stop of a plan that would take a database of another
// plan's chain.
func (c *Chain) databaseTaken(p *plan.Plan) *Stop {
	if !c.takesDatabases(p) {
		return nil
	}
	if o := c.owner(p); o != nil {
		return &Stop{Reason: DatabaseTaken, Owner: o}
	}
	return nil
}

// Begins reports whether the plan would open a chain on databases that no
// chain has.
func (c *Chain) Begins(p *plan.Plan) bool {
	own := slices.ContainsFunc(c.others, func(o otherChain) bool {
		return o.Plan == p.Name && o.State != nil && !c.released(o) && shared(recorded(p), o.databases) != ""
	})
	return c.takesDatabases(p) && c.owner(p) == nil && !own
}

// owner is another plan whose chain has one of the plan's databases, nil if
// there is none. Generations of one plan replace each other. A chain has its
// databases once it is opened, since its first intent follows at once; a chain
// of an older migplan, once it has sent something.
func (c *Chain) owner(p *plan.Plan) *Owner {
	return c.find(p, func(o otherChain) bool {
		return o.Plan != p.Name && !c.released(o) && (areKnown(o.databases) || len(o.State.Steps) > 0)
	})
}

// SeededBy is another chain in this ledger that ever worked on one of the
// plan's databases, closed or not.
func (c *Chain) SeededBy(p *plan.Plan) *Owner {
	return c.find(p, func(o otherChain) bool { return len(o.State.Steps) > 0 })
}

// OnlineBefore reports whether another chain has cut over on one of the plan's
// databases, so that it may be in use.
func (c *Chain) OnlineBefore(p *plan.Plan) bool {
	return c.find(p, func(o otherChain) bool {
		return slices.ContainsFunc(o.State.Steps, func(st ledger.Step) bool {
			return st.Last && (st.State.Sent() || st.State == ledger.StepFailed)
		})
	}) != nil
}

// find returns the newest generation of the first plan, by name, that shares a
// database with this one and is wanted.
func (c *Chain) find(p *plan.Plan, wanted func(otherChain) bool) (found *Owner) {
	for _, o := range c.others {
		if o.State == nil || !o.onTarget(p) || !wanted(o) {
			continue
		}
		what := shared(recorded(p), o.databases)
		first := found == nil || o.Plan < found.Plan || o.Plan == found.Plan && o.Generation > found.Generation
		if what != "" && first {
			found = &Owner{Plan: o.Plan, Generation: o.Generation, Databases: what}
		}
	}
	return found
}

// released reports whether a person closed this chain or a later generation of
// its plan. A chain that a higher generation replaced keeps its databases for
// the plan.
func (c *Chain) released(o otherChain) bool {
	return slices.ContainsFunc(c.others, func(later otherChain) bool {
		return later.Plan == o.Plan && later.ProjectID == o.ProjectID && later.InstanceID == o.InstanceID &&
			later.Generation >= o.Generation && later.State != nil && later.State.Ended != nil
	})
}

// overwritesAlone reports whether the plan lets its full backup overwrite
// without a person.
func overwritesAlone(p *plan.Plan) bool { return p.Overwrite && p.OverwriteUnattended }

// Shared is another plan whose open chain has a database of this open chain,
// in a ledger that an older migplan wrote; nil if there is none.
func (c *Chain) Shared(p *plan.Plan) *Owner {
	if c.State.Opened == nil || c.State.Ended != nil {
		return nil
	}
	return c.owner(p)
}

// warnShared logs a warning before each create of two chains that were open on
// one database before that was refused.
func (p *pass) warnShared(seq int) {
	if o := p.chain.Shared(p.Plan); o != nil {
		p.Note(Note{Warning: true, Step: seq, What: "another plan's open chain restores into the same database; close one of the two", Detail: o.String()})
	}
}

// String names the chain and what it has.
func (o Owner) String() string {
	return fmt.Sprintf("plan %s, generation %d: %s", o.Plan, o.Generation, o.Databases)
}
