package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Chain is a plan's place in a ledger.
type Chain struct {
	State  *ledger.State
	others []otherChain

	databases ledger.Databases // that this chain restores, as far as the ledger knows
	holding   []*ledger.State  // chains of the plan's name that hold it
}

// otherChain is another chain in the same ledger, of the plan's name or on its
// instance.
type otherChain struct {
	Chain string
	ledger.OpenedData
	// State is nil where the plan does not depend on it.
	State *ledger.State

	databases ledger.Databases // that it restores, as far as the ledger knows
}

// LoadChain reads a plan's chain and finds the other chains it depends on. A
// nil ledger is an empty one. State.Held is the hold on the plan's name,
// whichever chain records it.
func LoadChain(ctx context.Context, l *ledger.Ledger, p *plan.Plan) (*Chain, error) {
	if l == nil {
		s, err := ledger.Fold(p.Chain(), nil)
		return &Chain{State: s}, err
	}
	events, err := l.Events(ctx, p.Chain())
	if err != nil {
		return nil, err
	}
	c := &Chain{databases: databasesIn(events)}
	if c.State, err = ledger.Fold(p.Chain(), events); err != nil {
		return nil, err
	}
	if err := c.meetOthers(ctx, l, p); err != nil {
		return nil, err
	}
	return c, c.findHolds(ctx, l, p)
}

// meetOthers reads who opened the other chains of the plan's name and on its
// instance, and the events of those that the plan depends on.
func (c *Chain) meetOthers(ctx context.Context, l *ledger.Ledger, p *plan.Plan) error {
	openings, err := l.Openings(ctx, p.Name, p.Target.InstanceID)
	if err != nil {
		return err
	}
	for _, opening := range openings {
		if opening.Chain == p.Chain() {
			continue
		}
		o := otherChain{Chain: opening.Chain, OpenedData: opening.OpenedData}
		if c.dependsOn(o, p) {
			if err := o.read(ctx, l); err != nil {
				return err
			}
		}
		c.others = append(c.others, o)
	}
	return nil
}

func (o *otherChain) read(ctx context.Context, l *ledger.Ledger) error {
	events, err := l.Events(ctx, o.Chain)
	if err != nil {
		return err
	}
	o.databases = databasesIn(events)
	o.State, err = ledger.Fold(o.Chain, events)
	return err
}

// dependsOn reports whether the events of another chain matter to the plan. Of
// most chains only who opened them does, and a ledger may hold thousands of
// steps.
func (c *Chain) dependsOn(o otherChain, p *plan.Plan) bool {
	switch {
	case !o.onTarget(p):
		return false
	case o.Plan == p.Name, c.takesDatabases(p), overwritesAlone(p) && !c.State.Step(1).State.Sent():
		return true
	}
	return shared(c.databases, o.Databases) != ""
}

func (o otherChain) onTarget(p *plan.Plan) bool {
	return o.ProjectID == p.Target.ProjectID && o.InstanceID == p.Target.InstanceID
}

func foldChain(ctx context.Context, l *ledger.Ledger, chain string) (*ledger.State, error) {
	events, err := l.Events(ctx, chain)
	if err != nil {
		return nil, err
	}
	return ledger.Fold(chain, events)
}

// Forbids is the stop of a plan that must not be sent because of another chain
// in the ledger, nil if there is none.
func (c *Chain) Forbids(p *plan.Plan) *Stop {
	if s := c.nameTaken(p); s != nil {
		return s
	}
	return c.databaseTaken(p)
}

// otherTarget returns in what a target is not that of another chain.
func otherTarget(t plan.Target, o otherChain) *Difference {
	if o.InstanceID != t.InstanceID {
		return &Difference{ValueTargetInstance, t.InstanceID, o.InstanceID}
	}
	return &Difference{ValueProject, t.ProjectID, o.ProjectID}
}

// nameTaken is the stop of a plan whose name belongs to another target in this
// ledger, or that has a higher generation.
func (c *Chain) nameTaken(p *plan.Plan) *Stop {
	for _, o := range c.others {
		switch {
		case o.Plan != p.Name:
		case o.ProjectID != p.Target.ProjectID || o.InstanceID != p.Target.InstanceID:
			return &Stop{Reason: NameTaken, Differs: otherTarget(p.Target, o)}
		case o.Generation > p.Generation:
			return stop(ClosedGeneration, 0)
		}
	}
	return nil
}

// Knows reports whether the ledger holds an event of the plan, in any generation.
func (c *Chain) Knows(p *plan.Plan) bool {
	for _, o := range c.others {
		if o.Plan == p.Name {
			return true
		}
	}
	return c.State.Head.Seq > 0 || c.State.Held != nil
}

// older returns the generations of this plan that a new one closes.
func (c *Chain) older(p *plan.Plan) (out []*ledger.State) {
	for _, o := range c.others {
		if o.Plan != p.Name || o.Generation >= p.Generation {
			continue
		}
		if o.State != nil && o.State.Closed == nil {
			out = append(out, o.State)
		}
	}
	return out
}
