package executor

import (
	"context"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// TestModelFound runs the shortened schedules of the bugs that the model has
// found.
func TestModelFound(t *testing.T) {
	for name, s := range foundSchedules() {
		t.Run(name, func(t *testing.T) {
			if violation := runSchedule(s, planted{}, nil); violation != "" {
				fail(t, s, violation)
			}
		})
	}
}

func foundSchedules() map[string]schedule {
	return map[string]schedule{
		"a deleted known job left a doubt settling forever": {
			seed: 1260, unique: true, single: true, restore: time.Minute, runners: []int{1},
			plans:  []shape{{name: "alpha", steps: 4, cutover: true, unattended: true, window: true}},
			events: []event{{"delete", "listed", 3, 0}, {"crash", "appended-intent", 2, 0}},
		},
		"a lost ledger was not rebuilt from a renamed job": {
			seed: 1613, unique: true, single: true, restore: 20 * time.Minute, lag: 2 * time.Minute, runners: []int{2},
			plans:  []shape{{name: "alpha", steps: 4, cutover: true, overwrite: true}},
			events: []event{{"lose-ledger", "followed", 6, 0}, {"rename", "answer", 2, 0}},
		},
		"a word about the attempt before closed a create under way": {
			seed: 5708, unique: true, restore: time.Second, lag: 3 * time.Second, noLock: true, private: true, runners: []int{2, 1},
			plans:  []shape{{name: "alpha", steps: 1, overwrite: true}, {name: "beta", steps: 1, overwrite: true}},
			events: []event{{"job-precheck-failed", "sim", 1, 0}, {"says-failed", "appended-intent", 2, 0}, {"says-succeeded", "answer", 2, 0}},
		},
		"a late word called a step failed that had succeeded": {
			seed: 5708, unique: true, restore: time.Second, lag: 3 * time.Second, noLock: true, private: true, runners: []int{2, 1},
			plans:  []shape{{name: "alpha", steps: 1, overwrite: true}, {name: "beta", steps: 1, overwrite: true}},
			events: []event{{"job-precheck-failed", "sim", 1, 0}, {"says-failed", "appended-succeeded", 1, 0}, {"says-failed", "appended-succeeded", 2, 0}},
		},
		"a window that ended after the decision left an intent": {
			seed: 9, unique: true, restore: 20 * time.Minute, runners: []int{2},
			plans:  []shape{{name: "alpha", steps: 2, cutover: true, window: true, overwrite: true, token: true}},
			events: []event{{"jump", "append-decision", 2, -time.Hour}},
		},
		"a job that ended and shows another word kept its plan from going on": {
			seed: 98, single: true, noLock: true, restore: time.Minute, runners: []int{2},
			plans:  []shape{{name: "alpha", steps: 4}},
			events: []event{{"odd-status", "appended", 5, forEver}},
		},
		"a create settled by another run was not counted as sent": {
			seed: 7664, unique: true, odd: true, noLock: true, dawdle: true, restore: time.Second, lag: 2 * time.Minute, runners: []int{2},
			plans:  []shape{{name: "alpha", steps: 4, cutover: true}},
			events: []event{{"crash", "appended", 2, 0}, {"truncated", "sim", 1, 0}, {"list-no-date", "sim", 1, 0}},
		},
	}
}

// A decision may be about a step that the current plan does not have.
func TestModelFoundDecisionsOnShorterPlan(t *testing.T) {
	s := schedule{seed: 1, runners: []int{1}, plans: []shape{{name: "alpha", steps: 1}}}
	w := newWorld(s, planted{})
	d := w.teams[0]
	r := &Runner{Plan: d.plan, Ledger: w.ledger, Run: "run"}
	r.Jobs = alwaysShows{}
	for _, seq := range []int{-1, 0, 2, 99} {
		if got := r.Adopt(context.Background(), seq, "job", ""); got.Reason != NotAllowed {
			t.Errorf("adopt step %d of 1: %s, want %s", seq, got.Reason, NotAllowed)
		}
	}
}

// alwaysShows has a job for every id.
type alwaysShows struct{ Jobs }

func (alwaysShows) ShowReplicationJob(_ context.Context, id string) (drs.Job, error) {
	return drs.Job{OfflineTaskInfo: drs.OfflineTaskInfo{ID: id}}, nil
}

// A signature dated by a local clock that runs ahead must not count as a date
// of the server: every later listing would look older.
func TestModelFoundLocalDateIsNotTheServers(t *testing.T) {
	e, err := ledger.New("c", ledger.Intent, 1, 1, "run", ledger.IntentData{SignedAt: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	state, err := ledger.Fold("c", []ledger.Event{e})
	if err != nil || !state.Date.IsZero() {
		t.Errorf("the highest date is %s, %v, want none", state.Date, err)
	}
}
