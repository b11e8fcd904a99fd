package drs

import (
	"context"
	"sync"
	"time"
)

// LeastPace is the smallest number of requests a minute that a Pace allows: with
// fewer, a listing would be too old for its create.
const LeastPace = 10

// Pace spreads requests so that no more than a number are sent in any minute. A tenth
// of them may be sent at once. A nil Pace has no limit. It is safe for concurrent use.
type Pace struct {
	every time.Duration
	burst int

	mu   sync.Mutex
	next time.Time // when the next request is due if none is saved up
}

// NewPace makes the pace of so many requests a minute.
func NewPace(perMinute int) *Pace {
	burst := max(1, perMinute/10)
	return &Pace{every: time.Minute / time.Duration(perMinute-burst), burst: burst}
}

// Wait waits for the turn of one request, at most for longest: then the next ones
// wait longer. It returns the error of ctx where that ends first.
func (p *Pace) Wait(ctx context.Context, longest time.Duration) error {
	if p == nil {
		return nil
	}
	wait := min(p.reserve(time.Now()), longest)
	if wait <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// reserve takes the next turn and returns how long it is until then.
func (p *Pace) reserve(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if saved := now.Add(-p.every * time.Duration(p.burst-1)); p.next.Before(saved) {
		p.next = saved
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.every)
	return max(0, wait)
}
