package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/ledger"
)

// open records the chain's identity before its first intent, after it has
// closed the generations before it.
func (p *pass) open(ctx context.Context) error {
	if p.facts.State.Opened != nil {
		return nil
	}
	for _, s := range p.facts.older {
		e, err := ledger.New(s.Chain, ledger.Closed, 0, 0, p.Run, ledger.ClosedData{By: p.Plan.Chain(), Generation: p.Plan.Generation})
		if err != nil {
			return err
		}
		if _, err := p.hooks.append(ctx, s.Head, e, nil); err != nil {
			return err
		}
	}
	return p.appendAllowed(ctx, ledger.Opened, 0, 0, p.opened())
}

// appendAllowed appends an event that takes databases. In the same transaction
// it checks that no other chain has them and that nobody has put the plan on
// hold; otherwise the pass starts again and reports that.
func (p *pass) appendAllowed(ctx context.Context, kind ledger.Kind, step, attempt int, data any) error {
	if !p.chain.takesDatabases(p.Plan) {
		return p.append(ctx, kind, step, attempt, data)
	}
	held := p.facts.State.Held != nil
	allow := func(l *ledger.Ledger) error {
		c, err := LoadChain(ctx, l, p.Plan)
		if err == nil && (c.Forbids(p.Plan) != nil || !held && c.State.Held != nil) {
			err = ledger.ErrLostRace
		}
		return err
	}
	return p.appendIf(ctx, kind, step, attempt, data, allow)
}

func (p *pass) opened() ledger.OpenedData {
	t := p.Plan.Target
	return ledger.OpenedData{
		Plan: p.Plan.Name, Generation: p.Plan.Generation,
		Region: t.Region, ProjectID: t.ProjectID, InstanceID: t.InstanceID, EnterpriseProjectID: t.EnterpriseProjectID,
		Endpoint: p.Identity.Endpoint, Principal: p.Identity.Principal, ListedUnknown: p.facts.target.News,
		Databases: recorded(p.Plan),
	}
}
