package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// failedOnce is a fixture whose step 1 failed, and the id of its job.
func failedOnce(t *testing.T, faults ...drssim.Fault) (*fixture, string) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: append(faults, drssim.Fault{Kind: "job-failed", N: 1})}, "l1.bak")
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	if x := r.pass(); x.Reason != JobFailed {
		t.Fatal(x.Reason)
	}
	return r, r.jobs(1)[0].ID
}

func (r *fixture) retry() {
	r.t.Helper()
	if x := r.said("retry", r.runner().Retry(context.Background(), 1, "")); x.Class() != OK {
		r.t.Fatal(x.Reason)
	}
}

func (r *fixture) wantJobs(seq, n int) {
	r.t.Helper()
	if got := len(r.jobs(seq)); got != n {
		r.t.Fatalf("%d jobs for step %d, want %d", got, seq, n)
	}
}

func (r *fixture) wantReason(x Result, class Class, want Reason) {
	r.t.Helper()
	if x.Class() != class || x.Reason != want {
		r.t.Fatalf("%s %s, want %s %s", x.Class(), x.Reason, class, want)
	}
}

func TestRetryAfterRefusalLooksAtEveryEarlierAttempt(t *testing.T) {
	r, first := failedOnce(t, drssim.Fault{Kind: "refused", N: 2})
	r.retry()
	r.wantReason(r.pass(), Failed, CreateRefused)
	r.retry()
	r.statuses = map[string]string{first: "SUCCESS"}
	r.wantReason(r.pass(), Conflict, NotFailed)
	r.wantJobs(1, 1)
}

func TestMarkFailedWaits45MinutesForMissingJob(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	id := r.jobs(1)[0].ID
	r.unknown = map[string]int{id: 2}
	for _, succeeded := range []bool{false, true} {
		x := r.said("resolve", r.runner().mark(ctx, 1, succeeded, Assurance{}, ""))
		if r.wantReason(x, TryAgain, JobMissing); x.Step != 1 {
			t.Errorf("it speaks of step %d", x.Step)
		}
	}
	r.now = r.now.Add(time.Hour)
	r.wantReason(r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")), Invalid, NotAllowed)
	r.pass()
	r.wantJobs(1, 1)
	if c, _ := LoadChain(ctx, r.l, r.p); c.State.Step(1).State != ledger.StepSucceeded || len(c.State.Missing) > 0 {
		t.Errorf("step 1 is %s, missing %v", c.State.Step(1).State, c.State.Missing)
	}
}

func TestJobDeletedInTheConsoleIsMissingThenGone(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.sim.Delete(r.jobs(1)[0].ID)
	began := r.now
	for _, after := range []time.Duration{0, time.Minute, 44 * time.Minute} {
		r.now = began.Add(after)
		x := r.pass()
		r.wantReason(x, TryAgain, JobMissing)
		if !x.Until.Equal(began.Add(45 * time.Minute)) {
			t.Errorf("until %s", x.Until)
		}
	}
	r.now = began.Add(45 * time.Minute)
	r.wantReason(r.pass(), Conflict, JobGone)
	r.wantReason(r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")), OK, "")
	r.wantReason(r.pass(), Failed, JobFailed)
	r.retry()
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 2)
}

func TestFailedJobDeletedBeforeRetryWaits45Minutes(t *testing.T) {
	r, first := failedOnce(t)
	r.sim.Delete(first)
	r.retry()
	r.wantReason(r.pass(), TryAgain, JobMissing)
	r.now = r.now.Add(44 * time.Minute)
	r.wantReason(r.pass(), TryAgain, JobMissing)
	r.wantJobs(1, 1)
	r.now = r.now.Add(time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 2)
}

func TestIgnoreRefusesAJobOfThisChain(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{
		{Kind: "lost-after-accept", N: 1}, {Kind: "list-omits-new", Arg: "2m"}}}, "l1.bak")
	ctx := context.Background()
	r.pass()
	id := r.jobs(1)[0].ID
	if x := r.said("ignore", r.runner().Ignore(ctx, id, "")); x.Reason != NotAllowed || x.Why != WhyOwnJob {
		t.Fatalf("%s %s", x.Reason, x.Why)
	}
	r.now = r.now.Add(time.Hour)
	r.said("not created", r.runner().MarkNotCreated(ctx, 1, Assurance{}, ""))
	r.pass()
	r.wantJobs(1, 1)
}

func TestIgnoredJobsOfALostLedgerStillCount(t *testing.T) {
	r := newFixture(t, overwriting, "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.pass()
	r.l = ledger.OpenMemory()
	r.now = r.now.Add(time.Hour)
	x := r.pass()
	r.wantReason(x, Conflict, UnknownJobs)
	for _, id := range x.Jobs {
		if x := r.said("ignore", r.runner().Ignore(ctx, id, "")); x.Reason != NotAllowed {
			t.Errorf("job %s is ignored", id)
		}
		r.ignoreAsBefore(id)
	}
	r.wantReason(r.pass(), Conflict, NotFailed)
	r.wantJobs(1, 1)
}

// ignoreAsBefore records a decision that an earlier version allowed.
func (r *fixture) ignoreAsBefore(id string) {
	r.t.Helper()
	ctx := context.Background()
	c, err := LoadChain(ctx, r.l, r.p)
	if err != nil {
		r.t.Fatal(err)
	}
	e, err := ledger.New(r.p.Chain(), ledger.Decision, 0, 0, "old", ledger.DecisionData{What: ledger.IgnoreJob, JobID: id})
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.l.Append(ctx, c.State.Head, e); err != nil {
		r.t.Fatal(err)
	}
}

func TestIgnoredJobOfTheStepInDoubtIsACandidate(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{
		{Kind: "lost-after-accept", N: 1}, {Kind: "list-omits-new", Arg: "2m"}}}, "l1.bak")
	r.pass()
	r.ignoreAsBefore(r.jobs(1)[0].ID)
	r.now = r.now.Add(time.Hour)
	if x := r.said("not created", r.runner().MarkNotCreated(context.Background(), 1, Assurance{}, "")); x.Reason != NotAllowed {
		t.Error("the word was taken over a job that is listed")
	}
	r.pass()
	r.wantJobs(1, 1)
}

func TestSecondJobOfASucceededStepMayBeIgnored(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	r.pass()
	twin := r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "copy", Description: r.steps[0].Marker().String(), Databases: []string{"other"}})
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), Conflict, DuplicateJobs)
	if x := r.said("ignore", r.runner().Ignore(context.Background(), twin, "")); x.Class() != OK {
		t.Fatal(x.Reason)
	}
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(2, 1)
}

// DRS may show a failed job as succeeded in its list for ever. Time alone sends nothing
// then: a person says that the backup is restored, or deletes the job's record.
func TestPersonEndsAContradictionOfDRS(t *testing.T) {
	contradicted := func() (*fixture, string) {
		r, id := failedOnce(t)
		r.listed = map[string]string{id: "SUCCESS"}
		r.retry()
		for range 3 {
			r.wantReason(r.pass(), TryAgain, APIUnavailable)
			r.now = r.now.Add(10 * time.Hour)
		}
		r.wantJobs(1, 1)
		return r, id
	}

	r, _ := contradicted()
	r.wantReason(r.said("resolve --succeeded", r.runner().MarkSucceeded(context.Background(), 1, Assurance{}, "")), OK, "")
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 1)
	r.wantJobs(2, 1)

	r, id := contradicted()
	r.sim.Delete(id)
	r.wantReason(r.pass(), TryAgain, JobMissing)
	r.now = r.now.Add(44 * time.Minute)
	r.wantReason(r.pass(), TryAgain, JobMissing)
	r.now = r.now.Add(2 * time.Minute)
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantJobs(1, 2)
}
