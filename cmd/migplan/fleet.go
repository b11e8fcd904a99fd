package main

import (
	"bytes"
	"context"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
)

// fleet passes over the plans of one call, several at once. A plan belongs to its
// pass while that is due or under way (planRun.underWay), and to the goroutine of
// the fleet otherwise.
type fleet struct {
	*app
	o       applyOptions
	runs    []*planRun // in the order of the call
	turns   *turns
	working map[string]*planRun // instance: the plan whose job runs there
	begun   bool
	passing int // passes under way
	passed  chan *planRun
	news    chan struct{} // a pass under way has something to say
	show    func([]*planRun)
	unsaid  int // with one pass a plan: the first plan of which nothing was printed yet
}

// roundTime is how long a round waits for a slow pass. The plan of that pass stays
// under way, and the others go on.
const roundTime = 2 * time.Second

// runUntilEnded makes rounds of passes over all plans until each has ended, or the
// time is up. It calls record after each round with the plans that are not under way.
func (a *app) runUntilEnded(ctx context.Context, runs []*planRun, o applyOptions, record func([]*planRun)) {
	show, end := a.progress(o)
	defer end()
	f := newFleet(a, runs, o)
	f.show = show
	for {
		f.round(ctx)
		record(f.idle())
		f.show(runs)
		switch {
		case f.passing > 0 || f.turns.any():
		case f.allEnded():
			return
		case ctx.Err() != nil || !executor.Sleep(ctx, time.Until(f.soonest())):
			a.timeIsUp(ctx, runs, o)
			record(runs)
			return
		}
	}
}

func newFleet(a *app, runs []*planRun, o applyOptions) *fleet {
	f := &fleet{
		app: a, o: o, runs: runs, turns: newTurns(o.settings.lockWait), working: map[string]*planRun{},
		passed: make(chan *planRun, max(1, o.parallel)), news: make(chan struct{}, 1), show: func([]*planRun) {},
	}
	for i, run := range runs {
		run.index, run.instance = i, run.Plan.Target.InstanceID
		run.now.Store(run.Plan)
		f.follow(run)
	}
	return f
}

// round makes the passes that are due, until none is, at most for roundTime.
func (f *fleet) round(ctx context.Context) {
	closes := time.Now().Add(roundTime)
	f.addDue(ctx)
	for f.start(ctx); f.passing > 0 || f.turns.any(); f.start(ctx) {
		select {
		case run := <-f.passed:
			f.finish(ctx, run)
		case <-f.news:
			f.sayNews()
		case <-time.After(time.Until(f.wakes(ctx, closes))):
		}
		if !time.Now().Before(closes) {
			break
		}
		f.addDue(ctx)
	}
	for _, run := range f.runs {
		f.say(run)
	}
}

// wakes is when something is to be done before a pass ends.
func (f *fleet) wakes(ctx context.Context, closes time.Time) time.Time {
	at := closes
	if try := f.turns.nextTry(); !try.IsZero() && try.Before(at) && f.passing < f.parallel() {
		at = try
	}
	if due := f.soonest(); f.o.wait && ctx.Err() == nil && !due.IsZero() && due.Before(at) {
		at = due
	}
	return at
}

// parallel is how many passes may be under way. With a limit on requests there are so
// few that none of them waits long for its turn.
func (f *fleet) parallel() int {
	n := max(1, f.o.parallel)
	if f.o.rate > 0 {
		n = min(n, max(1, f.o.rate/drs.LeastPace))
	}
	return n
}

// addDue gives a turn to each plan whose next pass is due. Each plan gets one pass,
// whatever has happened by then.
func (f *fleet) addDue(ctx context.Context) {
	if f.begun && (!f.o.wait || ctx.Err() != nil) {
		return
	}
	f.begun = true
	now := time.Now()
	var due []*planRun
	for _, run := range f.runs {
		if f.waits(run) && !now.Before(run.notBefore) {
			run.underWay = true
			f.turns.add(run)
			due = append(due, run)
		}
	}
	f.shareLists(ctx, due)
}

// waits reports whether a plan waits for the time of its next pass. One that waits
// for the job of another plan of this call is woken when that plan has none.
func (f *fleet) waits(run *planRun) bool {
	if run.ended || run.underWay {
		return false
	}
	return run.Result.Reason != executor.OwnJobRunning || f.working[run.instance] == nil
}

// soonest is when the next pass is due, zero where none is.
func (f *fleet) soonest() (at time.Time) {
	for _, run := range f.runs {
		if f.waits(run) && (at.IsZero() || run.notBefore.Before(at)) {
			at = run.notBefore
		}
	}
	return at
}

// start begins as many passes as may be under way at once.
func (f *fleet) start(ctx context.Context) {
	for f.passing < f.parallel() {
		now := time.Now()
		run, last := f.turns.next(now)
		if run == nil {
			return
		}
		f.passing++
		if run.triesAgain = len(f.runs) > 1 && !last && ctx.Err() == nil; len(f.runs) > 1 {
			run.runner.LockWait = 0 // the wait is that of turns
		}
		if run.passed = now; run.said == nil { // else it was locked out, and what it said waits
			run.said = &said{}
		}
		go func() {
			f.passOverPlan(ctx, run, f.runs, f.o)
			f.passed <- run
		}()
	}
}

// finish takes back a plan whose pass has ended.
func (f *fleet) finish(ctx context.Context, run *planRun) {
	f.passing--
	if run.lockedOut {
		f.turns.foundLocked(run, time.Now())
		return
	}
	f.turns.passed(run)
	run.underWay = false
	run.ended = !f.o.wait || !run.goesOn(ctx)
	run.show()
	run.current.Store(nil)
	f.settle(run)
	if run.onlyWaits && len(f.runs) >= leastListed {
		run.notBefore = together(time.Now(), run.notBefore)
	}
	if f.o.wait {
		f.say(run)
		return
	}
	for f.unsaid < len(f.runs) && f.runs[f.unsaid].ended { // in the order of the call
		f.say(f.runs[f.unsaid])
		f.unsaid++
	}
}

// settle notes whose job runs on the instance. When none does any more, the first
// plan that waits there gets its turn at once.
func (f *fleet) settle(run *planRun) {
	switch r := run.Result.Reason; {
	case r == executor.JobRunning && !run.ended:
		f.working[run.instance] = run
		return
	case f.working[run.instance] == run:
		delete(f.working, run.instance)
	case r == executor.OwnJobRunning || !f.o.wait:
		return
	}
	for _, next := range f.runs {
		if next.instance == run.instance && f.waits(next) && next.Result.Reason == executor.OwnJobRunning {
			next.notBefore = time.Now()
			return
		}
	}
}

// say prints what the last pass over a plan brought, once.
func (f *fleet) say(run *planRun) {
	if run.underWay || run.said == nil {
		return
	}
	said := run.said
	run.said = nil
	said.print(f.app)
	if run.ended {
		f.sayEnd(run, f.o)
	}
}

func (f *fleet) idle() (idle []*planRun) {
	for _, run := range f.runs {
		if !run.underWay {
			idle = append(idle, run)
		}
	}
	return idle
}

func (f *fleet) allEnded() bool {
	for _, run := range f.runs {
		if !run.ended {
			return false
		}
	}
	return true
}

// writeStop prints a stop as one piece.
func (a *app) writeStop(m *view.Migration) {
	var b bytes.Buffer
	m.WriteStop(&b)
	_, _ = a.stderr.Write(b.Bytes())
}
