package executor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// gated is a pass with a gate, and how often the gate was asked.
func gated(r *fixture, gate func(context.Context, plan.Step) error) (Result, int) {
	asked := 0
	runner := r.runner()
	runner.Keys.Cutover = confirm(r.steps)
	runner.Gate = func(ctx context.Context, s plan.Step) error {
		asked++
		return gate(ctx, s)
	}
	return r.said("pass", runner.Pass(context.Background())), asked
}

// A step that the gate refuses is not sent, and nothing is written about it.
func TestStepRefusedByGateIsNotSent(t *testing.T) {
	unreachable := errors.New("no answer")
	for _, tt := range []struct {
		err    error
		reason Reason
		class  Class
	}{
		{&Stop{Reason: NewerBackup, Objects: []string{"LOG/a.bak"}}, NewerBackup, CutoverHeld},
		{fmt.Errorf("the gate: %w", &Stop{Reason: NoTailLog}), NoTailLog, CutoverHeld},
		{unreachable, FilesUnavailable, TryAgain},
	} {
		r := newFixture(t, "", key, drssim.Config{})
		got, asked := gated(r, func(context.Context, plan.Step) error { return tt.err })
		if got.Reason != tt.reason || got.Class() != tt.class || got.Step != 1 || got.Sent != SentNo || asked != 1 {
			t.Errorf("%+v after %d questions", got, asked)
		}
		events, err := r.l.Events(context.Background(), r.p.Chain())
		if err != nil || len(events) != 0 || len(r.sim.Jobs()) != 0 {
			t.Errorf("%d events, %d jobs, %v", len(events), len(r.sim.Jobs()), err)
		}
		if got, _ := gated(r, func(context.Context, plan.Step) error { return nil }); len(r.sim.Jobs()) != 1 {
			t.Errorf("%+v after the gate has opened", got)
		}
	}
}

// A gate that reads for longer than a listing stays fresh: the target is listed
// again, and the gate is not asked again.
func TestSlowGateIsAskedOnceInAPass(t *testing.T) {
	r := newFixture(t, "", key, drssim.Config{})
	got, asked := gated(r, func(_ context.Context, s plan.Step) error {
		if s.Seq != 1 || !s.Last {
			t.Errorf("asked about step %d", s.Seq)
		}
		r.now = r.now.Add(5 * time.Minute)
		return nil
	})
	if asked != 1 || len(r.sim.Jobs()) != 1 || got.Class() != OK {
		t.Errorf("%d questions, %d jobs, %+v", asked, len(r.sim.Jobs()), got)
	}
}

// The end of the time ends the pass, whatever the gate makes of it.
func TestGateEndsWithItsContext(t *testing.T) {
	r := newFixture(t, "", key, drssim.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	runner := r.runner()
	runner.Keys.Cutover = confirm(r.steps)
	runner.Gate = func(context.Context, plan.Step) error {
		cancel()
		return errors.New("canceled")
	}
	if got := r.said("pass", runner.Pass(ctx)); got.Reason != Stopped || got.Step != 1 || len(r.sim.Jobs()) != 0 {
		t.Errorf("%+v", got)
	}
}

// No gate is asked where nothing would be sent.
func TestGateIsNotAskedWithoutTheKey(t *testing.T) {
	r := newFixture(t, "", key, drssim.Config{})
	runner := r.runner()
	runner.Gate = func(context.Context, plan.Step) error { t.Error("asked"); return nil }
	if got := r.said("pass", runner.Pass(context.Background())); got.Reason != CutoverKey {
		t.Errorf("%+v", got)
	}
}
