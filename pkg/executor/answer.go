package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// handleOutcome records the outcome of a create and decides how the pass continues.
func (p *pass) handleOutcome(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome) error {
	data := outcomeData(mine, out)
	switch out.Kind {
	case drs.Accepted:
		if !p.isOld(mine, data.JobID) {
			return p.accepted(ctx, seq, mine, data)
		}
		out.Err = fmt.Errorf("the answer names job %s, which is older than this create", data.JobID)
		out.Answered, data.JobID, data.Message = true, "", out.Err.Error()
		return p.doubted(ctx, seq, mine, out, data)
	case drs.InDoubt:
		return p.doubted(ctx, seq, mine, out, data)
	}
	p.result.Sent = p.sentBefore
	switch out.Kind {
	case drs.Refused:
		if err := p.recordOutcome(ctx, ledger.Refused, seq, mine, data); err != nil {
			return err
		}
		p.change(seq, ChangeRefused, "")
		return &Stop{Reason: CreateRefused, Step: seq, Err: out.Err}
	case drs.Throttled:
		return p.throttled(ctx, seq, mine, out, data)
	case drs.Denied:
		return p.denied(ctx, seq, mine, out, data)
	}
	return p.unsent(ctx, seq, mine, out, data)
}

// unsent ends the pass, or repeats the create if only the network was in its way.
func (p *pass) unsent(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) error {
	if err := p.recordOutcome(ctx, ledger.Unsent, seq, mine, data); err != nil {
		return err
	}
	var changed changedPlan
	var lost lostLock
	switch {
	case errors.Is(out.Err, drs.ErrWindow):
		return p.windowEnded(p.Plan.Steps[seq-1])
	case errors.As(out.Err, &changed):
		return &Stop{Reason: PlanChanged, Step: seq, Err: changed.error}
	case errors.As(out.Err, &lost):
		return &Stop{Reason: LockLost, Step: seq, Err: lost.error}
	}
	return p.repeat(ctx, 0, &Stop{Reason: NotSent, Step: seq, Err: out.Err})
}

// isOld reports whether the job in an answer existed before the create: a
// cache or a confused gateway returned the answer to another request. It uses
// what was read before the create, so that a ledger that cannot be read now
// does not keep the answer from being recorded.
func (p *pass) isOld(mine ledger.Step, jobID string) bool {
	_, known := p.facts.State.StepOfJob[jobID]
	return known || p.others[jobID] || p.facts.State.KnownAt(jobID, mine.IntentSeq)
}

// recordOutcome records an outcome. If that fails, the returned Stop carries the
// outcome for a person to see, and the next run settles it.
func (p *pass) recordOutcome(ctx context.Context, kind ledger.Kind, seq int, mine ledger.Step, data ledger.OutcomeData) error {
	if err := p.appendRetrying(ctx, kind, seq, mine.Attempt, data); err != nil {
		s := &Stop{Reason: RecordLost, Step: seq, Detail: string(kind), Err: err}
		if data.JobID != "" {
			s.Jobs = []string{data.JobID}
		}
		return s
	}
	return nil
}

func (p *pass) accepted(ctx context.Context, seq int, mine ledger.Step, data ledger.OutcomeData) error {
	p.result.Sent = SentYes
	if err := p.recordOutcome(ctx, ledger.Accepted, seq, mine, data); err != nil {
		return err
	}
	p.change(seq, ChangeSubmitted, data.JobID)
	if c := p.facts.State.Conflict; c != nil { // another run has settled this intent meanwhile
		return ledgerConflict(c)
	}
	p.facts.target, p.facts.looked = nil, false
	return p.firstLook(ctx, seq, data.JobID)
}

// firstLook compares the new job with the request and ends the pass: a pass
// sends one step. If the job cannot be seen yet, the next pass looks at it.
func (p *pass) firstLook(ctx context.Context, seq int, id string) error {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	if err == nil {
		if diff := differs(j, p.Plan.Steps[seq-1], false); diff != nil {
			return &Stop{Reason: JobDiffers, Step: seq, Jobs: []string{id}, Differs: diff}
		}
	}
	if err := p.alone(ctx, seq); err != nil {
		return err
	}
	return stop(JobRunning, seq)
}

// alone lists the target once more while a full or a cutover runs, since a run
// with another ledger may have sent the same step at the same time. If this
// listing fails or lags, the next pass finds the job. A second job that failed
// can wait for the listing before the next create.
func (p *pass) alone(ctx context.Context, seq int) error {
	if step := p.Plan.Steps[seq-1]; step.Seq != 1 && !step.Last {
		return nil
	}
	if err := p.list(ctx); err != nil {
		return nil
	}
	defer func() { p.facts.target = nil }()
	p.facts.target.Unknown = slices.DeleteFunc(p.facts.target.Unknown, hasFailed)
	if len(p.facts.target.Unknown) == 0 {
		return nil
	}
	return strangeJobs(p.facts, seq)
}

func hasFailed(j drs.OfflineTaskInfo) bool {
	status, _ := drs.ParseStatus(j.Status)
	return status.HasFailed()
}

func (p *pass) doubted(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) error {
	if out.Answered {
		if err := p.recordOutcome(ctx, ledger.Answered, seq, mine, data); err != nil {
			return err
		}
	}
	p.Doubted(seq)
	p.Note(Note{Warning: true, Step: seq, What: "the outcome of the create is unknown; searching for its job", Err: out.Err})
	p.doubtAt, p.searches, p.doubt, p.facts.target = p.hooks.uptime(), 0, nil, nil
	return nil
}

// drsCalm is how long nothing is sent after DRS itself refused a request as
// too frequent, so that a listing would show a job that it created all the
// same.
const drsCalm = listingLag

func (p *pass) throttled(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) error {
	wait := out.RetryAfter
	if out.ByDRS {
		wait = max(wait, drsCalm)
	}
	now := out.Date
	if now.IsZero() {
		now, _ = p.serverNow()
	}
	data.NotBefore = now.Add(wait)
	if err := p.recordOutcome(ctx, ledger.Throttled, seq, mine, data); err != nil {
		return err
	}
	s := &Stop{Reason: Throttled, Step: seq, Until: data.NotBefore, Err: out.Err}
	if wait > longestPause {
		return s
	}
	return p.repeat(ctx, wait, s)
}

// denied renews the credential once, then ends the pass.
func (p *pass) denied(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) error {
	if err := p.recordOutcome(ctx, ledger.Unsent, seq, mine, data); err != nil {
		return err
	}
	s := &Stop{Reason: AccessDenied, Step: seq, Why: WhyCreateDenied, Err: out.Err}
	if !out.Renewable || p.renewed || p.Renew == nil {
		return s
	}
	p.renewed = true
	if ok, err := p.Renew(ctx); err != nil || !ok {
		return s
	}
	p.facts.target = nil
	return nil
}

// maxRepeats bounds the creates of one pass that were not accepted.
const maxRepeats = 5

// repeat lets the pass decide again after a pause, with a new listing and a
// new intent, or ends it with s. The pause is wait and a random time more,
// whose upper bound doubles with every repeat.
func (p *pass) repeat(ctx context.Context, wait time.Duration, s *Stop) error {
	spread := min(time.Second<<min(p.repeats, 10), longestPause)
	p.repeats++
	if p.repeats >= maxRepeats {
		return s
	}
	p.Note(Note{Step: s.Step, What: "the create was not accepted; trying again", Err: s.Err})
	if !p.hooks.sleep(ctx, wait, spread) {
		return s
	}
	p.facts.target = nil
	return nil
}

// outcomeData is what the ledger keeps of an outcome.
func outcomeData(mine ledger.Step, out drs.Outcome) ledger.OutcomeData {
	d := ledger.OutcomeData{Intent: mine.IntentSeq, IntentRun: mine.IntentRun, JobID: out.JobID}
	if refused, ok := asRefused(out.Err); ok {
		d.StatusCode, d.Code, d.Message, d.RequestID = refused.StatusCode, refused.Code, refused.Message, refused.RequestID
	} else if out.Err != nil {
		d.Message = out.Err.Error()
	}
	return d
}
