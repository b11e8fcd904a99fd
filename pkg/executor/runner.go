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

// Jobs is what the executor needs of DRS. *drs.Client is it over the network,
// the simulator in memory is it in tests.
type Jobs interface {
	CreateReplicationJob(context.Context, drs.Create) drs.Outcome
	ShowReplicationJob(ctx context.Context, jobID string) (drs.Job, error)
	ListReplicationJobs(ctx context.Context, instanceID string) (drs.Listing, error)
}

// Runner carries one plan forward.
type Runner struct {
	Plan      *plan.Plan
	Steps     []plan.Step
	Jobs      Jobs
	Ledger    *ledger.Ledger
	Identity  Identity
	Keys      Keys
	Who       Who
	Run       string // names this process in the ledger
	AskPerson bool   // MIGPLAN_SETTLE=ask
	LockWait  time.Duration
	// Renew gets another credential after one was refused; nil: there is none.
	Renew func(context.Context) (bool, error)
	// Unchanged reports an error when the plan's file no longer holds what Plan
	// was made from. It is asked right before each
	// intent, and again before the first byte leaves; nil: there is no file.
	Unchanged func() error
	// Sending is told of a step right before the first intent of it as it is
	// now, and must not block; nil: nobody is.
	Sending func(step int)
	// Note is told of what happens, for logs, and must not block; nil: nobody is.
	Note func(Note)

	seams seams
}

// Who is the person, or the account of cron, behind a run.
type Who struct{ User, Host string }

// Note is one thing worth a line in a log.
type Note struct {
	Warning bool
	Step    int
	What    string // a constant sentence
	Detail  string // what a server said: clean it before a terminal
	JobID   string
	Err     error
}

// seams are the places where the model puts crashes, pauses and faults. Their
// zero value is what runs in production.
type seams struct {
	now      func() time.Time
	uptime   func() time.Duration
	sleep    func(context.Context, time.Duration) bool
	jitter   func(repeat int) time.Duration
	append   appender
	appendIf func(context.Context, ledger.Head, ledger.Event, func(*ledger.Ledger) error) (ledger.Event, error)
	next     func(Facts) Action
	doubt    func(DoubtFacts) Verdict
	classify func(drs.Outcome) drs.Outcome
	busy     func(older []*ledger.State) *Stop
	noLock   bool
}

type appender = func(context.Context, ledger.Head, ledger.Event) (ledger.Event, error)

func (r *Runner) withSeams() *Runner {
	c := *r
	if c.seams.now == nil {
		c.seams.now = time.Now
	}
	if c.seams.uptime == nil {
		c.seams.uptime = drs.Uptime
	}
	if c.seams.sleep == nil {
		c.seams.sleep = Sleep
	}
	if c.seams.jitter == nil {
		c.seams.jitter = jitter
	}
	if write := c.seams.append; write != nil && c.seams.appendIf == nil {
		c.seams.appendIf = func(ctx context.Context, h ledger.Head, e ledger.Event, allow func(*ledger.Ledger) error) (ledger.Event, error) {
			if err := allow(c.Ledger); err != nil {
				return ledger.Event{}, err
			}
			return write(ctx, h, e)
		}
	}
	if c.seams.append == nil {
		c.seams.append, c.seams.appendIf = c.Ledger.Append, c.Ledger.AppendIf
	}
	if c.seams.next == nil {
		c.seams.next = Next
	}
	if c.seams.doubt == nil {
		c.seams.doubt = Doubt
	}
	if c.seams.busy == nil {
		c.seams.busy = busy
	}
	if c.Unchanged == nil {
		c.Unchanged = func() error { return nil }
	}
	if c.Sending == nil {
		c.Sending = func(int) {}
	}
	if c.Note == nil {
		c.Note = func(Note) {}
	}
	return &c
}

// maxRaces is how often a pass begins anew because another run went on first.
const maxRaces = 5

// Pass looks at the running job and, when it succeeded, submits the next step.
// It gives up at the end of ctx, after what is under way is recorded.
func (r *Runner) Pass(ctx context.Context) Result {
	r = r.withSeams()
	if !r.seams.noLock {
		lock, err := r.Ledger.Lock(ctx, r.Plan.Target.InstanceID, r.LockWait)
		if err != nil {
			return Result{Stop: *lockStop(ctx, err), Sent: SentNo}
		}
		defer lock.Unlock()
	}
	sofar := Result{Sent: SentNo}
	for range maxRaces {
		p := &pass{Runner: r, result: sofar}
		s, err := p.run(ctx)
		if err == nil {
			p.result.Stop = *s
			p.result.Wait = p.until(s)
			return p.result
		}
		if !errors.Is(err, ledger.ErrLostRace) {
			p.result.Stop = *p.ledgerStop(ctx, err)
			return p.result
		}
		sofar = p.result
	}
	sofar.Stop = Stop{Reason: RaceLost}
	return sofar
}

// until is how long a stop that has an end goes on.
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

// ledgerStop tells a call that was cut off by the end of ctx from a ledger that
// fails. Where a create of this pass may have been taken, the next run has to
// look for its job, whatever is wrong with the ledger.
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
	return &Stop{Reason: LedgerFailed, Err: err}
}

// ended says why a context is over.
func ended(ctx context.Context) *Stop {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return stop(TimeUp, 0)
	}
	return stop(Stopped, 0)
}

// Sleep waits, or returns false at the end of ctx.
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

// jitter is a random pause below a ceiling that doubles with every repeat.
func jitter(repeat int) time.Duration {
	ceiling := min(time.Second<<min(repeat, 10), longestPause)
	return time.Duration(rand.Int64N(int64(ceiling)))
}

// longestPause between two creates of one pass; also the longest Retry-After
// that a pass waits for.
const longestPause = 20 * time.Second
