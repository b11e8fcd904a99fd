package executor

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

func TestAdoptRefusesAJobListedBeforeTheRequest(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "lost-before-accept", N: 1}}}, "l1.bak")
	ctx := context.Background()
	old := r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "console", Databases: []string{"ims"}})
	r.pass()
	if x := r.said("adopt", r.runner().Adopt(ctx, 1, old, "")); x.Reason != NotAllowed || x.Why != WhyJobOlder {
		t.Errorf("%s %s", x.Reason, x.Why)
	}
}

func TestCreateWaitsWhileRequestOfAdoptedDoubtMayArrive(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{
		{Kind: "late-accept", N: 1, Arg: "14m"}}}, "l1.bak")
	ctx := context.Background()
	r.pass()
	st := r.state().Step(1)
	d := ledger.DecisionData{What: "adopt", JobID: "renamed"}
	p := &pass{Runner: r.runner().withDefaults()}
	if err := p.load(ctx); err != nil {
		t.Fatal(err)
	}
	j := drs.Job{OfflineTaskInfo: drs.OfflineTaskInfo{ID: "renamed", Name: "another name"}, TargetInstanceID: r.p.Target.InstanceID}
	if err := p.recordAdoption(ctx, 1, 1, j, d); err != nil {
		t.Fatal(err)
	}
	if got := r.state().NotBefore; !got.Equal(FenceOf(st)) {
		t.Errorf("not before %s, want %s", got, FenceOf(st))
	}
	f := Facts{Steps: r.steps, State: r.state(), target: &targetView{Date: FenceOf(st).Add(-time.Second), Complete: true}}
	if x := mayArrive(f, 1); x == nil || x.Reason != RequestMayArrive || !x.Until.Equal(FenceOf(st)) {
		t.Errorf("%+v", x)
	}
	f.target.Date = FenceOf(st)
	if x := mayArrive(f, 1); x != nil {
		t.Errorf("%+v", x)
	}
}

func (r *fixture) state() *ledger.State {
	r.t.Helper()
	c, err := LoadChain(context.Background(), r.l, r.p)
	if err != nil {
		r.t.Fatal(err)
	}
	return c.State
}

func TestInsertedLogDoesNotSendTheFailedFileAgain(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "job-failed", N: 2}}}, "l1.bak")
	ctx := context.Background()
	for range 3 {
		r.pass()
		r.now = r.now.Add(2 * time.Minute)
	}
	failed := r.jobs(2)[0].ID
	r.steps = theSteps(t, "", "", "l0.bak", "l1.bak")
	r.p = r.steps[0].Plan
	r.sim.PutObject(drssim.Object{Bucket: "zyy-obs", Key: r.steps[1].Backup.Keys[0], Type: "log", Databases: []string{"ims"}, FirstLSN: 100, LastLSN: 200})
	if x := r.said("retry", r.runner().Retry(ctx, 2, "")); x.Class() != OK {
		t.Fatal(x.Reason)
	}
	r.wantReason(r.pass(), OK, JobRunning)
	r.now = r.now.Add(2 * time.Minute)
	r.statuses = map[string]string{failed: "SUCCESS"}
	r.wantReason(r.pass(), Conflict, NotFailed)
	r.wantJobs(3, 0)
}

func TestDocumentedStatusRestartsTimeOfUndocumentedOne(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: 10 * time.Hour}, "l1.bak")
	ctx := context.Background()
	r.pass()
	id := r.jobs(1)[0].ID
	r.statuses = map[string]string{id: "PAUSED"}
	r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, ""))
	r.retry()
	r.wantReason(r.pass(), TryAgain, StatusSettling)
	r.now = r.now.Add(30 * time.Minute)
	r.statuses[id] = "TRANSFERRING"
	r.wantReason(r.pass(), Conflict, NotFailed)
	r.now = r.now.Add(16 * time.Minute)
	r.statuses[id] = "PAUSED"
	r.wantReason(r.pass(), TryAgain, StatusSettling)
	r.wantJobs(1, 1)
}

func TestNextStepIsNotSentWhenPreviousJobTurnsToFailed(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute})
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), OK, NextBackup)
	r.statuses = map[string]string{r.jobs(1)[0].ID: "FAILED"}
	r.steps = theSteps(t, "", longWindow, "l1.bak")
	r.p = r.steps[0].Plan
	r.wantReason(r.pass(), Conflict, NotSucceeded)
	r.wantJobs(2, 0)
	r.wantReason(r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 1, Assurance{}, "looked at the database")), OK, "")
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(2, 1)
}

func TestAdoptAllNeverLowersAttempt(t *testing.T) {
	r, _ := failedOnce(t, drssim.Fault{Kind: "job-failed", N: 2})
	ctx := context.Background()
	r.retry()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), Failed, JobFailed)
	r.retry()
	copied := r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: r.steps[0].JobName(1), Description: r.steps[0].Marker().String(), Databases: []string{"other"}})
	r.statuses = map[string]string{copied: "FAILED"}
	r.wantReason(r.said("adopt all", r.runner().AdoptAll(ctx, "")), OK, "")
	if st := r.state().Step(1); st.Attempt < 3 || st.State != ledger.StepFailed {
		t.Errorf("attempt %d, %s", st.Attempt, st.State)
	}
}

func TestDateFarAheadDoesNotBlockPermanently(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.pass()
	id := r.jobs(1)[0].ID
	r.sim.Delete(id)
	right := r.now
	r.unknown = map[string]int{id: 1}
	r.now = right.AddDate(20, 0, 0)
	r.wantReason(r.pass(), TryAgain, JobMissing)
	r.now = right.Add(time.Minute)
	if x := r.pass(); x.Reason != JobMissing || x.Until.After(right.Add(time.Hour)) {
		t.Fatalf("%s until %s", x.Reason, x.Until)
	}
	r.now = right.Add(47 * time.Minute)
	r.wantReason(r.pass(), Conflict, JobGone)
}

func TestTwoAnswersForOneStepCanBeSettled(t *testing.T) {
	s, err := ledger.Fold("c", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Conflict = &ledger.SecondJob{JobID: "x", Step: 1}
	s.Steps = []ledger.Step{{State: ledger.StepRunning, Attempt: 1, JobID: "y"}}
	steps := theSteps(t, "", "", "l1.bak")
	if a := Next(Facts{Steps: steps, State: s}); a.kind != actLook || a.Step != 1 {
		t.Errorf("%s of step %d, want a look at the running job", a.kind, a.Step)
	}
	if a := Next(Facts{Steps: steps, State: s, looked: true}); a.kind != actEnd || a.Stop.Reason != LedgerConflict {
		t.Errorf("%s", a.kind)
	}
}

func TestAdoptAllNamesFirstStepMissingFromPlan(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak", "l2.bak")
	for range 3 {
		r.pass()
		r.now = r.now.Add(2 * time.Minute)
	}
	r.l = ledger.OpenMemory()
	r.steps = theSteps(t, "", "", "l1.bak")
	r.p = r.steps[0].Plan
	r.now = r.now.Add(time.Hour)
	if x := r.said("adopt all", r.runner().AdoptAll(context.Background(), "lost")); x.Class() != Conflict || x.Reason != PlanShorter || x.Step != 3 {
		t.Errorf("%s %s step %d", x.Class(), x.Reason, x.Step)
	}
}

func TestMarkSucceededRefusesEditedLine(t *testing.T) {
	r, _ := failedOnce(t)
	edited := strings.Replace("ims.bak", "ims", "ims-other", 1)
	p := *r.p
	p.Backups = append([]plan.Backup{{Type: plan.Full, Keys: []string{edited}}}, p.Backups[1:]...)
	r.p = &p
	r.steps, _ = plan.Steps(r.p)
	if x := r.said("resolve --succeeded", r.runner().MarkSucceeded(context.Background(), 1, Assurance{}, "")); x.Reason != NotAllowed || x.Why != WhyEdited {
		t.Errorf("%s %s", x.Reason, x.Why)
	}
}

func TestPersonMayVouchWhenServerGivesNoDate(t *testing.T) {
	s, _ := ledger.Fold("c", nil)
	for _, look := range []observation{{Gone: true}, {Status: "CANCELED"}} {
		s.Marked["j"], s.Insisted["j"] = true, false
		if accountFor(s, "j", look) == nil {
			t.Error("accounted for without a date")
		}
		s.Insisted["j"] = true
		if x := accountFor(s, "j", look); x != nil {
			t.Errorf("%s although a person insisted", x.Reason)
		}
		look.Date = inside
		if accountFor(s, "j", look) == nil {
			t.Error("a date that says less was passed over")
		}
	}
}
