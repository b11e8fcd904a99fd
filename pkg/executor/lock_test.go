package executor

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// removeLock removes the lock file of the fixture's target, as a person can: then
// another run gets the lock.
func (r *fixture) removeLock() {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(r.l.Path()), "instance-*.lock"))
	if err != nil || len(files) != 1 {
		r.t.Fatalf("lock files %v, %v", files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		r.t.Fatal(err)
	}
}

func lockFixture(t *testing.T) *fixture {
	t.Helper()
	r := newFixture(t, "", "", drssim.Config{}, "l1.bak")
	l, err := ledger.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r.l = l
	return r
}

// A lock that is lost between listing and intent ends the pass: nothing is
// written and nothing is sent. The next pass takes the lock again.
func TestCreateWithoutItsLockIsNotSent(t *testing.T) {
	r := lockFixture(t)
	runner := r.runner()
	runner.Gate = func(context.Context, plan.Step) error { r.removeLock(); return nil } // after the listing
	x := r.said("pass", runner.Pass(context.Background()))
	if x.Class() != TryAgain || x.Reason != LockLost || x.Step != 1 || x.Sent != SentNo || x.Err == nil {
		t.Errorf("%+v", x)
	}
	if events := r.kinds(); len(events) != 1 || events[0] != ledger.Opened {
		t.Errorf("events %v, want only opened", events)
	}
	if n := len(r.sim.Jobs()); n != 0 {
		t.Errorf("%d jobs", n)
	}
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 1)
}

// A lock that is lost after the intent keeps the request from being sent: the
// intent is recorded as unsent.
func TestCreateIsNotSentAfterItsLockIsLost(t *testing.T) {
	r := lockFixture(t)
	r.before = func() { r.before = nil; r.removeLock() }
	x := r.pass()
	if x.Class() != TryAgain || x.Reason != LockLost || x.Step != 1 || x.Sent != SentNo || x.Err == nil {
		t.Errorf("%+v", x)
	}
	if events := r.kinds(); len(events) != 3 || events[2] != ledger.Unsent {
		t.Errorf("events %v, want an unsent intent", events)
	}
	r.wantJobs(1, 0)
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 1)
}
