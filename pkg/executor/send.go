package executor

import (
	"context"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// create records the intent of a step, sends its request once, and records the
// outcome. It is long because the order of its checks matters: each is made as late
// as it can be.
func (p *pass) create(ctx context.Context, seq int) error {
	if err := p.passesGate(ctx, seq); err != nil {
		return err
	}
	if err := p.Turn(ctx, longestTurn-(p.hooks.uptime()-p.listedAt)); err != nil {
		return p.cutShort(ctx, nil)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < leastTime { // after what may take long
		return stop(TimeUp, seq)
	}
	if !p.isFresh() {
		return p.listAgain(seq)
	}
	step := p.Plan.Steps[seq-1]
	attempt := p.facts.State.Step(seq).Attempt
	req, err := step.Request(attempt)
	if err != nil {
		return &Stop{Reason: Broken, Err: err}
	}
	if err := p.prepare(ctx, step, attempt); err != nil {
		return err
	}
	confirmed := p.confirmed(step, attempt)
	if step.Last && !confirmed || !p.isFresh() { // the window has ended since Next decided, or the ledger was busy
		return p.listAgain(seq)
	}
	intent := p.intent(step, req)
	if err := p.Unchanged(); err != nil {
		return &Stop{Reason: PlanChanged, Step: seq, Err: err}
	}
	if err := p.holdsLock(ctx); err != nil {
		return &Stop{Reason: LockLost, Step: seq, Err: err}
	}
	if p.facts.State.Step(seq).ChainSHA256 != step.ChainSHA256 {
		p.Sending(seq)
	}
	if err := p.appendAllowed(ctx, ledger.Intent, seq, attempt, intent); err != nil {
		return err
	}
	mine := p.facts.State.Step(seq)
	if err := p.checkRequest(ctx, mine, step, req.Body, confirmed); err != nil {
		return err
	}
	ends, _ := p.windowEnds(step)
	return p.send(ctx, seq, mine, drs.Create{
		Body: req.Body, SignedAt: intent.SignedAt, ListedAt: p.listedAt, EndsAt: ends,
		BeforeSend: func() error { return p.mayLeave(ctx) },
	})
}

// prepare records what must be in the ledger before the intent of a step.
func (p *pass) prepare(ctx context.Context, step plan.Step, attempt int) error {
	p.warnShared(step.Seq)
	if err := p.open(ctx); err != nil {
		return err
	}
	return p.noteKey(ctx, step, attempt)
}

// checkRequest asks the guard about the recorded request. One that it refuses
// is recorded as unsent.
func (p *pass) checkRequest(ctx context.Context, mine ledger.Step, step plan.Step, body []byte, confirmed bool) error {
	err := guard(body, step, mine.Attempt, confirmed)
	if err == nil {
		return nil
	}
	if lost := p.appendRetrying(ctx, ledger.Unsent, step.Seq, mine.Attempt, outcomeData(mine, drs.Outcome{Err: err})); lost != nil {
		return lost
	}
	return &Stop{Reason: Broken, Err: err}
}

// send sends the request, once. From here on a job may exist. Nothing that can
// block comes between the answer and its record.
func (p *pass) send(ctx context.Context, seq int, mine ledger.Step, c drs.Create) error {
	p.sentBefore = p.result.Sent
	p.result.Sent, p.result.Step = SentMaybe, seq
	exchange, done := unstoppable(ctx)
	defer done()
	out := p.Jobs.CreateReplicationJob(exchange, c)
	return p.handleOutcome(ctx, seq, mine, out)
}

// mayLeave checks the plan's file and the lock again at the first byte, since
// writing the intent may have taken long.
func (p *pass) mayLeave(ctx context.Context) error {
	if err := p.Unchanged(); err != nil {
		return changedPlan{err}
	}
	if err := p.holdsLock(ctx); err != nil {
		return lostLock{err}
	}
	return nil
}

// holdsLock returns an error if another run may have got the lock on the target
// since this pass took it.
func (p *pass) holdsLock(ctx context.Context) error {
	if p.lock == nil {
		return nil
	}
	return p.lock.Held(ctx)
}

// lostLock is the error that keeps a request from being sent.
type lostLock struct{ error }

func (l lostLock) Error() string {
	return "the lock was lost before the first byte was sent; nothing was sent: " + l.error.Error()
}

func (l lostLock) Unwrap() error { return l.error }

// changedPlan is the error that keeps a request from being sent.
type changedPlan struct{ error }

func (c changedPlan) Error() string {
	return "the plan file was changed before the first byte was sent; nothing was sent: " + c.error.Error()
}

func (c changedPlan) Unwrap() error { return c.error }

// isFresh reports whether the listing is recent enough for a create.
func (p *pass) isFresh() bool { return p.hooks.uptime()-p.listedAt <= drs.MaxListingAge }

// listAgain discards the listing, so that the pass decides on a new one. It
// ends a pass whose listings are always too old.
func (p *pass) listAgain(seq int) error {
	p.facts.target = nil
	if p.stale++; p.stale > maxStale {
		return &Stop{Reason: APIUnavailable, Step: seq, Why: WhyListStale}
	}
	return nil
}

// maxStale bounds the listings of one pass that were too old to use.
const maxStale = 5

// longestTurn is the age of a listing at which its create no longer waits for its
// turn.
const longestTurn = drs.MaxListingAge / 2

// leastTime is the time that a create needs before the end of the run.
const leastTime = time.Second

// unstoppable is a context that no signal ends: a request in progress is
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
		TokenAuth: p.Identity.TokenAuth, Principal: p.Identity.Principal, ListedUnknown: p.facts.State.Unnamed(p.facts.target.News),
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

// confirmed asks again, for the guard, whether the cutover is confirmed, by
// the clocks as they are now: the listing may be minutes old.
func (p *pass) confirmed(step plan.Step, attempt int) bool {
	f := p.facts
	f.Now = p.hooks.now()
	if now, byServer := p.serverNow(); byServer {
		later := *f.target
		later.Date = now
		f.target = &later
	}
	return step.Last && keys(f, step, attempt) == nil
}

// windowEnds is the uptime at which a cutover's window ends by the earlier of
// the two clocks, and which clock that is; 0 if it has no end.
func (p *pass) windowEnds(step plan.Step) (at time.Duration, clock Why) {
	if !step.Last || step.Plan.Cutover.NotAfter.IsZero() || p.Keys.Rehearsal {
		return 0, ""
	}
	began := p.hooks.uptime() // read first: a pause before the other clocks are read ends the window early
	server, _ := p.serverNow()
	local := p.hooks.now()
	now, clock := server, WhyServerClock
	if local.After(server) {
		now, clock = local, WhyLocalClock
	}
	return max(1, began+min(step.Plan.Cutover.NotAfter.Sub(now), farOff)), clock
}

// farOff keeps a sum of times from overflowing.
const farOff = 24 * time.Hour

// windowEnded is the stop of a cutover whose window ended before the first
// byte.
func (p *pass) windowEnded(step plan.Step) *Stop {
	_, clock := p.windowEnds(step)
	return &Stop{Reason: WindowPast, Step: step.Seq, Until: step.Plan.Cutover.NotAfter, Why: clock}
}

// noteKey records the confirmations that a create uses.
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
