package executor

import (
	"time"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Left is another chain that worked on a database of the plan after the plan's own
// chain did, and so decides in what state the database is.
type Left struct {
	Owner
	Steps     []ledger.Step // of that chain
	Overwrote bool          // its full backup was sent to overwrite
}

// LeftBy is the last chain to work on a database of the plan, nil for the plan's
// own or none.
func (c *Chain) LeftBy(p *plan.Plan) (left *Left) {
	own := lastSent(c.State)
	var newest time.Time
	for _, o := range c.others {
		if o.State == nil || !o.onTarget(p) {
			continue
		}
		what, at := shared(recorded(p), o.databases), lastSent(o.State)
		after := at.After(own)
		if o.Plan == p.Name && !own.IsZero() { // clocks differ, generations do not
			after = o.Generation > p.Generation
		}
		if what != "" && !at.IsZero() && after && at.After(newest) {
			newest = at
			_, cover := sentCover(o.State.Step(1))
			left = &Left{Owner{o.Plan, o.Generation, what}, o.State.Steps, cover}
		}
	}
	return left
}

// lastSent is when a chain's last request that may have changed a database was sent,
// or its job adopted; zero for none.
func lastSent(s *ledger.State) (last time.Time) {
	for _, st := range s.Steps {
		if !st.State.Sent() && len(st.AllJobIDs) == 0 {
			continue
		}
		for _, at := range []time.Time{st.IntentAt, st.SubmittedAt} {
			if at.After(last) {
				last = at
			}
		}
	}
	return last
}
