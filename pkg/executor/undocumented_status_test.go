package executor

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

func TestUndocumentedStatusStopsAfterAnHourAndCanBeMarkedAtOnce(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: 10 * time.Hour}, "l1.bak")
	ctx := context.Background()
	r.pass()
	id := r.jobs(1)[0].ID
	r.statuses = map[string]string{id: "CANCELED"}
	r.wantReason(r.pass(), OK, JobRunning)
	r.now = r.now.Add(61 * time.Minute)
	r.wantReason(r.pass(), InDoubt, UnknownStatus)
	r.wantReason(r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")), OK, "")
	r.retry()
	r.wantReason(r.pass(), OK, JobRunning) // seen so for more than 45 minutes
	r.wantJobs(1, 2)
}

func TestUndocumentedStatusIsNotedOnceUntilItChanges(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: 10 * time.Hour}, "l1.bak")
	r.pass()
	id := r.jobs(1)[0].ID
	var noted []string
	for _, status := range []string{"CANCELED", "CANCELED", "PAUSED", "PAUSED", "CANCELED"} {
		r.statuses = map[string]string{id: status}
		runner := r.runner()
		runner.Note = func(n Note) { noted = append(noted, n.Detail) }
		r.wantReason(r.said("pass", runner.Pass(context.Background())), OK, JobRunning)
	}
	if want := []string{"CANCELED", "PAUSED", "CANCELED"}; !slices.Equal(noted, want) {
		t.Errorf("noted %q, want %q", noted, want)
	}
}

func TestNewAttemptWaitsUntilUndocumentedStatusIsUnchanged(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: 10 * time.Hour}, "l1.bak")
	ctx := context.Background()
	r.pass()
	id := r.jobs(1)[0].ID
	r.statuses = map[string]string{id: "CANCELED"}
	r.wantReason(r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")), OK, "")
	r.retry()
	x := r.pass()
	r.wantReason(x, TryAgain, StatusSettling)
	r.now = x.Until.Add(-time.Second)
	r.wantReason(r.pass(), TryAgain, StatusSettling)
	r.statuses[id] = "SUCCESS"
	r.wantReason(r.pass(), Conflict, NotFailed)
	r.wantJobs(1, 1)
}

func TestUndocumentedStatusOfFailedStepCanBeMarked(t *testing.T) {
	r, id := failedOnce(t)
	ctx := context.Background()
	r.retry()
	r.statuses = map[string]string{id: "CANCELED"}
	r.wantReason(r.pass(), Conflict, NotFailed)
	r.wantReason(r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")), OK, "")
	r.retry()
	r.now = r.now.Add(46 * time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 2)
}

func TestAdoptRefusesAJobOfAnotherPlan(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.pass()
	for name, j := range map[string]drs.Job{
		"of another chain":  {OfflineTaskInfo: drs.OfflineTaskInfo{ID: "x", Description: "[migplan chain 0123456789abcdef step 002 hash 0123456789ab]"}},
		"of another step":   {OfflineTaskInfo: drs.OfflineTaskInfo{ID: "x", Description: r.steps[0].Marker().String()}},
		"in another folder": {OfflineTaskInfo: drs.OfflineTaskInfo{ID: "x"}, FileNames: []string{"elsewhere/" + fileNames(r.steps[1], nil)[0]}},
		"other databases":   {OfflineTaskInfo: drs.OfflineTaskInfo{ID: "x"}, DBNames: []string{"crm"}},
	} {
		p := &pass{Runner: r.runner().withDefaults()}
		if err := p.load(ctx); err != nil {
			t.Fatal(err)
		}
		j.TargetInstanceID, j.BucketName, j.RecoveryMode, j.HasIsLastBackup = r.p.Target.InstanceID, "zyy-obs", "incre", true
		if j.FileNames == nil {
			j.FileNames = fileNames(r.steps[1], nil)
		}
		err := p.mayBeOurs(ctx, 2, j)
		if err == nil && differsForAdoption(j, r.steps[1]) == nil {
			t.Errorf("a job %s may be adopted", name)
		}
	}
}

func TestAdoptAllOfAnEditedFailedStepNeedsARetry(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "job-failed", N: 2}}}, "l1.bak")
	ctx := context.Background()
	for range 3 {
		r.pass()
		r.now = r.now.Add(2 * time.Minute)
	}
	r.wantJobs(2, 1)
	r.l = ledger.OpenMemory()
	r.steps = theSteps(t, "", "", "l1-fixed.bak")
	r.p = r.steps[0].Plan
	r.sim.PutObject(drssim.Object{Bucket: "zyy-obs", Key: r.steps[1].Backup.Keys[0], Type: "log", Databases: []string{"ims"}, FirstLSN: 100, LastLSN: 200})
	r.now = r.now.Add(time.Hour)
	r.said("adopt all", r.runner().AdoptAll(ctx, "lost"))
	for range 3 {
		r.pass()
	}
	r.wantJobs(2, 1)
	if x := r.said("retry", r.runner().Retry(ctx, 2, "fixed")); x.Class() != OK {
		t.Fatal(x.Reason)
	}
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(2, 2)
}

func TestOverwriteAddedAfterAdoptAllIsAConflict(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(time.Hour)
	r.l = ledger.OpenMemory()
	r.said("adopt all", r.runner().AdoptAll(ctx, "lost"))
	r.pass()
	r.steps = theSteps(t, overwriting, "", "l1.bak", "l2.bak")
	r.p = r.steps[0].Plan
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.pass(), Conflict, EditedHistory)
	r.wantJobs(3, 0)
}

func TestTwoLedgersAreNoticedAfterTheCutover(t *testing.T) {
	r := newFixture(t, "", longWindow, drssim.Config{RestoreTime: time.Minute, ListLag: 30 * time.Second}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	second := r.copied()
	first := r.l
	r.before = func() { // the other machine sends in the same minute
		r.before = nil
		r.l = second
		r.said("the other run", r.runner().Pass(ctx))
		second, r.l = r.l, first
	}
	x := r.pass()
	r.wantJobs(2, 2)
	for l, want := range map[*ledger.Ledger]Reason{first: JobFailed, second: DuplicateJobs} { // the simulator fails the later one
		r.l = l
		for range 4 {
			r.now = r.now.Add(2 * time.Minute)
			if x = r.pass(); x.Reason == Online {
				t.Fatal("a plan whose cutover was sent twice is called online")
			}
		}
		if x.Reason != want {
			t.Errorf("%s, want %s", x.Reason, want)
		}
	}
}

func TestEndedJobWithUndocumentedStatusDoesNotRun(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	r.now = r.now.Add(2 * time.Minute)
	r.statuses = map[string]string{r.jobs(1)[0].ID: "ARCHIVED"}
	r.wantReason(r.pass(), OK, NextBackup)
	r.steps = theSteps(t, "", "", "l1.bak", "l2.bak")
	r.p = r.steps[0].Plan
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantReason(r.said("another plan", r.asOther("other").Pass(context.Background())), OK, OwnJobRunning)
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.said("another plan", r.asOther("other").Pass(context.Background())), OK, JobRunning)
}

func TestMarkedJobWithUndocumentedStatusDoesNotRun(t *testing.T) {
	r, id := failedOnce(t)
	ctx := context.Background()
	r.wantReason(r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 1, Assurance{}, "it is restored")), OK, "")
	r.statuses = map[string]string{id: "ARCHIVED"}
	r.wantReason(r.said("another plan", r.asOther("other").Pass(ctx)), OK, JobRunning)
}

// asOther makes the fixture's runner one of another plan, on another database.
func (r *fixture) asOther(name string) *Runner {
	r.t.Helper()
	p := *r.p
	p.Name, p.Databases = name, plan.Databases{Names: []string{name}}
	steps, err := plan.Steps(&p)
	if err != nil {
		r.t.Fatal(err)
	}
	x := r.runner()
	p.Steps, x.Plan = steps, &p
	return x
}

func TestUndocumentedStatusOfPreviousGenerationDoesNotBlockPermanently(t *testing.T) {
	r := newFixture(t, overwriting, "", drssim.Config{RestoreTime: 10 * time.Hour}, "l1.bak")
	ctx := context.Background()
	r.pass()
	id := r.jobs(1)[0].ID
	r.statuses = map[string]string{id: "CANCELED"}
	r.wantReason(r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")), OK, "")
	r.steps = theSteps(t, overwriting+"generation: 2\n", "", "l1.bak")
	r.p = r.steps[0].Plan
	r.wantReason(r.pass(), OK, OwnJobRunning)
	r.now = r.now.Add(46 * time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	if n := len(r.sim.Jobs()); n != 2 {
		t.Errorf("%d jobs", n)
	}
}
