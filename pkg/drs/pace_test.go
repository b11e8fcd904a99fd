package drs

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

// Whatever the requests do, none of them has a minute with more than the limit.
func TestPaceKeepsEachMinuteBelowItsLimit(t *testing.T) {
	start := time.Unix(0, 0)
	for _, limit := range []int{LeastPace, 17, 60, 1000} {
		p := NewPace(limit)
		var sent []time.Time
		for now := start; len(sent) < 3*limit; {
			if len(sent) == limit+limit/2 {
				now = now.Add(10 * time.Minute) // what is saved up is bounded
			}
			now = now.Add(p.reserve(now))
			sent = append(sent, now)
		}
		for i := range sent[limit:] {
			if d := sent[i+limit].Sub(sent[i]); d < time.Minute {
				t.Fatalf("%d a minute: %d requests in %s", limit, limit+1, d)
			}
		}
		if all := sent[limit-1].Sub(start); all > time.Minute {
			t.Errorf("%d a minute: %d take %s", limit, limit, all)
		}
	}
}

// A turn that was taken early is paid by the next ones.
func TestPaceLetsACreateGoFirst(t *testing.T) {
	p := NewPace(LeastPace)
	_ = p.reserve(time.Now())
	if err := p.Wait(t.Context(), -time.Second); err != nil {
		t.Fatal(err)
	}
	if wait := p.reserve(time.Now()); wait < 2*p.every-time.Second {
		t.Errorf("the next one waits %s", wait)
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	p := NewPace(LeastPace)
	_ = p.reserve(time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Wait(ctx, math.MaxInt64); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := (*Pace)(nil).Wait(t.Context(), math.MaxInt64); err != nil {
		t.Errorf("no limit: %v", err)
	}
}
