package executor

import (
	"context"
	"errors"
	"fmt"

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
	return Result{Stop: Stop{Code: TryAgain, Reason: RaceLost}, Sent: SentNo}
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
		return stop(Conflict, ClosedGeneration, 0), nil
	case s.Ended != nil:
		return notAllowed(0, "the plan is closed: only a higher generation goes on"), nil
	}
	return f(ctx, p)
}

// repairs reports whether a decision may go on in spite of s: without
// credentials the principal is not known, and need not be.
func (p *pass) repairs(s *Stop) bool {
	if p.ofName && (s.Reason == DatabaseTaken || s.Reason == ClosedGeneration) {
		return true
	}
	return s.Reason == OtherIdentity && (p.Identity == Identity{} || p.recognizes && s.Why == whyCredentials)
}

func notAllowed(seq int, detail string) *Stop {
	return &Stop{Code: Invalid, Reason: NotAllowed, Step: seq, Detail: detail}
}

// Retry opens the next attempt of a step that failed or was refused.
func (r *Runner) Retry(ctx context.Context, seq int, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if st.State != ledger.StepFailed && st.State != ledger.StepRefused {
			return notAllowed(seq, fmt.Sprintf("the step is %s; retry follows a step that failed or was refused", st.State)), nil
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
		return notAllowed(seq, fmt.Sprintf("job %s is this step's in the ledger", jobID)), nil
	}
	j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
	if refused, ok := asRefused(err); ok && refused.NotFound() {
		return notAllowed(0, fmt.Sprintf("DRS does not know job %s", jobID)), nil
	} else if err != nil {
		return fromError(err), nil
	}
	seq, claims := claimOf(j.OfflineTaskInfo, p.Plan)
	status, _ := drs.ParseStatus(j.Status)
	s := notAllowed(seq, fmt.Sprintf("job %s carries this plan's marker or name", jobID))
	s.Jobs = []string{jobID}
	switch {
	case claims && p.facts.State.Step(seq).State != ledger.StepSucceeded:
		s.Why, s.Detail = WhyOwnJob, s.Detail+", so it may have restored this step"
	case claims && !status.Ended():
		s.Why, s.Detail = WhyStillRunning, s.Detail+", and DRS shows it as "+j.Status
	default:
		return nil, nil
	}
	return s, nil
}

// Word is what a person says beside the word itself, of a create in doubt.
type Word struct {
	BeforeFence      bool // it cannot arrive any more, although it is early
	OtherCredentials bool // its job was looked for with those that sent it
}

func (w Word) decision(who Who, what, reason string) ledger.DecisionData {
	d := who.decision(what, reason)
	d.BeforeFence, d.OtherCredentials = w.BeforeFence, w.OtherCredentials
	return d
}

// NotCreated ends a doubt on a person's word. The target is searched first, by
// credentials that see the job; a word that comes before the fence needs to say
// so.
func (r *Runner) NotCreated(ctx context.Context, seq int, word Word, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if st.State != ledger.StepInDoubt {
			return notAllowed(seq, fmt.Sprintf("the step is %s, not in doubt", st.State)), nil
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
func (p *pass) mustBeAbsent(ctx context.Context, seq int, st ledger.Step, word Word) (*Stop, error) {
	if sender := st.Intent.Principal; !samePrincipal(sender, p.Identity.Principal) && !word.OtherCredentials {
		return &Stop{Code: Invalid, Reason: NotAllowed, Step: seq, Why: WhyOtherCredentials,
			Detail: fmt.Sprintf("the create was sent by %s, and other credentials may not see its job", sender)}, nil
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
	return &Stop{Code: TryAgain, Reason: Settling, Step: seq, Why: WhyTooEarly, Until: fence}
}

// mustNotBeListed searches the target for what may be the step's job.
func (p *pass) mustNotBeListed(ctx context.Context, seq int) (*Stop, error) {
	if s, err := p.list(ctx); s != nil || err != nil {
		return s, err
	}
	v := p.facts.Survey
	switch {
	case len(v.Candidates) > 0:
		return notAllowed(seq, fmt.Sprintf("DRS lists job %s, which says that it is the step's; apply compares and adopts it", v.Candidates[0].ID)), nil
	case len(v.Unaccounted) > 0:
		return &Stop{Code: InDoubt, Reason: DoubtAsk, Step: seq, Why: WhyUnaccounted, Jobs: v.Unaccounted}, nil
	case !v.Complete:
		return notWhole(seq), nil
	}
	return nil, nil
}

// Pronounce says how a step ended that no look at DRS can show any more: a
// doubt without a job, a running job whose record is gone, one that is not as
// it was intended, a failure that turned out to be none, or a step of which a
// rebuilt ledger has nothing.
func (r *Runner) Pronounce(ctx context.Context, seq int, succeeded bool, word Word, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if s, err := p.mustBeInvisible(ctx, seq, st, succeeded, word); s != nil || err != nil {
			return s.about(seq), err
		}
		d := word.decision(p.Who, ledger.IsFailure, reason)
		if d.JobID = p.judged(st); st.State == ledger.StepInDoubt && d.JobID != "" && !word.BeforeFence {
			d.NotBefore = p.mayArriveUntil(p.candidate, seq, st)
		}
		if succeeded {
			p.succeed(&d, seq, st)
		}
		return nil, p.person(ctx, seq, st.Attempt, d)
	})
}

// judged is the job that a person's word is about: the one that runs, the one in
// a status that no page knows, or the one that may be the step in doubt's and is
// not as it was intended.
func (p *pass) judged(st ledger.Step) string {
	v := p.facts.Survey
	switch {
	case p.unknown != "":
		return p.unknown
	case st.State == ledger.StepInDoubt && v != nil && len(v.Candidates) == 1:
		return v.Candidates[0].ID
	}
	return st.JobID
}

// succeed makes a decision say that the step's backup is restored.
func (p *pass) succeed(d *ledger.DecisionData, seq int, st ledger.Step) {
	d.What = ledger.IsSuccess
	_, last := p.facts.State.SentAs(seq)
	if st.ChainSHA256 == "" && seq <= len(p.Steps) {
		d.ChainSHA256, d.Last = p.Steps[seq-1].ChainSHA256, p.Steps[seq-1].Last
	}
	d.CheckPending = last || d.Last
}

func (p *pass) mustBeInvisible(ctx context.Context, seq int, st ledger.Step, succeeded bool, word Word) (*Stop, error) {
	missing := gap(p.facts.State)
	switch {
	case succeeded && p.edited(seq):
		s := notAllowed(seq, "the plan's line is not the one that was submitted; restore that line first")
		s.Why = WhyEdited
		return s, nil
	case st.State == ledger.StepInDoubt:
		if judged, s, err := p.endedOtherwise(ctx, seq); judged || s != nil || err != nil {
			return s, err
		}
		return p.mustBeAbsent(ctx, seq, st, word)
	case st.State == ledger.StepRunning:
		return p.mustBeGone(ctx, seq, st.JobID, succeeded, word)
	case st.State == ledger.StepSucceeded && st.JobID != "" && !p.facts.State.Marked[st.JobID]:
		return p.mustBeUndone(ctx, seq, st.JobID)
	case succeeded && missing != nil && missing.Step == seq:
		return nil, nil
	case st.State == ledger.StepFailed:
		return p.mustHaveFailed(ctx, seq, st.AllJobIDs, succeeded, word)
	case st.State == ledger.StepPending && seq <= len(p.Steps):
		if s, err := p.list(ctx); s != nil || err != nil {
			return s, err
		}
		if ids := claims(p.facts, seq); len(ids) > 0 {
			return p.mustHaveFailed(ctx, seq, ids, succeeded, word)
		}
	}
	return notAllowed(seq, fmt.Sprintf("the step is %s", st.State)), nil
}

// edited reports whether the plan's step is not the one that was sent.
func (p *pass) edited(seq int) bool {
	sent, _ := p.facts.State.SentAs(seq)
	if sent == "" || seq > len(p.Steps) {
		return false
	}
	step := p.Steps[seq-1]
	return sent != step.ChainSHA256 && sent != step.OpenSHA256
}

// mustBeUndone: a step that succeeded is judged again only when DRS now shows
// its job as failed.
func (p *pass) mustBeUndone(ctx context.Context, seq int, id string) (*Stop, error) {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	if err != nil {
		return fromError(err), nil
	}
	if status, _ := drs.ParseStatus(j.Status); status != drs.Failed && status != drs.PrecheckFailed {
		return notAllowed(seq, "the step is succeeded"), nil
	}
	return nil, nil
}

// endedOtherwise reports whether the one job that may be the step's has ended
// and is not as it was intended: apply adopts no such job, so a person judges it.
func (p *pass) endedOtherwise(ctx context.Context, seq int) (bool, *Stop, error) {
	if s, err := p.list(ctx); s != nil || err != nil {
		return false, s, err
	}
	if len(p.facts.Survey.Candidates) != 1 {
		return false, nil, nil
	}
	j, err := p.Jobs.ShowReplicationJob(ctx, p.facts.Survey.Candidates[0].ID)
	if err != nil {
		return false, fromError(err), nil
	}
	p.candidate = j
	status, _ := drs.ParseStatus(j.Status)
	return status.Ended() && adoptable(j, p.Steps[seq-1]) != "", nil, nil
}

// mustHaveFailed: nobody says of a step that it failed while one of its jobs is
// not known to have, or a retry would restore the backup a second time.
func (p *pass) mustHaveFailed(ctx context.Context, seq int, ids []string, succeeded bool, word Word) (*Stop, error) {
	if succeeded {
		return nil, nil
	}
	for _, id := range ids {
		look, _, s, err := p.see(ctx, seq, id)
		if s != nil || err != nil {
			return s, err
		}
		_, known := drs.ParseStatus(look.Status)
		undated := look.Date.IsZero() && word.BeforeFence && (look.Gone || !known)
		if !look.Gone && !known && !p.facts.State.Marked[id] || undated && !p.facts.State.Insisted[id] {
			p.unknown = id
			return nil, nil
		}
		switch s := accountFor(p.facts.State, id, look); {
		case s == nil, s.Reason == StatusSettling:
		case s.Reason == NotFailedAnyMore:
			return notAllowed(seq, fmt.Sprintf("DRS shows job %s as %s, not as failed", id, look.Status)), nil
		default:
			return s, nil
		}
	}
	return nil, nil
}

// mustBeGone: what becomes of a job that DRS shows is read there. A person
// judges only one that has ended and is not as it was intended, or one in a
// status that no page knows.
func (p *pass) mustBeGone(ctx context.Context, seq int, id string, succeeded bool, word Word) (*Stop, error) {
	look, j, s, err := p.see(ctx, seq, id)
	switch {
	case s != nil || err != nil:
		return s, err
	case look.Gone && look.Date.IsZero() && word.BeforeFence:
		return nil, nil // no date will ever say since when
	case look.Gone && succeeded:
		return p.mustBeGoneTwice(ctx, id, look)
	case look.Gone:
		return missingStop(p.facts.State, id, look, goneAfter), nil
	}
	status, known := drs.ParseStatus(j.Status)
	if !known || status.Ended() && seq <= len(p.Steps) && differs(j, p.Steps[seq-1], false) != "" {
		return nil, nil
	}
	return notAllowed(seq, fmt.Sprintf("DRS still shows job %s, as %s; the next pass follows it", id, j.Status)), nil
}

// mustBeGoneTwice: to call a step succeeded takes two looks that do not know its
// job, as far apart as a listing may lag, and no running job of this chain.
func (p *pass) mustBeGoneTwice(ctx context.Context, id string, look Sight) (*Stop, error) {
	if s := missingStop(p.facts.State, id, look, listingLag); s != nil {
		return s, nil
	}
	if s, err := p.list(ctx); s != nil || err != nil {
		return s, err
	}
	for _, n := range p.facts.Survey.Running {
		if seq, ours := claimOf(n.OfflineTaskInfo, p.Plan); ours {
			return notAllowed(seq, fmt.Sprintf("job %s of this plan is running", n.ID)), nil
		}
	}
	return nil, nil
}
