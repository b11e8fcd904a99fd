package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// longRun is a plan whose first steps have succeeded, on a target that lists
// all their jobs and a hundred older foreign ones.
type longRun struct {
	t     testing.TB
	l     *ledger.Ledger
	steps []plan.Step
	now   time.Time
	jobs  []drs.OfflineTaskInfo
	head  ledger.Head
	id    string // of the job that a create makes
}

func newLongRun(t testing.TB, l *ledger.Ledger, done int) *longRun {
	t.Helper()
	var logs []string
	for i := range done + 1 {
		logs = append(logs, fmt.Sprintf("ims_log%d.bak", i+1))
	}
	r := &longRun{t: t, l: l, steps: theSteps(t, "", "", logs...), now: inside, id: "60cf7d2e-5a45-4b13-8e45-2fa7b0000001"}
	var foreign []string
	for i := range 100 {
		id := fmt.Sprintf("60cf7d2e-5a45-4b13-8e45-2fa7f%07d", i)
		foreign = append(foreign, id)
		r.jobs = append(r.jobs, drs.OfflineTaskInfo{ID: id, Name: "others", Status: "SUCCESS"})
	}
	target := r.steps[0].Plan.Target
	r.append(ledger.Opened, 0, ledger.OpenedData{
		Plan: r.steps[0].Plan.Name, Generation: 1, Region: target.Region, ProjectID: target.ProjectID, InstanceID: target.InstanceID,
		Endpoint: "https://x", Principal: "a", ListedUnknown: foreign,
	})
	for _, s := range r.steps[:done] {
		r.succeed(s)
	}
	return r
}

func (r *longRun) append(kind ledger.Kind, step int, data any) {
	r.t.Helper()
	e, err := ledger.New(r.steps[0].Plan.Chain(), kind, step, min(step, 1), "run", data)
	if err == nil {
		e, err = r.l.Append(context.Background(), r.head, e)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
}

func (r *longRun) intend(s plan.Step, signed time.Time) {
	r.t.Helper()
	req, err := s.Request(1)
	if err != nil {
		r.t.Fatal(err)
	}
	r.append(ledger.Intent, s.Seq, ledger.IntentData{
		JobName: req.JobName, Body: string(req.Body), BodySHA256: req.SHA256, ChainSHA256: s.ChainSHA256, Principal: "a",
		SignedAt: signed, FenceUntil: signed.Add(silentFence), AnsweredFenceUntil: signed.Add(answeredFence),
	})
}

// succeed records what passes over one step leave.
func (r *longRun) succeed(s plan.Step) {
	r.t.Helper()
	r.intend(s, inside.Add(-2*time.Hour))
	id := fmt.Sprintf("60cf7d2e-5a45-4b13-8e45-2fa7a%07d", s.Seq)
	r.append(ledger.Accepted, s.Seq, ledger.OutcomeData{Intent: r.head.Seq, IntentRun: "run", JobID: id})
	r.append(ledger.JobSucceeded, s.Seq, ledger.FinishedData{JobID: id, Status: "SUCCESS"})
	r.jobs = append(r.jobs, drs.OfflineTaskInfo{ID: id, Name: s.JobName(1), Status: "SUCCESS"})
}

func (r *longRun) CreateReplicationJob(context.Context, drs.Create) drs.Outcome {
	return drs.Classify(drs.Answer{Wrote: true, StatusCode: 200, Body: []byte(`{"job_id":"` + r.id + `"}`)})
}

func (r *longRun) ShowReplicationJob(_ context.Context, id string) (drs.Job, error) {
	return drs.Job{OfflineTaskInfo: drs.OfflineTaskInfo{ID: id, Status: "TRANSFERRING"}}, nil
}

func (r *longRun) ListReplicationJobs(context.Context, string) (drs.Listing, error) {
	return drs.Listing{Jobs: r.jobs, Complete: true, Date: r.now}, nil
}

func (r *longRun) pass() Result {
	runner := &Runner{
		Plan: r.steps[0].Plan, Jobs: r, Ledger: r.l, Identity: Identity{Endpoint: "https://x", Principal: "a"}, Run: "run",
		hooks: hooks{now: func() time.Time { return r.now }, sleep: func(context.Context, time.Duration, time.Duration) bool { return false }},
	}
	return runner.Pass(context.Background())
}

// written is the size in bytes of the data of the last n events.
func (r *longRun) written(n int) (size int) {
	r.t.Helper()
	events, err := r.l.Events(context.Background(), r.steps[0].Plan.Chain())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range events[len(events)-n:] {
		size += len(e.Data)
		if !json.Valid(e.Data) {
			r.t.Fatalf("event %d is %s", e.Seq, e.Data)
		}
	}
	return size
}

// The size of what a step adds to the ledger does not depend on the number of
// steps before it.
func TestBytesOfAStepDoNotGrow(t *testing.T) {
	if modelUnderRace {
		t.Skip("it has one goroutine and is slow here; `make norace` runs it")
	}
	sizes := map[string]map[int]int{"a create": {}, "a search": {}}
	for _, done := range []int{100, 1000, 5000} {
		r := newLongRun(t, ledger.OpenMemory(), done)
		if x := r.pass(); x.Reason != JobRunning {
			t.Fatalf("%s %s %v", x.Reason, x.Detail, x.Err)
		}
		sizes["a create"][done] = r.written(2) // intent, accepted

		r = newLongRun(t, ledger.OpenMemory(), done)
		r.intend(r.steps[done], inside.Add(-time.Hour))
		if x := r.pass(); x.Reason != Settling {
			t.Fatalf("%s %s %v", x.Reason, x.Detail, x.Err)
		}
		sizes["a search"][done] = r.written(1)
	}
	for what, of := range sizes {
		for _, done := range []int{1000, 5000} {
			if few, many := of[100], of[done]; many*10 > few*12 {
				t.Errorf("%s writes %d bytes after 100 steps, and %d after %d", what, few, many, done)
			}
		}
	}
}

// An intent lists only ids that the ledger does not know. A job that an
// earlier event names existed before the create too.
func TestCreateAnswerNamingKnownJobIsInDoubt(t *testing.T) {
	r := newLongRun(t, ledger.OpenMemory(), 2)
	r.id = r.jobs[0].ID // listed when the chain was opened
	if x := r.pass(); x.Class() != TryAgain || x.Sent != SentMaybe || r.state().Step(3).State != ledger.StepInDoubt {
		t.Errorf("%s %s, step 3 is %s: an old job was taken for the create's", x.Class(), x.Reason, r.state().Step(3).State)
	}
	if got := r.viewTarget().Unaccounted; len(got) > 0 {
		t.Errorf("unaccounted: %q, and all were there before", got)
	}
	r.jobs = append(r.jobs, drs.OfflineTaskInfo{ID: "new", Name: "renamed", Status: "SUCCESS"})
	if got := r.viewTarget().Unaccounted; len(got) != 1 || got[0] != "new" {
		t.Errorf("unaccounted: %q, want the job that came later", got)
	}
}

func (r *longRun) state() *ledger.State {
	r.t.Helper()
	s, err := foldChain(context.Background(), r.l, r.steps[0].Plan.Chain())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func (r *longRun) viewTarget() *targetView {
	l, _ := r.ListReplicationJobs(context.Background(), "")
	return viewTarget(l, r.steps[0].Plan, r.state(), chainsOnTarget{})
}

// A pass that reads everything and sends nothing, because a foreign job runs.
// Over 5,000 steps it takes at most six times as long as over 1,000.
func BenchmarkPass(b *testing.B) {
	for _, done := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprint(done), func(b *testing.B) {
			r := newLongRun(b, ledger.OpenMemory(), done)
			r.jobs = append(r.jobs, drs.OfflineTaskInfo{ID: "x", Name: "others", Status: "TRANSFERRING"})
			for b.Loop() {
				if x := r.pass(); x.Class() != TryAgain {
					b.Fatalf("%s %s %v", x.Reason, x.Detail, x.Err)
				}
			}
		})
	}
}
