package executor

import (
	"context"
	"errors"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

func (w Who) decision(what, reason string) ledger.DecisionData {
	return ledger.DecisionData{What: what, User: w.User, Host: w.Host, Reason: reason}
}

// decide runs a person's decision under the lock, on a fresh fold, and anew
// when another run went on first.
func (r *Runner) decide(ctx context.Context, f func(context.Context, *pass) (*Stop, error)) Result {
	return r.decideAs(ctx, false, f)
}

// decideAs is decide; recognizes says that the decision makes whoever runs it
// the chain's principal.
func (r *Runner) decideAs(ctx context.Context, recognizes bool, f func(context.Context, *pass) (*Stop, error)) Result {
	return r.decideOn(ctx, pass{recognizes: recognizes}, f)
}

// decideOnName is decide for what is about the plan's name, not about its chain.
func (r *Runner) decideOnName(ctx context.Context, f func(context.Context, *pass) (*Stop, error)) Result {
	return r.decideOn(ctx, pass{ofName: true}, f)
}

func (r *Runner) decideOn(ctx context.Context, kind pass, f func(context.Context, *pass) (*Stop, error)) Result {
	r = r.withSeams()
	if !r.seams.noLock {
		lock, err := r.Ledger.Lock(ctx, r.Plan.Target.InstanceID, r.LockWait)
		if err != nil {
			return Result{Stop: *lockStop(ctx, err), Sent: SentNo}
		}
		defer lock.Unlock()
	}
	for range maxRaces {
		p := &pass{Runner: r, recognizes: kind.recognizes, ofName: kind.ofName, result: Result{Sent: SentNo}}
		s, err := p.decideOnce(ctx, f)
		if errors.Is(err, ledger.ErrLostRace) {
			continue
		}
		if err != nil {
			s = p.ledgerStop(ctx, err)
		}
		if s != nil {
			p.result.Stop = *s
		}
		return p.result
	}
	return Result{Stop: Stop{Reason: RaceLost}, Sent: SentNo}
}

func (p *pass) decideOnce(ctx context.Context, f func(context.Context, *pass) (*Stop, error)) (*Stop, error) {
	if s, err := p.load(ctx); s != nil || err != nil {
		if s == nil || !p.repairs(s) {
			return s, err
		}
	}
	switch s := p.facts.State; {
	case p.ofName:
	case s.Closed != nil:
		return stop(ClosedGeneration, 0), nil
	case s.Ended != nil:
		return notAllowed(0, WhyClosed), nil
	}
	return f(ctx, p)
}

// repairs reports whether a decision may go on in spite of s: without
// credentials the principal is not known, and need not be.
func (p *pass) repairs(s *Stop) bool {
	if p.ofName && (s.Reason == DatabaseTaken || s.Reason == ClosedGeneration) {
		return true
	}
	return s.Reason == OtherIdentity && (p.Identity == Identity{} || p.recognizes && s.Why == WhyCredentials)
}

// notAllowed is the stop of a person's decision that does not fit.
func notAllowed(seq int, why Why, jobs ...string) *Stop {
	return &Stop{Reason: NotAllowed, Step: seq, Why: why, Jobs: jobs}
}

// being adds the state that a step is in.
func (s *Stop) being(state ledger.StepState) *Stop {
	s.State = state
	return s
}

// showing adds the status that DRS shows of a job.
func (s *Stop) showing(status string) *Stop {
	s.Detail = status
	return s
}

// withStep adds a second step.
func (s *Stop) withStep(seq int) *Stop {
	s.OtherStep = seq
	return s
}

// Retry opens the next attempt of a step that failed or was refused.
func (r *Runner) Retry(ctx context.Context, seq int, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if st.State != ledger.StepFailed && st.State != ledger.StepRefused {
			return notAllowed(seq, WhyNotFailed).being(st.State), nil
		}
		return nil, p.person(ctx, seq, st.Attempt, p.Who.decision(ledger.Retry, reason))
	})
}

// person appends a decision and notes it in the result.
func (p *pass) person(ctx context.Context, seq, attempt int, d ledger.DecisionData) error {
	if err := p.append(ctx, ledger.Decision, seq, attempt, d); err != nil {
		return err
	}
	p.change(seq, d.What, d.JobID)
	return nil
}

// Ignore declares that a job on the target is of no concern to the plan. One
// that carries this chain's marker or names is refused, since it may have
// restored a step; but for a second job, which has ended, of a step that is known
// to have succeeded.
func (r *Runner) Ignore(ctx context.Context, jobID, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		if s, err := p.mayIgnore(ctx, jobID); s != nil || err != nil {
			return s, err
		}
		d := p.Who.decision(ledger.IgnoreJob, reason)
		d.JobID = jobID
		return nil, p.person(ctx, 0, 0, d)
	})
}

func (p *pass) mayIgnore(ctx context.Context, jobID string) (*Stop, error) {
	if seq, ok := p.facts.State.StepOfJob[jobID]; ok {
		return notAllowed(seq, WhyJobKnown, jobID).withStep(seq), nil
	}
	j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
	if refused, ok := asRefused(err); ok && refused.NotFound() {
		return notAllowed(0, WhyJobNotFound, jobID), nil
	} else if err != nil {
		return fromError(err), nil
	}
	seq, claims := claimOf(j.OfflineTaskInfo, p.Plan)
	status, _ := drs.ParseStatus(j.Status)
	switch {
	case claims && p.facts.State.Step(seq).State != ledger.StepSucceeded:
		return notAllowed(seq, WhyOwnJob, jobID), nil
	case claims && !status.Ended():
		return notAllowed(seq, WhyOwnJobRunning, jobID).showing(j.Status), nil
	}
	return nil, nil
}

// Assurance is what a person vouches for beside a decision about a create in doubt.
type Assurance struct {
	BeforeFence      bool // it cannot arrive any more, although it is early
	OtherCredentials bool // its job was looked for with those that sent it
}

func (w Assurance) decision(who Who, what, reason string) ledger.DecisionData {
	d := who.decision(what, reason)
	d.BeforeFence, d.OtherCredentials = w.BeforeFence, w.OtherCredentials
	return d
}

// MarkNotCreated ends a doubt on a person's word. The target is searched first, by
// credentials that see the job; a word that comes before the fence needs to say
// so.
func (r *Runner) MarkNotCreated(ctx context.Context, seq int, word Assurance, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if st.State != ledger.StepInDoubt {
			return notAllowed(seq, WhyNotInDoubt).being(st.State), nil
		}
		if s, err := p.mustBeAbsent(ctx, seq, st, word); s != nil || err != nil {
			return s, err
		}
		d := word.decision(p.Who, ledger.NotCreated, reason)
		d.Intent = st.IntentSeq
		return nil, p.person(ctx, seq, st.Attempt, d)
	})
}

// mustBeAbsent is what must hold before a person's word that a create in doubt
// made no job is taken.
func (p *pass) mustBeAbsent(ctx context.Context, seq int, st ledger.Step, word Assurance) (*Stop, error) {
	if sender := st.Intent.Principal; !samePrincipal(sender, p.Identity.Principal) && !word.OtherCredentials {
		s := notAllowed(seq, WhyOtherCredentials)
		s.Detail = sender
		return s, nil
	}
	if s, err := p.mustNotBeListed(ctx, seq); s != nil || err != nil || word.BeforeFence {
		return s, err
	}
	return p.mustBeFenced(seq, st), nil
}

// mustBeFenced: before the fence the create may still become a job that no
// list shows, whatever a person says of it.
func (p *pass) mustBeFenced(seq int, st ledger.Step) *Stop {
	fence := FenceOf(st)
	now, byServer := p.serverNow()
	if byServer && !fence.IsZero() && !now.Before(fence) {
		return nil
	}
	return &Stop{Reason: Settling, Step: seq, Why: WhyTooEarly, Until: fence}
}

// mustNotBeListed searches the target for what may be the step's job.
func (p *pass) mustNotBeListed(ctx context.Context, seq int) (*Stop, error) {
	if s, err := p.list(ctx); s != nil || err != nil {
		return s, err
	}
	v := p.facts.Target
	switch {
	case len(v.Candidates) > 0:
		return notAllowed(seq, WhyJobListed, v.Candidates[0].ID), nil
	case len(v.Unaccounted) > 0:
		return &Stop{Reason: DoubtNeedsPerson, Step: seq, Why: WhyUnaccounted, Jobs: v.Unaccounted}, nil
	case !v.Complete:
		return notWhole(seq), nil
	}
	return nil, nil
}
