package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Chain is a plan's place in a ledger.
type Chain struct {
	State  *ledger.State
	Others []Other
}

// Other is another chain in the same ledger.
type Other struct {
	Chain string
	ledger.OpenedData
}

// LoadChain folds a plan's chain, and finds who else is in the ledger. A nil
// ledger is an empty one.
func LoadChain(ctx context.Context, l *ledger.Ledger, p *plan.Plan) (*Chain, error) {
	if l == nil {
		s, err := ledger.Fold(p.Chain(), nil)
		return &Chain{State: s}, err
	}
	s, err := foldChain(ctx, l, p.Chain())
	if err != nil {
		return nil, err
	}
	opened, err := l.Opened(ctx)
	if err != nil {
		return nil, err
	}
	c := &Chain{State: s}
	for _, e := range opened {
		if e.Chain == p.Chain() {
			continue
		}
		o := Other{Chain: e.Chain}
		if o.OpenedData, err = ledger.DecodeOpened(e); err != nil {
			return nil, err
		}
		c.Others = append(c.Others, o)
	}
	return c, nil
}

func foldChain(ctx context.Context, l *ledger.Ledger, chain string) (*ledger.State, error) {
	events, err := l.Events(ctx, chain)
	if err != nil {
		return nil, err
	}
	return ledger.Fold(chain, events)
}

// NameTaken is the stop of a plan whose name another target has in this
// ledger, or a higher generation of the same.
func (c *Chain) NameTaken(p *plan.Plan) *Stop {
	for _, o := range c.Others {
		switch {
		case o.Plan != p.Name:
		case o.ProjectID != p.Target.ProjectID || o.InstanceID != p.Target.InstanceID:
			return &Stop{Code: Conflict, Reason: NameTaken, Detail: "project " + o.ProjectID + ", instance " + o.InstanceID}
		case o.Generation > p.Generation:
			return stop(Conflict, ClosedGeneration, 0)
		}
	}
	return nil
}

// older are the generations of this plan that a new one closes, folded.
func (c *Chain) older(ctx context.Context, l *ledger.Ledger, p *plan.Plan) ([]*ledger.State, error) {
	var out []*ledger.State
	for _, o := range c.Others {
		if o.Plan != p.Name || o.Generation >= p.Generation {
			continue
		}
		s, err := foldChain(ctx, l, o.Chain)
		if err != nil {
			return nil, err
		}
		if s.Closed == nil {
			out = append(out, s)
		}
	}
	return out, nil
}
