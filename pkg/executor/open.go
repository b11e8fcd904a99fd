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
	older, err := p.chain.older(ctx, p.Ledger, p.Plan)
	if err != nil {
		return nil, err
	}
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
	return nil, p.append(ctx, ledger.Opened, 0, 0, p.opened())
}

// busy is the stop of a new generation while an older one has a step running
// or in doubt.
func busy(older []*ledger.State) *Stop {
	for _, s := range older {
		for i, st := range s.Steps {
			if st.State == ledger.Running || st.State == ledger.InDoubt {
				return &Stop{Code: Conflict, Reason: GenerationBusy, Step: i + 1, Jobs: []string{st.JobID}}
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
		Endpoint: p.Identity.Endpoint, Principal: p.Identity.Principal, ListedUnknown: p.facts.Survey.News,
	}
}
