package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// twin makes a second job of a step that DRS works on for a time.
func (r *rig) twin(seq int, running time.Duration) string {
	return r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "copy", Running: running,
		Description: r.steps[seq-1].Marker().String(), Databases: []string{"other"}})
}

func TestRunningSecondJobMayNotBeIgnored(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	twin := r.twin(1, time.Hour)
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

// An earlier version ignored such a job while it ran.
func TestIgnoredJobOfThisChainCountsWhileItRuns(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.ignoreAsBefore(r.twin(1, time.Hour))
	r.wantReason(r.pass(), OK, OwnJobRunning)
	r.wantJobs(2, 0)
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(2, 1)
}

func TestNotOnlineWhileAnIgnoredSecondCutoverRuns(t *testing.T) {
	r := newRig(t, "", key, drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.keys.Cutover = confirm(r.steps)
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	r.now = r.now.Add(2 * time.Minute)
	r.ignoreAsBefore(r.twin(2, time.Hour))
	r.wantReason(r.pass(), OK, OwnJobRunning)
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.pass(), OK, Online)
}

func TestStrangersIgnoredJobDoesNotCount(t *testing.T) {
	state, p := &ledger.State{Ignored: map[string]bool{"stranger": true}}, newRig(t, "", "", drssim.Config{}).p
	l := drs.Listing{Complete: true, Jobs: []drs.OfflineTaskInfo{{ID: "stranger", Name: "nightly", Status: "TRANSFERRING"}}}
	if v := viewTarget(l, p, state, chainsOnTarget{}); len(v.Running) != 0 {
		t.Errorf("%v", v.Running)
	}
}
