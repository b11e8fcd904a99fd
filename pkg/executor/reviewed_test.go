package executor

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

const overwriting = "overwrite: [ims]\noverwrite_unattended: true\n"

const longWindow = "  - cutover: {not_before: \"2026-03-01T01:00:00Z\", not_after: \"2026-03-01T23:00:00Z\", unattended: true}\n"

// A ledger is lost, and the record of one early job too: what is rebuilt has a
// gap, and nothing is sent into it, until a person says what is restored.
func TestAGapIsNeverSent(t *testing.T) {
	r := newRig(t, overwriting, longWindow, drssim.Config{RestoreTime: time.Minute}, "l1.bak", "l2.bak")
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
		t.Error("a step is called failed though others were restored behind it")
	}
	if x := r.said("resolve --succeeded", r.runner().MarkSucceeded(ctx, 1, Assurance{}, "looked at the database")); x.Class() != OK {
		t.Error("there is no way out")
	}
	r.pass()
	if x := r.pass(); x.Reason != Online || len(r.sim.Jobs()) != 3 {
		t.Errorf("it does not end: %d jobs", len(r.sim.Jobs()))
	}
}

// liar calls every job failed.
type liar struct{ *rig }

func (l liar) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := l.rig.ShowReplicationJob(ctx, id)
	j.Status = "FAILED"
	return j, err
}

// Nobody can say of a job that it failed while DRS shows that it succeeded.
func TestFailedNeedsALook(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	ctx := context.Background()
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	deceived := r.runner()
	deceived.Jobs = liar{r}
	r.said("pass", deceived.Pass(ctx))
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

// Credentials that may not see a job cannot say that it is not there.
func TestOtherCredentialsMayNotSeeTheJob(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute, OwnJobsOnly: true, Faults: []drssim.Fault{
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
	if x := r.said("not created", r.runner().MarkNotCreated(ctx, 1, Assurance{OtherCredentials: true}, "asked its owner")); x.Class() != OK {
		t.Error("there is no way out")
	}
}

// adopt --all renews the credentials, and nothing else of the identity.
func TestAdoptAllKeepsTheEndpoint(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{Faults: []drssim.Fault{{Kind: "lost-before-accept", N: 1}}}, "l1.bak")
	r.pass()
	r.endpoint, r.cred = "https://another-region", "key-b"
	if x := r.said("adopt all", r.runner().AdoptAll(context.Background(), "")); x.Reason != OtherIdentity || x.Why != "endpoint" {
		t.Error("another DRS is taken for this one")
	}
}

// The fence behind an answer leaves room for a request that left late.
func TestTheFenceCountsFromTheLastByte(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Hour, ListLag: 5 * time.Minute, Faults: []drssim.Fault{{Kind: "late-accept-504", N: 1, Arg: "10m"}}}, "l1.bak")
	r.before = func() { r.now = r.now.Add(55 * time.Second) } // dialling and TLS, within MaxListingAge
	r.pass()
	r.before = nil
	ctx := context.Background()
	c, err := LoadChain(ctx, r.l, r.p)
	if err != nil {
		t.Fatal(err)
	}
	r.now = c.State.Step(1).Intent.AnsweredFenceUntil
	if x := r.said("not created", r.runner().MarkNotCreated(ctx, 1, Assurance{}, "")); x.Reason != NotAllowed {
		t.Error("a job that was made within the assumptions is not seen")
	}
}

// A pass that puts the ledger into conflict says so.
func TestAConflictEndsThePass(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Hour}, "l1.bak")
	ctx := context.Background()
	r.after = func() { // another run, without the lock, settles the intent meanwhile
		r.after = nil
		c, err := LoadChain(ctx, r.l, r.p)
		if err != nil {
			t.Fatal(err)
		}
		e, err := ledger.New(r.p.Chain(), ledger.Decision, 1, 1, "other", ledger.DecisionData{What: ledger.NotCreated, Intent: c.State.Step(1).IntentSeq})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.l.Append(ctx, c.State.Head, e); err != nil {
			t.Fatal(err)
		}
	}
	if x := r.pass(); x.Class() != Conflict || x.Reason != LedgerConflict || x.Sent != SentYes {
		t.Error("the pass ends as if nothing were wrong")
	}
}

// A job that was there before the create did not come of it.
func TestAnOldJobIsNoAnswer(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute}, "mon/l.bak", "tue/l.bak")
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	cached := r.runner()
	cached.Jobs = cache{r}
	x := r.said("pass", cached.Pass(context.Background()))
	if x.Class() == OK || x.Sent != SentMaybe || len(r.jobs(2)) != 0 {
		t.Error("a cached answer was taken for step 2's")
	}
	for range 6 {
		r.now = r.now.Add(30 * time.Minute)
		r.pass()
	}
	if len(r.jobs(2)) != 1 || len(r.jobs(3)) != 1 {
		t.Errorf("%d and %d jobs for steps 2 and 3", len(r.jobs(2)), len(r.jobs(3)))
	}
}

// cache answers a create with the first job there is, and passes nothing on.
type cache struct{ *rig }

func (c cache) CreateReplicationJob(context.Context, drs.Create) drs.Outcome {
	body, _ := json.Marshal(map[string]string{"job_id": c.sim.Jobs()[0].ID})
	return drs.Classify(drs.Answer{Wrote: true, StatusCode: 200, Body: body})
}

// slowShow takes two minutes for each look.
type slowShow struct{ *rig }

func (f slowShow) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	f.rig.now = f.rig.now.Add(2 * time.Minute)
	return f.rig.ShowReplicationJob(ctx, id)
}

// The window is held against the server's clock as it is when the cutover
// leaves, and not as it was when the target was listed.
func TestTheWindowIsHeldAgainstNow(t *testing.T) {
	r := newRig(t, "", windows, drssim.Config{RestoreTime: time.Second})
	r.now = past.Add(-31 * time.Minute) // a minute before the end
	for range 3 {
		r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "other", Description: "x", Databases: []string{"other"}, Running: time.Minute})
	}
	slow := r.runner()
	slow.Jobs = slowShow{r}
	slow.hooks.now = func() time.Time { return inside } // the local clock is behind
	if x := r.said("pass", slow.Pass(context.Background())); x.Reason != WindowPast || len(r.jobs(1)) != 0 {
		t.Error("the cutover left behind its window")
	}
}

// A created and adopted job ends the pass, which says that it sent something.
func TestAPassThatAdoptsItsCreateSaysSo(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{Faults: []drssim.Fault{{Kind: "no-job-id", N: 1}}}, "l1.bak")
	if x := r.pass(); x.Sent != SentYes || x.Reason != JobRunning || len(r.sim.Jobs()) != 1 {
		t.Errorf("sent %s, %d jobs", x.Sent, len(r.sim.Jobs()))
	}
}

// A person judges a job in doubt that has ended and is not as it was intended.
func TestAnOddJobInDoubtIsJudged(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "lost-after-accept", N: 1}}}, "l1.bak")
	ctx := context.Background()
	odd := func() *Runner { x := r.runner(); x.Jobs = oddities{r}; return x }
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

// oddities shows every job in another bucket.
type oddities struct{ *rig }

func (o oddities) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	j, err := o.rig.ShowReplicationJob(ctx, id)
	j.BucketName = "another"
	return j, err
}

// adopt --all does not ask for the record of a job whose end a person told.
func TestAWitnessThatIsGoneIsNamed(t *testing.T) {
	r := newRig(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak", "l2.bak")
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
