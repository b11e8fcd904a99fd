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

// The fence after an answer allows for a request that was sent late.
func TestFenceAllowsForLateRequest(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Hour, ListLag: 5 * time.Minute, Faults: []drssim.Fault{{Kind: "late-accept-504", N: 1, Arg: "10m"}}}, "l1.bak")
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

// A pass whose outcome makes the ledger contradict itself says so.
func TestPassThatCausesLedgerConflictReportsIt(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Hour}, "l1.bak")
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

// A job that existed before the create is not its job.
func TestCreateAnswerNamingOlderJobIsInDoubt(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "mon/l.bak", "tue/l.bak")
	r.pass()
	r.now = r.now.Add(2 * time.Minute)
	cached := r.runner()
	cached.Jobs = answersWithOldJob{r}
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

// answersWithOldJob answers every create with the oldest job, and forwards
// nothing.
type answersWithOldJob struct{ *fixture }

func (c answersWithOldJob) CreateReplicationJob(context.Context, drs.Create) drs.Outcome {
	body, _ := json.Marshal(map[string]string{"job_id": c.sim.Jobs()[0].ID})
	return drs.Classify(drs.Answer{Wrote: true, StatusCode: 200, Body: body})
}

// slowShow takes two minutes for each look.
type slowShow struct{ *fixture }

func (f slowShow) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	f.fixture.now = f.fixture.now.Add(2 * time.Minute)
	return f.fixture.ShowReplicationJob(ctx, id)
}

// The window is compared with the server's clock when the cutover is sent, not
// when the target was listed.
func TestWindowIsCheckedAgainstServerTimeAtSend(t *testing.T) {
	r := newFixture(t, "", windows, drssim.Config{RestoreTime: time.Second})
	r.now = past.Add(-31 * time.Minute) // a minute before the end
	for range 3 {
		r.sim.AddForeignJob(drssim.ForeignJob{Instance: r.p.Target.InstanceID, Name: "other", Description: "x", Databases: []string{"other"}, Running: time.Minute})
	}
	slow := r.runner()
	slow.Jobs = slowShow{r}
	slow.hooks.now = func() time.Time { return inside } // the local clock is behind
	if x := r.said("pass", slow.Pass(context.Background())); x.Reason != WindowPast || len(r.jobs(1)) != 0 {
		t.Error("the cutover was sent after its window")
	}
}
