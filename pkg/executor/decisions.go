package executor

import (
	"context"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

func (w Who) decision(what, reason string) ledger.DecisionData {
	return ledger.DecisionData{What: what, User: w.User, Host: w.Host, Reason: reason}
}

// decision says which stops do not keep a person's decision from being
// recorded.
type decision struct {
	aboutName         bool // it is about the plan's name, in all its generations
	renewsCredentials bool // it makes the credentials of this run the chain's
}

// decide runs a decision under the lock, on a newly read chain.
func (r *Runner) decide(ctx context.Context, d decision, do func(context.Context, *pass) error) Result {
	return r.underLock(ctx, func(p *pass, ctx context.Context) error {
		if err := d.mayBegin(ctx, p); err != nil {
			return err
		}
		return do(ctx, p)
	})
}

// mayBegin loads the chain and returns why no decision of this kind can be
// recorded.
func (d decision) mayBegin(ctx context.Context, p *pass) error {
	err := p.load(ctx)
	if s, ok := asStop(err); ok && d.ignores(s, p.Identity) {
		err = nil
	}
	if err != nil || d.aboutName {
		return err
	}
	switch s := p.facts.State; {
	case s.Closed != nil:
		return stop(ClosedGeneration, 0)
	case s.Ended != nil:
		return notAllowed(0, WhyClosed)
	}
	return nil
}

// ignores reports whether a decision can be recorded in spite of s. A decision
// without credentials has no principal to compare.
func (d decision) ignores(s *Stop, id Identity) bool {
	if s.Reason != OtherIdentity {
		return d.aboutName && (s.Reason == DatabaseTaken || s.Reason == ClosedGeneration)
	}
	return id == Identity{} || d.renewsCredentials && s.Why == WhyCredentials
}

// notAllowed is the stop of a person's decision that does not fit.
func notAllowed(seq int, why Why, jobs ...string) *Stop {
	return &Stop{Reason: NotAllowed, Step: seq, Why: why, Jobs: jobs}
}

// withState adds the state that a step is in.
func (s *Stop) withState(state ledger.StepState) *Stop {
	s.State = state
	return s
}

// withStatus adds the status that DRS shows of a job.
func (s *Stop) withStatus(status string) *Stop {
	s.Detail = status
	return s
}

// withStep adds a second step.
func (s *Stop) withStep(seq int) *Stop {
	s.OtherStep = seq
	return s
}

// Retry allows the next attempt of a step that failed or was refused.
func (r *Runner) Retry(ctx context.Context, seq int, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		st := p.facts.State.Step(seq)
		if st.State != ledger.StepFailed && st.State != ledger.StepRefused {
			return notAllowed(seq, WhyNotFailed).withState(st.State)
		}
		return p.recordDecision(ctx, seq, st.Attempt, p.Who.decision(ledger.Retry, reason))
	})
}

// recordDecision appends a decision and adds it to the result.
func (p *pass) recordDecision(ctx context.Context, seq, attempt int, d ledger.DecisionData) error {
	if err := p.append(ctx, ledger.Decision, seq, attempt, d); err != nil {
		return err
	}
	p.change(seq, ChangeKind(d.What), d.JobID)
	return nil
}

// Ignore records that a job on the target does not matter to the plan. It
// refuses a job with this chain's marker or name, since that may have restored
// a step, unless it is a second job, which has ended, of a step that is known
// to have succeeded.
func (r *Runner) Ignore(ctx context.Context, jobID, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		if err := p.mayIgnore(ctx, jobID); err != nil {
			return err
		}
		d := p.Who.decision(ledger.IgnoreJob, reason)
		d.JobID = jobID
		return p.recordDecision(ctx, 0, 0, d)
	})
}

func (p *pass) mayIgnore(ctx context.Context, jobID string) error {
	if seq, ok := p.facts.State.StepOfJob[jobID]; ok {
		return notAllowed(seq, WhyJobKnown, jobID).withStep(seq)
	}
	j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
	if refused, ok := asRefused(err); ok && refused.NotFound() {
		return notAllowed(0, WhyJobNotFound, jobID)
	} else if err != nil {
		return fromError(err)
	}
	seq, claims := claimOf(j.OfflineTaskInfo, p.Plan)
	status, _ := drs.ParseStatus(j.Status)
	switch {
	case claims && p.facts.State.Step(seq).State != ledger.StepSucceeded:
		return notAllowed(seq, WhyOwnJob, jobID)
	case claims && !status.Ended():
		return notAllowed(seq, WhyOwnJobRunning, jobID).withStatus(j.Status)
	}
	return nil
}

// Assurance is what a person vouches for in a decision about a request in
// doubt.
type Assurance struct {
	BeforeFence      bool // the request can no longer arrive, although the fence is not reached
	OtherCredentials bool // its job was looked for with the credentials that sent it
}

func (w Assurance) decision(who Who, what, reason string) ledger.DecisionData {
	d := who.decision(what, reason)
	d.BeforeFence, d.OtherCredentials = w.BeforeFence, w.OtherCredentials
	return d
}

// MarkNotCreated ends a doubt: a person says that the request created no job.
// The target is searched first, with credentials that would see the job.
// Before the fence the person must vouch that the request cannot arrive any
// more.
func (r *Runner) MarkNotCreated(ctx context.Context, seq int, word Assurance, reason string) Result {
	return r.decide(ctx, decision{}, func(ctx context.Context, p *pass) error {
		st := p.facts.State.Step(seq)
		if st.State != ledger.StepInDoubt {
			return notAllowed(seq, WhyNotInDoubt).withState(st.State)
		}
		if err := p.mustBeAbsent(ctx, seq, st, word); err != nil {
			return err
		}
		d := word.decision(p.Who, ledger.NotCreated, reason)
		d.Intent = st.IntentSeq
		return p.recordDecision(ctx, seq, st.Attempt, d)
	})
}

// mustBeAbsent returns why a person's word that a request created no job is
// not accepted.
func (p *pass) mustBeAbsent(ctx context.Context, seq int, st ledger.Step, word Assurance) error {
	if sender := st.Intent.Principal; !samePrincipal(sender, p.Identity.Principal) && !word.OtherCredentials {
		s := notAllowed(seq, WhyOtherCredentials)
		s.Detail = sender
		return s
	}
	if err := p.mustNotBeListed(ctx, seq); err != nil || word.BeforeFence {
		return err
	}
	if err := p.mustBeFenced(seq, st); err != nil || len(p.facts.target.IDs) > 0 {
		return err
	}
	return p.mustBeEmptyTwice(ctx, seq, st)
}

// mustBeEmptyTwice refuses a decision on one empty list: no job in it shows that
// it is complete. A second one, listingLag of server time later, is enough.
func (p *pass) mustBeEmptyTwice(ctx context.Context, seq int, st ledger.Step) error {
	date, fence := p.facts.target.Date, FenceOf(st)
	until := date.Add(searchesApart)
	for _, s := range st.Searches {
		if !s.IsEmpty() || s.Date.Before(fence) {
			continue
		}
		if date.Sub(s.Date) >= searchesApart {
			return nil
		}
		return &Stop{Reason: Settling, Step: seq, Why: WhyEmptyList, Until: s.Date.Add(searchesApart)}
	}
	search := ledger.SearchedData{
		Intent: st.IntentSeq, Date: date, NewestJob: p.facts.State.NewestJob, Principal: p.Identity.Principal,
	}
	if err := p.append(ctx, ledger.Searched, seq, st.Attempt, search); err != nil {
		return err
	}
	return &Stop{Reason: Settling, Step: seq, Why: WhyEmptyList, Until: until}
}

// mustBeFenced refuses a decision before the fence: until then the request may
// still create a job, whatever a person says.
func (p *pass) mustBeFenced(seq int, st ledger.Step) error {
	fence := FenceOf(st)
	now, byServer := p.serverNow()
	if byServer && !fence.IsZero() && !now.Before(fence) {
		return nil
	}
	return &Stop{Reason: Settling, Step: seq, Why: WhyTooEarly, Until: fence}
}

// mustNotBeListed searches the target for jobs that may be the step's.
func (p *pass) mustNotBeListed(ctx context.Context, seq int) error {
	if err := p.list(ctx); err != nil {
		return err
	}
	v := p.facts.target
	switch {
	case len(v.Candidates) > 0:
		return notAllowed(seq, WhyJobListed, v.Candidates[0].ID)
	case len(v.Unaccounted) > 0:
		return &Stop{Reason: DoubtNeedsPerson, Step: seq, Why: WhyUnaccounted, Jobs: v.Unaccounted}
	case !v.Complete:
		return incomplete(seq)
	}
	return nil
}
