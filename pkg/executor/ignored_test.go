package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// duplicate creates a second job of a step that runs for a time.
func (r *fixture) duplicate(seq int, running time.Duration) string {
	return r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "copy", Running: running,
		Description: r.steps[seq-1].Marker().String(), Databases: []string{"other"}})
}

func TestRunningSecondJobMayNotBeIgnored(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	twin := r.duplicate(1, time.Hour)
	r.wantReason(r.pass(), Conflict, DuplicateJobs)
	x := r.said("ignore", r.runner().Ignore(ctx, twin, ""))
	if r.wantReason(x, Invalid, NotAllowed); x.Why != WhyOwnJobRunning || x.Step != 1 {
		t.Errorf("why %s, step %d", x.Why, x.Step)
	}
	r.wantReason(r.pass(), Conflict, DuplicateJobs)
	r.wantJobs(2, 0)
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.said("ignore", r.runner().Ignore(ctx, twin, "")), OK, "")
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(2, 1)
}

// An earlier version allowed such a job to be ignored while it ran.
func TestIgnoredJobOfThisChainCountsWhileItRuns(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.ignoreAsBefore(r.duplicate(1, time.Hour))
	r.wantReason(r.pass(), OK, OwnJobRunning)
	r.wantJobs(2, 0)
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(2, 1)
}

func TestNotOnlineWhileAnIgnoredSecondCutoverRuns(t *testing.T) {
	r := newFixture(t, "", key, drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.keys.Cutover = confirm(r.steps)
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	r.now = r.now.Add(2 * time.Minute)
	r.ignoreAsBefore(r.duplicate(2, time.Hour))
	r.wantReason(r.pass(), OK, OwnJobRunning)
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.pass(), OK, Online)
}

func TestIgnoredForeignJobDoesNotCount(t *testing.T) {
	state, p := &ledger.State{Ignored: map[string]bool{"stranger": true}}, newFixture(t, "", "", drssim.Config{}).p
	l := drs.Listing{Complete: true, Jobs: []drs.OfflineTaskInfo{{ID: "stranger", Name: "nightly", Status: "TRANSFERRING"}}}
	if v := viewTarget(l, p, state, chainsOnTarget{}); len(v.Running) != 0 {
		t.Errorf("%v", v.Running)
	}
}
