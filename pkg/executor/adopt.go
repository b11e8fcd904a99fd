package executor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Adopt records that a job belongs to a step, whatever its name, after it has
// compared the job with the step.
func (r *Runner) Adopt(ctx context.Context, seq int, jobID, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		st := p.facts.State.Step(seq)
		if s := p.mayAdopt(seq, st, jobID); s != nil {
			return s
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
		var answer *drs.Error
		switch {
		case errors.As(err, &answer) && answer.NotFound():
			return notAllowed(seq, WhyJobNotFound, jobID)
		case err != nil:
			return fromError(err)
		}
		if err := p.mayBeOurs(ctx, seq, j); err != nil {
			return err
		}
		if st.State == ledger.StepInDoubt && p.facts.State.KnownAt(jobID, st.IntentSeq) {
			return notAllowed(seq, WhyJobOlder, jobID)
		}
		if diff := differsForAdoption(j, p.Plan.Steps[seq-1]); diff != nil {
			return &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{jobID}, Differs: diff}
		}
		if err := p.openFor(ctx); err != nil {
			return err
		}
		d := p.Who.decision(ledger.Adopt, reason)
		d.JobID = jobID
		return p.recordAdoption(ctx, seq, st.Attempt, j, d)
	})
}

func (p *pass) mayAdopt(seq int, st ledger.Step, jobID string) *Stop {
	if seq < 1 || seq > len(p.Plan.Steps) {
		return notAllowed(seq, WhyNoSuchStep)
	}
	if of, ok := p.facts.State.StepOfJob[jobID]; ok {
		return notAllowed(seq, WhyJobKnown, jobID).withStep(of)
	}
	if st.State != ledger.StepInDoubt && st.State != ledger.StepPending {
		return notAllowed(seq, WhyNotAdoptable).withState(st.State)
	}
	for before := 1; before < seq; before++ {
		if s := p.facts.State.Step(before).State; s != ledger.StepSucceeded {
			return notAllowed(seq, WhyStepBefore).withStep(before).withState(s)
		}
	}
	return nil
}

// mayBeOurs refuses a job of another chain, or of another step of this one.
func (p *pass) mayBeOurs(ctx context.Context, seq int, j drs.Job) error {
	m, marked := plan.ParseMarker(j.Description)
	switch {
	case marked && m.Chain != p.Plan.Chain():
		s := notAllowed(seq, WhyJobOfChain, j.ID)
		s.Detail = m.Chain
		return s
	case marked && m.Step != seq:
		return notAllowed(seq, WhyJobOfStep, j.ID).withStep(m.Step)
	}
	others, err := p.readOtherChains(ctx)
	if err == nil && others.jobs[j.ID] {
		return notAllowed(seq, WhyJobOfPlan, j.ID)
	}
	return err
}

// recordAdoption appends the adoption of a job, for the intent in doubt or without one.
func (p *pass) recordAdoption(ctx context.Context, seq, attempt int, j drs.Job, d ledger.DecisionData) error {
	st := p.facts.State.Step(seq)
	o := ledger.OutcomeData{JobID: j.ID, Decision: &d}
	if st.State == ledger.StepInDoubt {
		o.Intent, o.IntentRun, o.NotBefore = st.IntentSeq, st.IntentRun, p.mayArriveUntil(j, seq, st)
	} else {
		o.ChainSHA256, o.Last, o.Databases = p.Plan.Steps[seq-1].ChainSHA256, p.Plan.Steps[seq-1].Last, recorded(p.Plan)
		if j.HasIsCover {
			o.IsCover = &j.IsCover
		}
	}
	if err := p.append(ctx, ledger.Adopted, seq, attempt, o); err != nil {
		return err
	}
	p.change(seq, ChangeAdopted, j.ID)
	p.result.Changes[len(p.result.Changes)-1].NotCompared = notCompared(j, p.Plan.Steps[seq-1])
	return nil
}

// mayArriveUntil returns the time until which the request of a step in doubt may
// still create its own job, although a person ends the doubt with job j. It is
// zero if j has the request's marker and name; on a first attempt the marker is
// enough.
func (p *pass) mayArriveUntil(j drs.Job, seq int, st ledger.Step) time.Time {
	named := strings.EqualFold(j.Name, st.Intent.JobName) || st.Attempt == 1
	if named && markerDiffers(j, p.Plan.Steps[seq-1]) == nil {
		return time.Time{}
	}
	if fence := FenceOf(st); !fence.IsZero() {
		return fence
	}
	now, _ := p.serverNow()
	if st.Intent.TokenAuth {
		return now.Add(tokenFence)
	}
	return now.Add(silentFence)
}

// openFor opens the chain for an adoption that comes before any create.
func (p *pass) openFor(ctx context.Context) error {
	if p.facts.State.Opened != nil {
		return nil
	}
	if err := p.list(ctx); err != nil {
		return err
	}
	if s := generationBusy(p.facts); s != nil {
		return s
	}
	return p.open(ctx)
}
