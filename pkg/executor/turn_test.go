package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
)

// endless is a context whose deadline a test moves.
type endless struct {
	context.Context
	ends time.Time
}

func (e *endless) Deadline() (time.Time, bool) { return e.ends, true }

// A create whose turn comes at the very end of the run is not sent: it would be cut
// off, and its job be in doubt.
func TestCreateIsNotSentWhenItsTurnComesAtTheEndOfTheRun(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{}, "l1.bak")
	ctx := &endless{context.Background(), time.Now().Add(time.Hour)}
	runner := r.runner()
	runner.Turn = func(context.Context, time.Duration) error { ctx.ends = time.Now(); return nil }
	x := r.said("pass", runner.Pass(ctx))
	if x.Reason != TimeUp || x.Step != 1 || x.Sent != SentNo {
		t.Errorf("%+v", x)
	}
	if events := r.kinds(); len(events) != 0 {
		t.Errorf("events %v, want none", events)
	}
	r.wantJobs(1, 0)
}
