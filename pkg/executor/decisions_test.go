package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

const overwriting = "overwrite: [ims]\noverwrite_unattended: true\n"

const longWindow = "  - cutover: {not_before: \"2026-03-01T01:00:00Z\", not_after: \"2026-03-01T23:00:00Z\", unattended: true}\n"

// A ledger is rebuilt, and the record of an early job is gone: that step is
// not sent until a person says that it is restored.
func TestMissingStepOfRebuiltLedgerIsNotSent(t *testing.T) {
	r := newFixture(t, overwriting, longWindow, drssim.Config{RestoreTime: time.Minute}, "l1.bak", "l2.bak")
	for range 8 {
		if r.pass().Reason == Online {
			break
		}
		r.now = r.now.Add(2 * time.Minute)
	}
	r.sim.Delete(r.jobs(1)[0].ID)
	r.l = ledger.OpenMemory()
	r.now = r.now.Add(46 * time.Minute)
	ctx := context.Background()
	if x := r.said("adopt all", r.runner().AdoptAll(ctx, "lost")); x.Reason != HistoryGap || x.Step != 1 {
		t.Error("adopt --all does not say what is missing")
	}
	if x := r.pass(); x.Reason != HistoryGap || len(r.jobs(1)) > 1 {
		t.Fatal("something was sent into the gap")
	}
	if x := r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")); x.Reason != NotAllowed {
		t.Error("a step is marked as failed although later ones were restored")
	}
	if x := r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 1, Assurance{}, "looked at the database")); x.Class() != OK {
		t.Error("there is no way out")
	}
	r.pass()
	if x := r.pass(); x.Reason != Online || len(r.sim.Jobs()) != 3 {
		t.Errorf("it does not end: %d jobs", len(r.sim.Jobs()))
	}
}

// showsFailed shows every job as failed.
type showsFailed struct{ *fixture }

func (l showsFailed) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := l.fixture.ShowReplicationJob(ctx, id)
	j.Status = "FAILED"
	return j, err
}

// A person cannot mark a step as failed while DRS shows that its job
// succeeded.
func TestMarkFailedIsRefusedWhileDRSShowsSuccess(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	misled := r.runner()
	misled.Jobs = showsFailed{r}
	r.said("pass", misled.Pass(ctx))
	for range 2 {
		if x := r.said("resolve --failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")); x.Reason != NotAllowed {
			t.Error("the word was taken")
		}
		r.said("retry", r.runner().Retry(ctx, 1, ""))
	}
	if x := r.pass(); x.Reason != NotFailed || len(r.jobs(1)) != 1 {
		t.Errorf("%d jobs for step 1", len(r.jobs(1)))
	}
	if x := r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 1, Assurance{}, "")); x.Class() != OK {
		t.Error("the truth is not taken")
	}
}

// Credentials that may not see a job cannot show that it is absent.
func TestMarkNotCreatedWithOtherCredentialsNeedsAssurance(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, OwnJobsOnly: true, Faults: []drssim.Fault{
		{Kind: "lost-after-accept", N: 1}, {Kind: "list-omits-new", Arg: "10m"}}}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.cred = "key-b"
	r.now = r.now.Add(50 * time.Minute)
	if x := r.said("adopt all", r.runner().AdoptAll(ctx, "these are meant")); x.Class() != OK {
		t.Fatal(x)
	}
	r.pass()
	for _, x := range []Result{
		r.said("not created", r.runner().MarkNotCreated(ctx, 1, Assurance{}, "")),
		r.said("failed", r.runner().MarkFailed(ctx, 1, Assurance{}, "")),
	} {
		if x.Reason != NotAllowed || x.Why != WhyOtherCredentials {
			t.Error("a blind search was taken for evidence")
		}
	}
	if r.pass(); len(r.jobs(1)) != 1 {
		t.Errorf("%d jobs for step 1", len(r.jobs(1)))
	}
	asked := func() Result {
		return r.said("not created", r.runner().MarkNotCreated(ctx, 1, Assurance{OtherCredentials: true}, "asked its owner"))
	}
	r.now = asked().Until // the list is empty
	if x := asked(); x.Class() != OK {
		t.Error("there is no way out")
	}
}

// One empty list may be a fault of DRS: nothing in it shows that it is complete.
func TestMarkNotCreatedNeedsTwoEmptyLists(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{Faults: []drssim.Fault{{Kind: "lost-after-accept", N: 1}}}, "l1.bak")
	ctx := context.Background()
	r.empty = true
	r.pass()
	r.now = r.now.Add(2 * time.Hour)
	decide := func() Result {
		return r.said("not created", r.runner().MarkNotCreated(ctx, 1, Assurance{}, ""))
	}
	first := decide()
	if first.Why != WhyEmptyList || first.Class() != TryAgain {
		t.Fatalf("one empty list is believed: %+v", first.Stop)
	}
	r.now = first.Until.Add(-time.Second)
	if x := decide(); x.Why != WhyEmptyList || !x.Until.Equal(first.Until) {
		t.Errorf("a second empty list is believed too early: %+v", x.Stop)
	}
	r.now = first.Until.Add(time.Second)
	r.empty = false
	if x := decide(); x.Why != WhyJobListed {
		t.Errorf("the job is listed now: %+v", x.Stop)
	}
	r.empty = true
	if x := decide(); x.Class() != OK {
		t.Errorf("there is no way out: %+v", x.Stop)
	}
}

// AdoptAll renews the credentials and nothing else of the identity.
func TestAdoptAllRefusesAnotherEndpoint(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{Faults: []drssim.Fault{{Kind: "lost-before-accept", N: 1}}}, "l1.bak")
	r.pass()
	r.endpoint, r.cred = "https://another-region", "key-b"
	if x := r.said("adopt all", r.runner().AdoptAll(context.Background(), "")); x.Reason != OtherIdentity || x.Why != "endpoint" {
		t.Error("another DRS is taken for this one")
	}
}

// A pass that adopts the job of its own create ends, and reports that it sent a
// request.
func TestPassThatAdoptsItsOwnJobReportsSent(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{Faults: []drssim.Fault{{Kind: "no-job-id", N: 1}}}, "l1.bak")
	if x := r.pass(); x.Sent != SentYes || x.Reason != JobRunning || len(r.sim.Jobs()) != 1 {
		t.Errorf("sent %s, %d jobs", x.Sent, len(r.sim.Jobs()))
	}
}

// A person decides about a candidate that has ended and differs from the
// request.
func TestEndedJobThatDiffersCanBeMarkedInDoubt(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "lost-after-accept", N: 1}}}, "l1.bak")
	ctx := context.Background()
	odd := func() *Runner { x := r.runner(); x.Jobs = showsAnotherBucket{r}; return x }
	if x := r.said("pass", odd().Pass(ctx)); x.Reason != JobDiffers {
		t.Fatal(x)
	}
	r.now = r.now.Add(2 * time.Minute)
	if x := r.said("resolve --succeeded", odd().MarkSucceeded(ctx, 1, Assurance{}, "looked at the database")); x.Class() != OK {
		t.Error("there is no way out")
	}
	if x := r.pass(); x.Step != 2 || len(r.jobs(1)) != 1 || len(r.jobs(2)) != 1 {
		t.Errorf("%d and %d jobs", len(r.jobs(1)), len(r.jobs(2)))
	}
}

// showsAnotherBucket shows every job in another bucket.
type showsAnotherBucket struct{ *fixture }

func (o showsAnotherBucket) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := o.fixture.ShowReplicationJob(ctx, id)
	j.BucketName = "another"
	return j, err
}

// AdoptAll does not need the record of a job that a person has marked.
func TestAdoptAllNamesKnownJobMissingFromListing(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak", "l2.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	r.pass()
	stale := r.copied()
	r.now = r.now.Add(2 * time.Minute)
	r.pass()
	r.sim.Delete(r.jobs(2)[0].ID)
	r.l = stale // knows nothing of step 3, and follows step 2
	if x := r.said("adopt all", r.runner().AdoptAll(ctx, "")); x.Why != WhyListLacksJob || len(x.Jobs) != 1 {
		t.Error("the missing job is not named")
	}
	r.now = r.now.Add(time.Hour)
	if x := r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 2, Assurance{}, "looked at the database")); x.Reason != JobMissing {
		t.Error("one look is enough")
	}
	r.now = r.now.Add(6 * time.Minute)
	r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 2, Assurance{}, "looked at the database"))
	if x := r.said("adopt all", r.runner().AdoptAll(ctx, "")); x.Class() != OK {
		t.Error("there is no way out")
	}
	if r.pass(); len(r.jobs(3)) != 1 {
		t.Errorf("%d jobs for step 3", len(r.jobs(3)))
	}
}
