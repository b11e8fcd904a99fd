package executor

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Jobs is what the executor needs of DRS: *drs.Client over the network, the
// simulator in memory in tests.
type Jobs interface {
	CreateReplicationJob(context.Context, drs.Create) drs.Outcome
	ShowReplicationJob(ctx context.Context, jobID string) (drs.Job, error)
	ListReplicationJobs(ctx context.Context, instanceID string) (drs.Listing, error)
}

// Runner carries one plan forward.
type Runner struct {
	Plan      *plan.Plan
	Jobs      Jobs
	Ledger    *ledger.Ledger
	Identity  Identity
	Keys      Keys
	Who       Who
	Run       string // names this process in the ledger
	AskPerson bool   // no doubt is settled by evidence, only by a person
	LockWait  time.Duration
	// Renew gets another credential after one was refused; nil: there is
	// none.
	Renew func(context.Context) (bool, error)
	// Unchanged returns an error if the plan's file no longer holds what
	// Plan was made from. It is called right before each intent, and again
	// before the first byte of a request; nil: there is no file.
	Unchanged func() error
	// Gate may refuse a step that is about to be sent, before anything is written
	// about it: with a *Stop, or with another error if it could not find out. It
	// is called once in a pass; nil: every step may be sent.
	Gate func(context.Context, plan.Step) error
	// Sending is called with a step right before its first intent, and
	// must not block; nil: not called.
	Sending func(step int)
	// Changed is called with each change of a pass once it is recorded, and Doubted
	// with a step whose job is searched for, since the answer to its create was lost.
	// Both must not block; nil: not called.
	Changed func(Change)
	Doubted func(step int)
	// Listed returns a job as a fresh list shows it; false if none does. nil:
	// there is no list.
	Listed func(jobID string) (drs.OfflineTaskInfo, bool)
	// Turn waits until a create may be sent, at most for longest: it rests on
	// what was read before. nil: at any time.
	Turn func(ctx context.Context, longest time.Duration) error
	// Note receives what is worth logging, and must not block; nil: not
	// called.
	Note func(Note)

	hooks hooks
}

// Who is the person, or the account of cron, that runs migplan.
type Who struct{ User, Host string }

// Note is one line for a log.
type Note struct {
	Warning bool
	Step    int
	What    string // a constant sentence
	Detail  string // text of a server: clean it before printing
	JobID   string
	Err     error
}

// hooks are for tests; the zero value is for production. now, uptime, sleep and
// append are the only effects of a pass besides Jobs and Ledger. The model plants
// wrong decisions through next and doubt, to show that it finds them, and runs
// hosts that the lock does not keep apart with skipLock.
type hooks struct {
	now      func() time.Time     // the local clock
	uptime   func() time.Duration // since the machine started, sleep included
	sleep    func(ctx context.Context, wait, spread time.Duration) bool
	append   func(context.Context, ledger.Head, ledger.Event, func(*ledger.Ledger) error) (ledger.Event, error)
	next     func(Facts) Action
	doubt    func(doubtFacts) verdict
	skipLock bool
}

// withDefaults returns the runner with a default for every function that was
// not given.
func (r *Runner) withDefaults() *Runner {
	c := *r
	c.hooks = c.hooks.withDefaults(&c)
	if c.Unchanged == nil {
		c.Unchanged = func() error { return nil }
	}
	if c.Sending == nil {
		c.Sending = func(int) {}
	}
	if c.Changed == nil {
		c.Changed = func(Change) {}
	}
	if c.Doubted == nil {
		c.Doubted = func(int) {}
	}
	if c.Note == nil {
		c.Note = func(Note) {}
	}
	if c.Listed == nil {
		c.Listed = func(string) (drs.OfflineTaskInfo, bool) { return drs.OfflineTaskInfo{}, false }
	}
	if c.Turn == nil {
		c.Turn = func(context.Context, time.Duration) error { return nil }
	}
	return &c
}

func (h hooks) withDefaults(r *Runner) hooks {
	if h.now == nil {
		h.now = time.Now
	}
	if h.uptime == nil {
		h.uptime = drs.Uptime
	}
	if h.sleep == nil {
		h.sleep = sleepAbout
	}
	if h.append == nil {
		h.append = r.appendToLedger
	}
	if h.next == nil {
		h.next = Next
	}
	if h.doubt == nil {
		h.doubt = decideDoubt
	}
	return h
}

// appendToLedger appends an event. If allow is given and returns an error in
// the same transaction, nothing is appended.
func (r *Runner) appendToLedger(ctx context.Context, h ledger.Head, e ledger.Event,
	allow func(*ledger.Ledger) error,
) (ledger.Event, error) {
	if allow == nil {
		return r.Ledger.Append(ctx, h, e)
	}
	return r.Ledger.AppendIf(ctx, h, e, allow)
}

// maxRaces bounds how often a pass or a decision starts again because another
// run wrote first.
const maxRaces = 5

// Pass looks at the running job and, if that succeeded, sends the next step.
// It ends at the end of ctx, after whatever has begun is recorded.
func (r *Runner) Pass(ctx context.Context) Result {
	return r.underLock(ctx, (*pass).run)
}

// underLock runs do under the lock on the target, on a newly read ledger, and
// again if another run wrote first. The error of do ends it: a *Stop, nil for
// a recorded decision, or an error of the ledger.
func (r *Runner) underLock(ctx context.Context, do func(*pass, context.Context) error) Result {
	r = r.withDefaults()
	var lock *ledger.Lock
	if !r.hooks.skipLock {
		var err error
		lock, err = r.Ledger.Lock(ctx, r.Plan.Target.InstanceID, r.LockWait)
		if err != nil {
			return Result{Stop: *lockStop(ctx, err), Sent: SentNo}
		}
		defer lock.Unlock()
	}
	result := Result{Sent: SentNo}
	for range maxRaces {
		p := &pass{Runner: r, lock: lock, result: result}
		err := do(p, ctx)
		p.result.Chain = p.unchangedChain()
		s, stopped := asStop(err)
		switch {
		case err == nil:
			return p.result
		case !stopped && errors.Is(err, ledger.ErrLostRace):
			result = p.result
			continue
		case !stopped:
			s = p.ledgerStop(ctx, err)
		}
		p.result.Stop = *s
		p.result.Wait = p.until(s)
		return p.result
	}
	result.Stop, result.Chain = Stop{Reason: RaceLost}, nil
	return result
}

// unchangedChain is the chain as this pass has read it, nil if it added events.
func (p *pass) unchangedChain() *Chain {
	if p.chain == nil || p.facts.State.Head != p.read {
		return nil
	}
	return p.chain
}

// until is how long a stop lasts that ends by itself.
func (p *pass) until(s *Stop) time.Duration {
	if s.Until.IsZero() || s.Reason != Throttled && s.Reason != Settling {
		return 0
	}
	now, _ := p.serverNow()
	return max(0, s.Until.Sub(now))
}

func lockStop(ctx context.Context, err error) *Stop {
	var locked *ledger.LockedError
	switch {
	case errors.As(err, &locked):
		return &Stop{Reason: LockHeld, Err: locked}
	case ctx.Err() != nil:
		return ended(ctx)
	}
	return LedgerStop(err)
}

// ledgerStop classifies an error of the ledger during a pass. A call that the
// end of ctx cut off is no failure. If a create may have been accepted, the
// next run must search for its job, whatever is wrong with the ledger.
func (p *pass) ledgerStop(ctx context.Context, err error) *Stop {
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return p.cutShort(ctx, nil)
	case p.result.Sent != SentNo:
		return &Stop{Reason: RecordLost, Step: p.result.Step, Err: err}
	}
	return LedgerStop(err)
}

// LedgerStop classifies an error of the ledger.
func LedgerStop(err error) *Stop {
	if errors.Is(err, ledger.ErrBroken) {
		return &Stop{Reason: LedgerBroken, Err: err}
	}
	if errors.Is(err, ledger.ErrBusy) {
		return &Stop{Reason: LedgerBusy, Err: err}
	}
	if errors.Is(err, ledger.ErrUnavailable) {
		return &Stop{Reason: LedgerUnavailable, Err: err}
	}
	return &Stop{Reason: LedgerFailed, Err: err}
}

// ended says why a context is over.
func ended(ctx context.Context) *Stop {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return stop(TimeUp, 0)
	}
	return stop(Stopped, 0)
}

// Sleep waits for d, or returns false at the end of ctx.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// sleepAbout sleeps for wait and a random time below spread, so that runs that
// were refused together do not come back together.
func sleepAbout(ctx context.Context, wait, spread time.Duration) bool {
	if spread > 0 {
		wait += time.Duration(rand.Int64N(int64(spread)))
	}
	return Sleep(ctx, wait)
}

// longestPause bounds the pause between two creates of one pass, and the
// Retry-After that a pass waits for.
const longestPause = 20 * time.Second
