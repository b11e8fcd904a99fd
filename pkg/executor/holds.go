package executor

import (
	"context"
	"encoding/json"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// A hold belongs to a plan's name and target: it counts for every generation,
// and before anything was sent.

// HoldPlan stops the plan for every runner, until ReleasePlan.
func (r *Runner) HoldPlan(ctx context.Context, reason string) Result {
	return r.decide(ctx, decision{aboutName: true}, func(ctx context.Context, p *pass) error {
		chains := p.chain.working(p.Plan)
		switch s := p.facts.State; {
		case s.Ended != nil && chains[0] == s: // it sends nothing more
			return notAllowed(0, WhyClosed)
		case s.Held != nil:
			return notAllowed(0, WhyHeldAlready)
		}
		return p.onName(ctx, chains, ledger.Hold, reason)
	})
}

// ReleasePlan ends a hold.
func (r *Runner) ReleasePlan(ctx context.Context, reason string) Result {
	return r.decide(ctx, decision{aboutName: true}, func(ctx context.Context, p *pass) error {
		if p.facts.State.Held == nil {
			return notAllowed(0, WhyNotHeld)
		}
		return p.onName(ctx, p.chain.holding, ledger.Release, reason)
	})
}

// onName appends a decision about the plan's name to chains of that name.
func (p *pass) onName(ctx context.Context, chains []*ledger.State, what, reason string) error {
	d := p.Who.decision(what, reason)
	d.Plan, d.ProjectID, d.InstanceID = p.Plan.Name, p.Plan.Target.ProjectID, p.Plan.Target.InstanceID
	for _, s := range chains {
		e, err := ledger.New(s.Chain, ledger.Decision, 0, 0, p.Run, d)
		if err != nil {
			return err
		}
		e.At = p.hooks.now()
		if _, err := p.hooks.append(ctx, s.Head, e, nil); err != nil {
			return err
		}
	}
	p.change(0, ChangeKind(what), "")
	return nil
}

// working is the chain that a runner may be working on: the newest that is
// open, else the plan's own. A hold in it makes that runner lose its race.
func (c *Chain) working(p *plan.Plan) []*ledger.State {
	at, generation := c.State, p.Generation
	if c.State.Opened == nil || c.State.Closed != nil {
		generation = 0
	}
	for _, o := range c.others {
		if o.Plan == p.Name && o.onTarget(p) && o.State != nil && o.State.Closed == nil && o.Generation > generation {
			at, generation = o.State, o.Generation
		}
	}
	return []*ledger.State{at}
}

// findHolds looks for a hold in every chain of the plan's name, and copies it
// into the plan's own state.
func (c *Chain) findHolds(ctx context.Context, l *ledger.Ledger, p *plan.Plan) error {
	chains := []*ledger.State{c.State}
	for _, o := range c.others {
		if o.Plan == p.Name && o.onTarget(p) && o.State != nil {
			chains = append(chains, o.State)
		}
	}
	unopened, err := c.unopened(ctx, l, p)
	if err != nil {
		return err
	}
	for _, s := range append(chains, unopened...) {
		if s.Held == nil {
			continue
		}
		c.holding = append(c.holding, s)
		if c.State.Held == nil {
			c.State.Held, c.State.HeldAt = s.Held, s.HeldAt
		}
	}
	return nil
}

// unopened returns the chains of the plan's name that begin with a decision
// and have sent nothing.
func (c *Chain) unopened(ctx context.Context, l *ledger.Ledger, p *plan.Plan) (out []*ledger.State, err error) {
	decided, err := l.DecidedOf(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	for _, e := range decided {
		if e.Chain == p.Chain() || !ofName(e, p) {
			continue
		}
		s, err := foldChain(ctx, l, e.Chain)
		if err != nil {
			return nil, err
		}
		if s.Opened == nil { // otherwise it is among the others
			out = append(out, s)
		}
	}
	return out, nil
}

// ofName reports whether a decision that begins a chain is about the plan's
// name. An older migplan did not record the name; its chain shows it.
func ofName(e ledger.Event, p *plan.Plan) bool {
	var d ledger.DecisionData
	if json.Unmarshal(e.Data, &d) != nil {
		return false
	}
	if d.Plan != "" {
		return d.Plan == p.Name && d.ProjectID == p.Target.ProjectID && d.InstanceID == p.Target.InstanceID
	}
	former := *p
	for former.Generation = 1; former.Generation < min(p.Generation, maxFormer); former.Generation++ {
		if former.Chain() == e.Chain {
			return true
		}
	}
	return false
}

// maxFormer bounds the generations that are searched for an old hold.
const maxFormer = 1000
