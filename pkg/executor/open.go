package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/ledger"
)

// open writes the chain's identity before its first intent, after it has
// closed the generations before it.
func (p *pass) open(ctx context.Context) (*Stop, error) {
	if p.facts.State.Opened != nil {
		return nil, nil
	}
	older := p.chain.older(p.Plan)
	if s := p.seams.busy(older); s != nil {
		return s, nil
	}
	for _, s := range older {
		e, err := ledger.New(s.Chain, ledger.Closed, 0, 0, p.Run, ledger.ClosedData{By: p.Plan.Chain(), Generation: p.Plan.Generation})
		if err != nil {
			return nil, err
		}
		if _, err := p.seams.append(ctx, s.Head, e); err != nil {
			return nil, err
		}
	}
	return nil, p.appendAllowed(ctx, ledger.Opened, 0, 0, p.opened())
}

// appendAllowed is append for what takes databases: no other chain may have
// them, and nobody may have put the plan on hold, in the very transaction of the
// append. Else the pass begins anew, and sees why.
func (p *pass) appendAllowed(ctx context.Context, kind ledger.Kind, step, attempt int, data any) error {
	if !p.chain.claims(p.Plan) {
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
	return p.appendBy(ctx, func(ctx context.Context, h ledger.Head, e ledger.Event) (ledger.Event, error) {
		return p.seams.appendIf(ctx, h, e, allow)
	}, kind, step, attempt, data)
}

// busy is the stop of a new generation while an older one has a step running
// or in doubt.
func busy(older []*ledger.State) *Stop {
	for _, s := range older {
		for i, st := range s.Steps {
			if st.State == ledger.StepRunning || st.State == ledger.StepInDoubt {
				return &Stop{Reason: GenerationBusy, Step: i + 1, Jobs: []string{st.JobID}}
			}
		}
	}
	return nil
}

func (p *pass) opened() ledger.OpenedData {
	t := p.Plan.Target
	return ledger.OpenedData{
		Plan: p.Plan.Name, Generation: p.Plan.Generation,
		Region: t.Region, ProjectID: t.ProjectID, InstanceID: t.InstanceID, EnterpriseProjectID: t.EnterpriseProjectID,
		Endpoint: p.Identity.Endpoint, Principal: p.Identity.Principal, ListedUnknown: p.facts.Target.News,
		Databases: recorded(p.Plan),
	}
}
