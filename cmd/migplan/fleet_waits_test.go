package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// The next look at a job is due by the monotonic clock: by the local one, a machine
// whose clock is set back by a day would not look for a day.
func TestSharedLooksAreDueByTheMonotonicClock(t *testing.T) {
	now := time.Now()
	next := together(now, now.Add(31*time.Second))
	if d := next.Sub(now); d > 31*time.Second || d <= 26*time.Second {
		t.Errorf("due after %s, want at most 5 s before 31 s", d)
	}
	if !strings.Contains(next.String(), " m=+") {
		t.Errorf("%s is a time of the local clock alone", next)
	}
}

// After a signal no plan gets due any more: a round waits for the passes under way
// alone.
func TestRoundDoesNotWakeForADuePlanAfterASignal(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	now := time.Now()
	due := &planRun{Migration: &view.Migration{}, notBefore: now}
	f := &fleet{o: applyOptions{wait: true, parallel: 2}, runs: []*planRun{due}, turns: newTurns(0), passing: 1}
	closes := now.Add(roundTime)
	if at := f.wakes(ctx, closes); !at.Equal(now) {
		t.Errorf("before the signal it wakes after %s, want at once", at.Sub(now))
	}
	stop()
	if at := f.wakes(ctx, closes); !at.Equal(closes) {
		t.Errorf("after the signal it wakes after %s, want %s", at.Sub(now), roundTime)
	}
}

// What a pass says before it finds the target locked is printed with the result of
// the pass that is made instead of it.
func TestPassOfALockedTargetLosesNoLine(t *testing.T) {
	r := newRereader(t, imsPlan(fullOnly))
	l, err := ledger.Open(t.TempDir() + "/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := context.Background()
	lock, err := l.Lock(ctx, r.run.Plan.Target.InstanceID, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock() //nolint:errcheck // the test ends
	r.run.runner.Ledger = l
	r.write(t, imsPlan(oneLog))
	other := newRereader(t, strings.NewReplacer("ims", "other").Replace(imsPlan(fullOnly))).run
	other.ended = true
	o := applyOptions{parallel: 1, planOptions: planOptions{output: "text"}}
	f := newFleet(r.a, []*planRun{r.run, other}, o) // it waits no time for the lock
	tries := 0
	for f.turns.add(r.run); f.turns.any(); tries++ {
		f.start(ctx)
		f.finish(ctx, <-f.passed)
	}
	if tries != 2 || r.run.Result.Reason != executor.LockHeld {
		t.Errorf("%d tries, %s", tries, r.run.Result.Reason)
	}
	if got := r.stdout.String(); !strings.Contains(got, "the plan file was changed") {
		t.Errorf("stdout: %q", got)
	}
}
