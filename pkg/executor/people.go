package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	r = r.withSeams()
	if !r.seams.noLock {
		lock, err := r.Ledger.Lock(ctx, r.Plan.Target.InstanceID, r.LockWait)
		if err != nil {
			return Result{Stop: *lockStop(ctx, err), Sent: SentNo}
		}
		defer lock.Unlock()
	}
	for range maxRaces {
		p := &pass{Runner: r, recognizes: recognizes, result: Result{Sent: SentNo}}
		s, err := p.decideOnce(ctx, f)
		if errors.Is(err, ledger.ErrLostRace) {
			continue
		}
		if err != nil {
			s = ledgerStop(err)
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
	if p.facts.State.Closed != nil {
		return stop(Conflict, ClosedGeneration, 0), nil
	}
	return f(ctx, p)
}

// repairs reports whether a decision may go on in spite of s: without
// credentials the principal is not known, and need not be.
func (p *pass) repairs(s *Stop) bool {
	return s.Reason == OtherIdentity && (p.Identity == Identity{} || p.recognizes)
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

// HoldPlan freezes the plan for every runner, until ReleasePlan.
func (r *Runner) HoldPlan(ctx context.Context, reason string) Result {
	return r.toggle(ctx, ledger.Hold, reason)
}

// ReleasePlan ends a hold.
func (r *Runner) ReleasePlan(ctx context.Context, reason string) Result {
	return r.toggle(ctx, ledger.Release, reason)
}

func (r *Runner) toggle(ctx context.Context, what, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		switch held := p.facts.State.Held != nil; {
		case held && what == ledger.Hold:
			return notAllowed(0, "the plan is on hold already"), nil
		case !held && what == ledger.Release:
			return notAllowed(0, "the plan is not on hold"), nil
		}
		return nil, p.person(ctx, 0, 0, p.Who.decision(what, reason))
	})
}

// Ignore declares that a job on the target is of no concern to the plan.
func (r *Runner) Ignore(ctx context.Context, jobID, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		if seq, ok := p.facts.State.Jobs[jobID]; ok {
			return notAllowed(seq, fmt.Sprintf("job %s is step %d of this plan", jobID, seq)), nil
		}
		d := p.Who.decision(ledger.IgnoreJob, reason)
		d.JobID = jobID
		return nil, p.person(ctx, 0, 0, d)
	})
}

// NotCreated ends a doubt on a person's word. The target is searched first; a
// word that comes before the fence is taken only with beforeFence.
func (r *Runner) NotCreated(ctx context.Context, seq int, beforeFence bool, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if st.State != ledger.InDoubt {
			return notAllowed(seq, fmt.Sprintf("the step is %s, not in doubt", st.State)), nil
		}
		if s, err := p.mustNotBeListed(ctx, seq); s != nil || err != nil {
			return s, err
		}
		fence := fenceOf(st)
		now, byServer := p.serverNow()
		if !beforeFence && (!byServer || fence.IsZero() || now.Before(fence)) {
			return &Stop{Code: TryAgain, Reason: Settling, Step: seq, Until: fence}, nil
		}
		d := p.Who.decision(ledger.NotCreated, reason)
		d.Intent, d.BeforeFence = st.IntentSeq, beforeFence
		return nil, p.person(ctx, seq, st.Attempt, d)
	})
}

// mustNotBeListed searches the target for what may be the step's job.
func (p *pass) mustNotBeListed(ctx context.Context, seq int) (*Stop, error) {
	if s, err := p.list(ctx); s != nil || err != nil {
		return s, err
	}
	v := p.facts.Survey
	switch {
	case len(v.Candidates) > 0:
		return about(v.Candidates, JobDiffers, seq), nil
	case len(v.Unaccounted) > 0:
		return &Stop{Code: InDoubt, Reason: DoubtAsk, Step: seq, Why: WhyUnaccounted, Jobs: v.Unaccounted}, nil
	}
	return nil, nil
}

// Pronounce says how a step ended that no look at DRS can show any more: a
// doubt without a job, a running job whose record is gone, or a failure that
// turned out to be none.
func (r *Runner) Pronounce(ctx context.Context, seq int, succeeded bool, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if s, err := p.mustBeInvisible(ctx, seq, st); s != nil || err != nil {
			return s, err
		}
		what := ledger.IsFailure
		if succeeded {
			what = ledger.IsSuccess
		}
		return nil, p.person(ctx, seq, st.Attempt, p.Who.decision(what, reason))
	})
}

func (p *pass) mustBeInvisible(ctx context.Context, seq int, st ledger.Step) (*Stop, error) {
	switch {
	case st.State == ledger.InDoubt:
		return p.mustNotBeListed(ctx, seq)
	case st.State == ledger.Running:
		return p.mustBeGone(ctx, seq, st.JobID)
	case st.State == ledger.StepFailed, st.PriorJob != "":
		return nil, nil
	}
	return notAllowed(seq, fmt.Sprintf("the step is %s", st.State)), nil
}

func (p *pass) mustBeGone(ctx context.Context, seq int, id string) (*Stop, error) {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	if refused, ok := asRefused(err); ok && refused.NotFound() {
		return nil, nil
	} else if err != nil {
		return fromError(err), nil
	}
	return notAllowed(seq, fmt.Sprintf("DRS still shows job %s, as %s; apply follows it", id, j.Status)), nil
}

// Adopt declares that a job is the step's, whatever its name, after comparing
// it with the step.
func (r *Runner) Adopt(ctx context.Context, seq int, jobID, reason string) Result {
	return r.decide(ctx, func(ctx context.Context, p *pass) (*Stop, error) {
		st := p.facts.State.Step(seq)
		if s := p.mayAdopt(seq, st, jobID); s != nil {
			return s, nil
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, jobID)
		if err != nil {
			return fromError(err), nil
		}
		if diff := differs(j, p.Steps[seq-1], true); diff != "" {
			return &Stop{Code: Conflict, Reason: JobDiffers, Step: seq, Jobs: []string{jobID}, Detail: diff}, nil
		}
		if s, err := p.openFor(ctx); s != nil || err != nil {
			return s, err
		}
		d := p.Who.decision("adopt", reason)
		d.JobID = jobID
		return nil, p.adopt(ctx, seq, st.Attempt, jobID, d)
	})
}

func (p *pass) mayAdopt(seq int, st ledger.Step, jobID string) *Stop {
	if of, ok := p.facts.State.Jobs[jobID]; ok {
		return notAllowed(seq, fmt.Sprintf("job %s is step %d already", jobID, of))
	}
	if st.State != ledger.InDoubt && st.State != ledger.Pending {
		return notAllowed(seq, fmt.Sprintf("the step is %s; a job is adopted for a step in doubt or pending", st.State))
	}
	for before := 1; before < seq; before++ {
		if s := p.facts.State.Step(before).State; s != ledger.StepSucceeded {
			return notAllowed(seq, fmt.Sprintf("step %d before it is %s", before, s))
		}
	}
	return nil
}

// adopt appends the adoption of a job, for the intent in doubt or without one.
func (p *pass) adopt(ctx context.Context, seq, attempt int, jobID string, d ledger.DecisionData) error {
	st := p.facts.State.Step(seq)
	o := ledger.OutcomeData{JobID: jobID, Decision: &d}
	if st.State == ledger.InDoubt {
		o.Intent, o.IntentRun = st.IntentSeq, st.IntentRun
	} else {
		o.ChainSHA256, o.Last = p.Steps[seq-1].ChainSHA256, p.Steps[seq-1].Last
	}
	if err := p.append(ctx, ledger.Adopted, seq, attempt, o); err != nil {
		return err
	}
	p.change(seq, "adopted", jobID)
	return nil
}

// openFor opens the chain for a decision that comes before any create.
func (p *pass) openFor(ctx context.Context) (*Stop, error) {
	if p.facts.State.Opened != nil {
		return nil, nil
	}
	if s, err := p.list(ctx); s != nil || err != nil {
		return s, err
	}
	return p.open(ctx)
}

// AdoptAll rebuilds what the ledger has lost: every job on the target that
// bears this chain's name and marker is adopted for its step, in order. It
// also records the credentials that saw them as the chain's.
func (r *Runner) AdoptAll(ctx context.Context, reason string) Result {
	return r.decideAs(ctx, true, func(ctx context.Context, p *pass) (*Stop, error) {
		if s, err := p.list(ctx); s != nil || err != nil {
			return s, err
		}
		v := p.facts.Survey
		if !v.Complete || p.facts.State.Witness != "" && !slices.Contains(v.IDs, p.facts.State.Witness) {
			return &Stop{Code: TryAgain, Reason: APIAway, Detail: "the listing is not whole"}, nil
		}
		found := append(slices.Clone(v.Unknown), v.Candidates...)
		jobs, s := p.matchAll(ctx, found)
		if s != nil {
			return s, nil
		}
		if len(jobs) == 0 && p.facts.State.Opened == nil {
			return notAllowed(0, "DRS lists no job of this plan on the target"), nil
		}
		if s, err := p.adoptEach(ctx, jobs, reason); s != nil || err != nil {
			return s, err
		}
		return nil, p.ignoreOlder(ctx, found, jobs)
	})
}

// matchAll finds the newest attempt of each step among the jobs found, and
// compares it with its step.
func (p *pass) matchAll(ctx context.Context, found []drs.OfflineTaskInfo) (map[int]drs.Job, *Stop) {
	jobs := map[int]drs.Job{}
	for seq := 1; seq <= len(p.Steps) && len(found) > 0; seq++ {
		newest := p.newest(found, seq)
		if newest == nil {
			continue
		}
		j, err := p.Jobs.ShowReplicationJob(ctx, newest.ID)
		if err != nil {
			return nil, fromError(err)
		}
		step := p.Steps[seq-1]
		diff := differs(j, step, true)
		if diff == "" {
			diff = markerDiffers(j, step)
		}
		if diff != "" {
			return nil, &Stop{Code: Conflict, Reason: JobDiffers, Step: seq, Jobs: []string{j.ID}, Detail: diff}
		}
		jobs[seq] = j
	}
	return jobs, nil
}

// newest is the job with the longest name, which is that of the last attempt.
func (p *pass) newest(found []drs.OfflineTaskInfo, seq int) *drs.OfflineTaskInfo {
	var best *drs.OfflineTaskInfo
	prefix := jobPrefix(p.Plan, seq)
	for i, j := range found {
		name := strings.ToLower(j.Name)
		isStep := name == prefix || strings.HasPrefix(name, prefix+"-a")
		if isStep && (best == nil || attemptOf(name, prefix) > attemptOf(strings.ToLower(best.Name), prefix)) {
			best = &found[i]
		}
	}
	return best
}

// attemptOf reads the attempt from a job's name.
func attemptOf(name, prefix string) int {
	n := 1
	if rest, ok := strings.CutPrefix(name, prefix+"-a"); ok {
		_, _ = fmt.Sscanf(rest, "%d", &n)
	}
	return n
}

func (p *pass) adoptEach(ctx context.Context, jobs map[int]drs.Job, reason string) (*Stop, error) {
	if s, err := p.open(ctx); s != nil || err != nil {
		return s, err
	}
	d := p.Who.decision(ledger.Recognize, reason)
	d.Principal = p.Identity.Principal
	if err := p.person(ctx, 0, 0, d); err != nil {
		return nil, err
	}
	for seq := 1; seq <= len(p.Steps); seq++ {
		j, ok := jobs[seq]
		if !ok {
			continue
		}
		attempt := attemptOf(strings.ToLower(j.Name), jobPrefix(p.Plan, seq))
		if err := p.adopt(ctx, seq, attempt, j.ID, d); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// ignoreOlder makes the jobs of earlier attempts known: a later attempt stands
// for the step.
func (p *pass) ignoreOlder(ctx context.Context, found []drs.OfflineTaskInfo, jobs map[int]drs.Job) error {
	for _, old := range found {
		for seq, j := range jobs {
			if old.ID == j.ID || !isFor(old, p.Plan, seq) {
				continue
			}
			d := p.Who.decision(ledger.IgnoreJob, "an earlier attempt of an adopted step")
			d.JobID = old.ID
			if err := p.person(ctx, 0, 0, d); err != nil {
				return err
			}
		}
	}
	return nil
}
