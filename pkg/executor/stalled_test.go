package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// stall runs f once, the first time that a pass is about to do something.
type stall struct {
	when string // an action of Next, or "append-" and a kind of event
	done bool
	f    func()
}

func (s *stall) at(place string) {
	if place == s.when && !s.done {
		s.done = true
		s.f()
	}
}

// stalled is a runner that stalls.
func (r *fixture) stalled(s *stall) *Runner {
	x := r.runner()
	x.hooks.next = func(f Facts) Action {
		a := Next(f)
		s.at(string(a.kind))
		return a
	}
	beforeAppend(x, func(e ledger.Event) error {
		s.at("append-" + string(e.Kind))
		return nil
	})
	return x
}

func (r *fixture) kinds() (out []ledger.Kind) {
	events, err := r.l.Events(context.Background(), r.p.Chain())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

// A pass that stalls for more than a minute after its listing sees what began
// meanwhile, wherever it stalls.
func TestStalledPassListsAgainBeforeCreate(t *testing.T) {
	for when, events := range map[string]int{"create": 0, "append-opened": 1, "append-intent": 3} {
		t.Run(when, func(t *testing.T) {
			r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
			x := r.stalled(&stall{when: when, f: func() {
				r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "theirs", Description: "x", Databases: []string{"ims"}, Running: time.Hour})
				r.now = r.now.Add(drs.MaxListingAge + time.Second)
			}})
			if x := r.said("pass", x.Pass(context.Background())); x.Reason != ForeignJob || x.Sent != SentNo || len(r.jobs(1)) != 0 {
				t.Errorf("%d jobs of step 1", len(r.jobs(1)))
			}
			if got := r.kinds(); len(got) != events {
				t.Errorf("events %v, want %d", got, events)
			}
		})
	}
}

// A pass whose listings always take too long ends and sends nothing.
func TestListingThatIsAlwaysTooOldEndsThePass(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Second})
	slow := r.runner()
	slow.hooks.next = func(f Facts) Action {
		a := Next(f)
		if a.kind == actCreate {
			r.now = r.now.Add(2 * time.Minute)
		}
		return a
	}
	if x := r.said("pass", slow.Pass(context.Background())); x.Class() != TryAgain || x.Reason != APIUnavailable || x.Sent != SentNo || len(r.jobs(1)) != 0 {
		t.Errorf("%+v", x)
	}
}

// After a new listing, the job of the previous attempt is looked at again.
func TestRetryAfterStallLooksAgain(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	lying := true
	mislead := func(x *Runner) *Runner { x.Jobs = showsFailedWhile{r, &lying}; return x }
	r.said("pass", mislead(r.runner()).Pass(ctx))
	if x := r.said("retry", mislead(r.runner()).Retry(ctx, 1, "")); x.Class() != OK {
		t.Fatal(x)
	}
	x := mislead(r.stalled(&stall{when: "create", f: func() { r.now, lying = r.now.Add(2*time.Minute), false }}))
	if x := r.said("pass", x.Pass(ctx)); x.Reason != NotFailed || len(r.jobs(1)) != 1 {
		t.Errorf("%d jobs of step 1", len(r.jobs(1)))
	}
}

// showsFailedWhile shows every job as failed while lying is true.
type showsFailedWhile struct {
	*fixture
	lying *bool
}

func (l showsFailedWhile) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	if *l.lying {
		return showsFailed{l.fixture}.ShowReplicationJob(ctx, id)
	}
	return l.fixture.ShowReplicationJob(ctx, id)
}

// The list shows the same: a pass sends nothing while the two contradict.
func (l showsFailedWhile) ListReplicationJobs(ctx context.Context, instanceID string) (drs.Listing, error) {
	listing, err := l.fixture.ListReplicationJobs(ctx, instanceID)
	for i := range listing.Jobs {
		if *l.lying {
			listing.Jobs[i].Status = "FAILED"
		}
	}
	return listing, err
}

// A cutover is not sent if its window ends, by either clock, while the ledger
// is busy or the connection is being made.
func TestCutoverIsNotSentAfterItsWindow(t *testing.T) {
	end := past.Add(-30 * time.Minute)
	for _, c := range []struct {
		name  string
		left  time.Duration // of the window when the pass begins
		ahead time.Duration // of the local clock
		busy  time.Duration // the ledger, before the intent
		dial  time.Duration
		clock Why // "": it is sent
	}{
		{"in time", 20 * time.Second, 0, 9 * time.Second, 9 * time.Second, ""},
		{"the ledger is busy", 4 * time.Second, 0, 9 * time.Second, 0, WhyServerClock},
		{"the dial is slow", 4 * time.Second, 0, 0, 9 * time.Second, WhyServerClock},
		{"by the local clock", 20 * time.Second, 16 * time.Second, 9 * time.Second, 0, WhyLocalClock},
		{"the local clock is behind", 4 * time.Second, -10 * time.Minute, 9 * time.Second, 0, WhyServerClock},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newFixture(t, "", windows, drssim.Config{RestoreTime: time.Second})
			r.now = end.Add(-c.left)
			r.before = func() { r.now = r.now.Add(c.dial) }
			x := r.stalled(&stall{when: "append-intent", f: func() { r.now = r.now.Add(c.busy) }})
			x.hooks.now = func() time.Time { return r.now.Add(c.ahead) }
			got := r.said("pass", x.Pass(context.Background()))
			if c.clock == "" {
				if len(r.jobs(1)) != 1 {
					t.Error("it is not sent")
				}
				return
			}
			if got.Class() != CutoverHeld || got.Reason != WindowPast || got.Why != c.clock || !got.Until.Equal(end) || got.Sent != SentNo || len(r.jobs(1)) != 0 {
				t.Errorf("%+v, %d jobs", got, len(r.jobs(1)))
			}
			if kinds := r.kinds(); kinds[len(kinds)-1] != ledger.Unsent {
				t.Errorf("events %v", kinds)
			}
		})
	}
}
