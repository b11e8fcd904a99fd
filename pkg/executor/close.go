package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// ClosePlan ends the plan's chain permanently: it sends nothing more, and its
// databases are free for another plan. Jobs is used only if a job is running.
func (r *Runner) ClosePlan(ctx context.Context, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		if p.facts.State.Opened == nil {
			return notAllowed(0, WhyNothingSent)
		}
		if err := p.mustBeIdle(ctx); err != nil {
			return err
		}
		return p.recordDecision(ctx, 0, 0, p.Who.decision(ledger.Close, reason))
	})
}

// mustBeIdle refuses to close a chain while one of its jobs may still restore
// into a database that another plan takes next.
func (p *pass) mustBeIdle(ctx context.Context) error {
	if c := p.facts.State.Conflict; c != nil {
		return ledgerConflict(c)
	}
	for seq := 1; seq <= len(p.facts.State.Steps); seq++ {
		switch p.facts.State.Step(seq).State {
		case ledger.StepInDoubt:
			return notAllowed(seq, WhyUnsettled)
		case ledger.StepRunning:
			if err := p.mustHaveEnded(ctx, seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// mustHaveEnded records the end of a running job, if DRS shows one.
func (p *pass) mustHaveEnded(ctx context.Context, seq int) error {
	if p.Jobs == nil { // no step was running when the caller looked
		return stop(RaceLost, seq)
	}
	id := p.facts.State.Step(seq).JobID
	look, j, err := p.see(ctx, seq, id)
	switch {
	case err != nil:
		return err
	case look.Gone:
		return notAllowed(seq, WhyJobGone, id)
	}
	if diff := p.differsFromPlan(seq, j); diff != nil {
		return &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Differs: diff}
	}
	switch status, _ := drs.ParseStatus(j.Status); {
	case status == drs.Success:
		return p.recordEnd(ctx, seq, ledger.JobSucceeded, j)
	case status.Ended():
		return p.recordEnd(ctx, seq, ledger.JobFailed, j)
	}
	return notAllowed(seq, WhyStillRunning, id).withStatus(j.Status)
}

// differsFromPlan compares a job with its step, if the plan file is there.
func (p *pass) differsFromPlan(seq int, j drs.Job) *Difference {
	if seq > len(p.Plan.Steps) {
		return nil
	}
	return differs(j, p.Plan.Steps[seq-1], false)
}

// Works reports whether a step of the chain is running, so that closing it
// needs DRS.
func (c *Chain) Works() bool {
	for _, st := range c.State.Steps {
		if st.State == ledger.StepRunning {
			return true
		}
	}
	return false
}

// PlanNamed is what the ledger knows of the newest generation of a plan,
// enough to close it without its file; nil if no plan of that name was opened.
func PlanNamed(ctx context.Context, l *ledger.Ledger, name string) (*plan.Plan, error) {
	opened, err := l.Opened(ctx)
	if err != nil {
		return nil, err
	}
	var found *plan.Plan
	for _, e := range opened {
		o, err := ledger.DecodeOpened(e)
		if err != nil {
			return nil, err
		}
		if o.Plan == name && (found == nil || o.Generation > found.Generation) {
			found = &plan.Plan{Name: name, Generation: o.Generation, Target: plan.Target{
				Region: o.Region, ProjectID: o.ProjectID, InstanceID: o.InstanceID, EnterpriseProjectID: o.EnterpriseProjectID,
			}}
		}
	}
	return found, nil
}
