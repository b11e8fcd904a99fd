package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// MarkSucceeded records a person's statement that the backup of a step is
// restored. It is for what DRS can no longer show: a doubt without a job, a
// running job whose record is gone, a job that differs from its request, a
// failure that was none, or a step missing from a rebuilt ledger.
func (r *Runner) MarkSucceeded(ctx context.Context, seq int, word Assurance, reason string) Result {
	return r.mark(ctx, seq, true, word, reason)
}

// MarkFailed records a person's statement that the backup of a step is not
// restored, in the same cases as MarkSucceeded.
func (r *Runner) MarkFailed(ctx context.Context, seq int, word Assurance, reason string) Result {
	return r.mark(ctx, seq, false, word, reason)
}

func (r *Runner) mark(ctx context.Context, seq int, succeeded bool, word Assurance, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		st := p.facts.State.Step(seq)
		if err := p.mustBeInvisible(ctx, seq, st, succeeded, word); err != nil {
			return aboutStep(err, seq)
		}
		d := word.decision(p.Who, ledger.IsFailure, reason)
		if d.JobID = p.markedJob(st); st.State == ledger.StepInDoubt && d.JobID != "" && !word.BeforeFence {
			d.NotBefore = p.mayArriveUntil(p.candidate, seq, st)
		}
		if succeeded {
			p.succeed(&d, seq, st)
		}
		return p.recordDecision(ctx, seq, st.Attempt, d)
	})
}

// markedJob is the job that the decision is about: the running one, the one
// with an undocumented status, or the only candidate for the step in doubt.
func (p *pass) markedJob(st ledger.Step) string {
	v := p.facts.target
	switch {
	case p.unknown != "":
		return p.unknown
	case st.State == ledger.StepInDoubt && v != nil && len(v.Candidates) == 1:
		return v.Candidates[0].ID
	}
	return st.JobID
}

// succeed turns a decision into one that says that the step's backup is
// restored.
func (p *pass) succeed(d *ledger.DecisionData, seq int, st ledger.Step) {
	d.What = ledger.IsSuccess
	_, last := p.facts.State.SentAs(seq)
	if st.ChainSHA256 == "" && seq <= len(p.Plan.Steps) {
		d.ChainSHA256, d.Last = p.Plan.Steps[seq-1].ChainSHA256, p.Plan.Steps[seq-1].Last
	}
	d.CheckPending = last || d.Last
}

func (p *pass) mustBeInvisible(ctx context.Context, seq int, st ledger.Step, succeeded bool, word Assurance) error {
	missing := gap(p.facts.State)
	switch {
	case succeeded && p.edited(seq):
		return notAllowed(seq, WhyEdited)
	case st.State == ledger.StepInDoubt:
		if ended, err := p.endedOtherwise(ctx, seq); ended || err != nil {
			return err
		}
		return p.mustBeAbsent(ctx, seq, st, word)
	case st.State == ledger.StepRunning:
		return p.mustBeGone(ctx, seq, st.JobID, succeeded, word)
	case st.State == ledger.StepSucceeded && st.JobID != "" && !p.facts.State.Marked[st.JobID]:
		return p.mustBeUndone(ctx, seq, st.JobID)
	case succeeded && missing != nil && missing.Step == seq:
		return nil
	case st.State == ledger.StepFailed:
		return p.mustHaveFailed(ctx, seq, st.AllJobIDs, succeeded, word)
	case st.State == ledger.StepPending && seq <= len(p.Plan.Steps):
		if err := p.list(ctx); err != nil {
			return err
		}
		if ids := possibleJobs(p.facts, seq); len(ids) > 0 {
			return p.mustHaveFailed(ctx, seq, ids, succeeded, word)
		}
	}
	return notAllowed(seq, WhyStateKnown).withState(st.State)
}

// edited reports whether the plan's step differs from the one that was sent.
func (p *pass) edited(seq int) bool {
	sent, _ := p.facts.State.SentAs(seq)
	if sent == "" || seq > len(p.Plan.Steps) {
		return false
	}
	step := p.Plan.Steps[seq-1]
	return sent != step.ChainSHA256 && sent != step.OpenSHA256
}

// mustBeUndone allows a decision about a step that succeeded only if DRS now
// shows its job as failed.
func (p *pass) mustBeUndone(ctx context.Context, seq int, id string) error {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	if err != nil {
		return fromError(err)
	}
	if status, _ := drs.ParseStatus(j.Status); !status.HasFailed() {
		return notAllowed(seq, WhyStateKnown).withState(ledger.StepSucceeded)
	}
	return nil
}

// endedOtherwise reports whether the only candidate for the step has ended and
// differs from the request. No pass adopts such a job, so a person decides.
func (p *pass) endedOtherwise(ctx context.Context, seq int) (bool, error) {
	if err := p.list(ctx); err != nil {
		return false, err
	}
	if len(p.facts.target.Candidates) != 1 {
		return false, nil
	}
	j, err := p.Jobs.ShowReplicationJob(ctx, p.facts.target.Candidates[0].ID)
	if err != nil {
		return false, fromError(err)
	}
	p.candidate = j
	status, _ := drs.ParseStatus(j.Status)
	return status.Ended() && differsForAdoption(j, p.Plan.Steps[seq-1]) != nil, nil
}

// mustHaveFailed refuses to mark a step as failed while one of its jobs is not
// known to have failed: a new attempt would restore the backup a second time.
func (p *pass) mustHaveFailed(ctx context.Context, seq int, ids []string, succeeded bool, word Assurance) error {
	if succeeded {
		return nil
	}
	for _, id := range ids {
		look, _, err := p.see(ctx, seq, id)
		if err != nil {
			return err
		}
		_, known := drs.ParseStatus(look.Status)
		undated := look.Date.IsZero() && word.BeforeFence && (look.Gone || !known)
		if !look.Gone && !known && !p.facts.State.Marked[id] || undated && !p.facts.State.Insisted[id] {
			p.unknown = id
			return nil
		}
		switch s := accountFor(p.facts.State, id, look); {
		case s == nil, s.Reason == StatusSettling:
		case s.Reason == NotFailed:
			return notAllowed(seq, WhyJobNotFailed, id).withStatus(look.Status)
		default:
			return s
		}
	}
	return nil
}

// mustBeGone refuses a decision about a running job whose end DRS will show. A
// person decides only about one that has ended and differs from the request,
// or one with an undocumented status.
func (p *pass) mustBeGone(ctx context.Context, seq int, id string, succeeded bool, word Assurance) error {
	look, j, err := p.see(ctx, seq, id)
	switch {
	case err != nil:
		return err
	case look.Gone && look.Date.IsZero() && word.BeforeFence:
		return nil // without a date no time can be counted
	case look.Gone && succeeded:
		return p.mustBeGoneTwice(ctx, id, look)
	case look.Gone:
		return missingStop(p.facts.State, id, look, goneAfter).err()
	}
	status, known := drs.ParseStatus(j.Status)
	if !known || status.Ended() && seq <= len(p.Plan.Steps) && differs(j, p.Plan.Steps[seq-1], false) != nil {
		return nil
	}
	return notAllowed(seq, WhyJobShown, id).withStatus(j.Status)
}

// mustBeGoneTwice allows a step to be marked as succeeded after two looks that
// do not know its job, as far apart as a listing may lag, while no job of this
// chain is running.
func (p *pass) mustBeGoneTwice(ctx context.Context, id string, look observation) error {
	if s := missingStop(p.facts.State, id, look, listingLag); s != nil {
		return s
	}
	if err := p.list(ctx); err != nil {
		return err
	}
	for _, n := range p.facts.target.Running {
		if seq, ours := claimOf(n.OfflineTaskInfo, p.Plan); ours {
			return notAllowed(seq, WhyOtherRunning, n.ID)
		}
	}
	return nil
}
