package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// create intends a step, sends it once, and writes down what became of it.
func (p *pass) create(ctx context.Context, seq int) (*Stop, error) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < leastTime {
		return stop(TryAgain, TimeUp, seq), nil
	}
	if !p.isFresh() {
		return p.listAgain(seq), nil
	}
	step := p.Steps[seq-1]
	attempt := p.facts.State.Step(seq).Attempt
	req, err := step.Request(attempt)
	if err != nil {
		return &Stop{Code: CodeError, Reason: Broken, Err: err}, nil
	}
	p.warnShared(seq)
	if s, err := p.open(ctx); s != nil || err != nil {
		return s, err
	}
	if err := p.noteKey(ctx, step, attempt); err != nil {
		return nil, err
	}
	turned := p.keysTurned(step, attempt)
	if step.Last && !turned || !p.isFresh() { // the window has shut since Next looked, or the ledger was busy
		return p.listAgain(seq), nil
	}
	intent := p.intent(step, req)
	if err := p.Unchanged(); err != nil {
		return &Stop{Code: TryAgain, Reason: PlanChanged, Step: seq, Err: err}, nil
	}
	if p.facts.State.Step(seq).ChainSHA256 != step.ChainSHA256 {
		p.Sending(seq)
	}
	if err := p.appendAllowed(ctx, ledger.Intent, seq, attempt, intent); err != nil {
		return nil, err
	}
	mine := p.facts.State.Step(seq)
	if err := guard(req.Body, step, attempt, turned); err != nil {
		return &Stop{Code: CodeError, Reason: Broken, Err: err}, p.record(ctx, ledger.Unsent, seq, attempt, outcomeData(mine, drs.Outcome{Err: err}))
	}
	ends, _ := p.windowEnds(step)
	return p.send(ctx, seq, mine, drs.Create{Body: req.Body, SignedAt: intent.SignedAt, ListedAt: p.listedAt, EndsAt: ends, BeforeSend: p.mayLeave})
}

// send lets the create out, once. From here on a job may exist. Nothing that
// can block comes between the answer and its record.
func (p *pass) send(ctx context.Context, seq int, mine ledger.Step, c drs.Create) (*Stop, error) {
	p.sentBefore = p.result.Sent
	p.result.Sent, p.result.Step = SentMaybe, seq
	exchange, done := unstoppable(ctx)
	defer done()
	out := p.Jobs.CreateReplicationJob(exchange, c)
	if p.seams.classify != nil {
		out = p.seams.classify(out)
	}
	return p.after(ctx, seq, mine, out)
}

// mayLeave compares the plan's file once more at the first byte: the ledger may
// have kept the intent waiting.
func (p *pass) mayLeave() error {
	if err := p.Unchanged(); err != nil {
		return changedPlan{err}
	}
	return nil
}

// changedPlan keeps a create back.
type changedPlan struct{ error }

func (c changedPlan) Error() string {
	return "the plan file was changed before the first byte could leave, nothing was sent: " + c.error.Error()
}

func (c changedPlan) Unwrap() error { return c.error }

// isFresh reports whether the listing is young enough for a create to rest on.
func (p *pass) isFresh() bool { return p.seams.uptime()-p.listedAt <= drs.MaxListingAge }

// listAgain throws the listing away, so that the pass decides on a new one; or
// ends a pass whose listings are always too old.
func (p *pass) listAgain(seq int) *Stop {
	p.facts.Survey = nil
	if p.stale++; p.stale > maxStale {
		return &Stop{Code: TryAgain, Reason: APIAway, Step: seq, Detail: "what it showed was older than a minute before it could be acted on"}
	}
	return nil
}

// maxStale bounds the listings of one pass that came to nothing.
const maxStale = 5

// leastTime must be left of a run for a create to begin.
const leastTime = time.Second

// unstoppable is a context that no signal ends: an exchange under way is
// finished and recorded. The run's deadline still holds.
func unstoppable(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithoutCancel(ctx), func() {}
	}
	return context.WithDeadline(context.WithoutCancel(ctx), deadline)
}

func (p *pass) intent(step plan.Step, req plan.Request) ledger.IntentData {
	signedAt, byServer := p.serverNow()
	d := ledger.IntentData{
		JobName: req.JobName, Body: string(req.Body), BodySHA256: req.SHA256,
		ChainSHA256: step.ChainSHA256, Last: step.Last, SignedAt: signedAt.Truncate(time.Second),
		TokenAuth: p.Identity.TokenAuth, Principal: p.Identity.Principal, ListedUnknown: p.facts.State.Unnamed(p.facts.Survey.News),
	}
	if byServer {
		d.FenceUntil = d.SignedAt.Add(silentFence)
		d.AnsweredFenceUntil = d.SignedAt.Add(answeredFence)
	}
	if byServer && d.TokenAuth {
		d.FenceUntil = d.SignedAt.Add(tokenFence)
	}
	return d
}

// keysTurned repeats the question of Next for the guard, by the clocks as they
// are now: the listing may be minutes old.
func (p *pass) keysTurned(step plan.Step, attempt int) bool {
	f := p.facts
	f.Now = p.seams.now()
	if now, byServer := p.serverNow(); byServer {
		later := *f.Survey
		later.Date = now
		f.Survey = &later
	}
	return step.Last && keys(f, step, attempt) == nil
}

// windowEnds is the Uptime at which a cutover's window ends by the first of the
// two clocks, and whose clock that is; 0 where it has no end.
func (p *pass) windowEnds(step plan.Step) (at time.Duration, clock string) {
	if !step.Last || step.Plan.Cutover.NotAfter.IsZero() || p.Keys.AnyKey {
		return 0, ""
	}
	began := p.seams.uptime() // before the clocks are read: a pause in between ends the window sooner
	server, _ := p.serverNow()
	local := p.seams.now()
	now, clock := server, "DRS's"
	if local.After(server) {
		now, clock = local, "this machine's"
	}
	return max(1, began+min(step.Plan.Cutover.NotAfter.Sub(now), farOff)), clock
}

// farOff keeps a sum of times from running over.
const farOff = 24 * time.Hour

// windowEnded is the stop of a cutover that was ready to leave too late.
func (p *pass) windowEnded(step plan.Step) *Stop {
	_, clock := p.windowEnds(step)
	return &Stop{Code: CutoverHeld, Reason: WindowPast, Step: step.Seq, Until: step.Plan.Cutover.NotAfter, Detail: clock}
}

// noteKey records who gave a second key.
func (p *pass) noteKey(ctx context.Context, step plan.Step, attempt int) error {
	for _, key := range []struct {
		given string
		used  bool
	}{
		{p.Keys.Overwrite, p.facts.OverwriteKey(step)},
		{p.Keys.Cutover, step.Last && !p.Plan.Cutover.Unattended},
	} {
		if !key.used || key.given == "" {
			continue
		}
		d := p.Who.decision(ledger.Confirm, "")
		d.Key = key.given
		if err := p.append(ctx, ledger.Decision, step.Seq, attempt, d); err != nil {
			return err
		}
	}
	return nil
}

// after writes down what became of the create, and says how the pass goes on.
func (p *pass) after(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome) (*Stop, error) {
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
		if s := p.written(ctx, ledger.Refused, seq, mine, data); s != nil {
			return s, nil
		}
		p.change(seq, "refused", "")
		return &Stop{Code: Failed, Reason: CreateRefused, Step: seq, Err: out.Err}, nil
	case drs.Throttled:
		return p.throttled(ctx, seq, mine, out, data)
	case drs.Denied:
		return p.denied(ctx, seq, mine, out, data)
	default: // unsent
		if s := p.written(ctx, ledger.Unsent, seq, mine, data); s != nil {
			return s, nil
		}
		var changed changedPlan
		switch {
		case errors.Is(out.Err, drs.ErrWindow):
			return p.windowEnded(p.Steps[seq-1]), nil
		case errors.As(out.Err, &changed):
			return &Stop{Code: TryAgain, Reason: PlanChanged, Step: seq, Err: changed.error}, nil
		}
		return p.repeat(ctx, p.seams.jitter(p.repeats), &Stop{Code: TryAgain, Reason: NotSent, Step: seq, Err: out.Err}), nil
	}
}

// isOld reports whether a job was there before the create that it is said to
// have come of: a cache or a confused gateway gave another's answer. It rests
// on what was read before the create, since a ledger that cannot be read now
// must not keep the answer from being written.
func (p *pass) isOld(mine ledger.Step, jobID string) bool {
	_, known := p.facts.State.StepOfJob[jobID]
	return known || p.others[jobID] || p.facts.State.KnownAt(jobID, mine.IntentSeq)
}

// written records an outcome. Where that fails, the outcome is in the Stop for
// a person to see, and the next run settles it.
func (p *pass) written(ctx context.Context, kind ledger.Kind, seq int, mine ledger.Step, data ledger.OutcomeData) *Stop {
	if err := p.record(ctx, kind, seq, mine.Attempt, data); err != nil {
		s := &Stop{Code: TryAgain, Reason: RecordLost, Step: seq, Detail: string(kind), Err: err}
		if data.JobID != "" {
			s.Jobs = []string{data.JobID}
		}
		return s
	}
	return nil
}

func (p *pass) accepted(ctx context.Context, seq int, mine ledger.Step, data ledger.OutcomeData) (*Stop, error) {
	p.result.Sent = SentYes
	if s := p.written(ctx, ledger.Accepted, seq, mine, data); s != nil {
		return s, nil
	}
	p.change(seq, "submitted", data.JobID)
	if p.facts.State.Conflict != "" { // another run had settled this intent meanwhile
		return &Stop{Code: Conflict, Reason: LedgerConflict, Step: seq, Jobs: []string{data.JobID}, Detail: p.facts.State.Conflict}, nil
	}
	p.facts.Survey, p.facts.Looked = nil, false
	return p.firstLook(ctx, seq, data.JobID)
}

// firstLook compares the new job with what was asked for, and ends the pass:
// one step a pass. What it cannot see now, the next pass will.
func (p *pass) firstLook(ctx context.Context, seq int, id string) (*Stop, error) {
	j, err := p.Jobs.ShowReplicationJob(ctx, id)
	if err == nil {
		if diff := differs(j, p.Steps[seq-1], false); diff != "" {
			return &Stop{Code: Conflict, Reason: JobDiffers, Step: seq, Jobs: []string{id}, Detail: diff}, nil
		}
	}
	if s := p.alone(ctx, seq); s != nil {
		return s, nil
	}
	return stop(OK, JobRunning, seq), nil
}

// alone lists the target once more while a full or a cutover runs: a run with
// another ledger may have sent the same step in the same minute. What this
// listing does not show, or fails to show, the one of the next pass may. A job
// that failed can wait for the listing before the next create.
func (p *pass) alone(ctx context.Context, seq int) *Stop {
	if step := p.Steps[seq-1]; step.Seq != 1 && !step.Last {
		return nil
	}
	if s, err := p.list(ctx); s != nil || err != nil {
		return nil
	}
	defer func() { p.facts.Survey = nil }()
	p.facts.Survey.Unknown = slices.DeleteFunc(p.facts.Survey.Unknown, hasFailed)
	if len(p.facts.Survey.Unknown) == 0 {
		return nil
	}
	return strangeJobs(p.facts, seq)
}

func hasFailed(j drs.OfflineTaskInfo) bool {
	status, _ := drs.ParseStatus(j.Status)
	return status == drs.Failed || status == drs.PrecheckFailed
}

func (p *pass) doubted(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) (*Stop, error) {
	if out.Answered {
		if s := p.written(ctx, ledger.Answered, seq, mine, data); s != nil {
			return s, nil
		}
	}
	p.Note(Note{Warning: true, Step: seq, What: "the outcome of the create is unknown; searching for its job", Err: out.Err})
	p.doubtAt, p.searches, p.doubt, p.facts.Survey = p.seams.uptime(), 0, nil, nil
	return nil, nil
}

// drsCalm is how long nothing is sent after DRS itself called it too often, so
// that a listing would show a job that was made all the same.
const drsCalm = listingLag

func (p *pass) throttled(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) (*Stop, error) {
	wait := out.RetryAfter
	if out.ByDRS {
		wait = max(wait, drsCalm)
	}
	now := out.Date
	if now.IsZero() {
		now, _ = p.serverNow()
	}
	data.NotBefore = now.Add(wait)
	if s := p.written(ctx, ledger.Throttled, seq, mine, data); s != nil {
		return s, nil
	}
	s := &Stop{Code: TryAgain, Reason: Throttled, Step: seq, Until: data.NotBefore, Err: out.Err}
	if wait > longestPause {
		return s, nil
	}
	return p.repeat(ctx, wait+p.seams.jitter(p.repeats), s), nil
}

// denied renews the credential once.
func (p *pass) denied(ctx context.Context, seq int, mine ledger.Step, out drs.Outcome, data ledger.OutcomeData) (*Stop, error) {
	if s := p.written(ctx, ledger.Unsent, seq, mine, data); s != nil {
		return s, nil
	}
	s := &Stop{Code: Denied, Reason: AccessDenied, Step: seq, Err: out.Err}
	if !out.Renewable || p.renewed || p.Renew == nil {
		return s, nil
	}
	p.renewed = true
	if ok, err := p.Renew(ctx); err != nil || !ok {
		return s, nil
	}
	p.facts.Survey = nil
	return nil, nil
}

// maxRepeats bounds the creates of one pass that were not taken.
const maxRepeats = 5

// repeat lets the pass go round again after a pause, with a fresh listing and
// a new intent; or ends it with s.
func (p *pass) repeat(ctx context.Context, pause time.Duration, s *Stop) *Stop {
	p.repeats++
	if p.repeats >= maxRepeats {
		return s
	}
	p.Note(Note{Step: s.Step, What: "the create was not taken; trying again", Err: s.Err})
	if !p.seams.sleep(ctx, pause) {
		return s
	}
	p.facts.Survey = nil
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
