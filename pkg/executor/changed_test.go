package executor

import (
	"context"
	"errors"
	"testing"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// The plan file was changed since the pass began: no intent is written and
// nothing is sent.
func TestCreateOfAChangedPlanIsNotSent(t *testing.T) {
	r := newFixture(t, "", key, drssim.Config{})
	changed, asked := errors.New("the file was changed"), 0
	runner := r.runner()
	runner.Keys.Cutover = confirm(r.steps)
	runner.Unchanged = func() error { asked++; return changed }
	got := r.said("pass", runner.Pass(context.Background()))
	if got.Class() != TryAgain || got.Reason != PlanChanged || got.Step != 1 || got.Sent != SentNo || !errors.Is(got.Err, changed) {
		t.Errorf("%+v", got)
	}
	if n := len(r.sim.Jobs()); n != 0 || asked != 1 {
		t.Errorf("%d jobs, asked %d times", n, asked)
	}
	events, err := r.l.Events(context.Background(), r.p.Chain())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == ledger.Intent {
			t.Errorf("an intent was written")
		}
	}
}

// A create that was not accepted is not repeated if the plan was changed
// meanwhile.
func TestRepeatOfAChangedPlanIsNotSent(t *testing.T) {
	fault, err := drssim.ParseFault("429@1:retry-after=1")
	if err != nil {
		t.Fatal(err)
	}
	r := newFixture(t, "", "", drssim.Config{Faults: []drssim.Fault{fault}})
	asked := 0
	runner := r.runner()
	runner.Unchanged = func() error {
		if asked++; asked > 2 { // at the intent, and at the first byte
			return errors.New("the file was changed")
		}
		return nil
	}
	if got := r.said("pass", runner.Pass(context.Background())); got.Reason != PlanChanged || len(r.sim.Jobs()) != 0 {
		t.Errorf("%+v, %d jobs", got, len(r.sim.Jobs()))
	}
}

// The plan file is changed while the intent is being written: the intent is
// there, and nothing is sent.
func TestPlanChangedWhileTheIntentIsWrittenIsNotSent(t *testing.T) {
	r := newFixture(t, "", key, drssim.Config{})
	changed := error(nil)
	runner := r.runner()
	runner.Keys.Cutover = confirm(r.steps)
	runner.Unchanged = func() error { return changed }
	beforeAppend(runner, func(e ledger.Event) error {
		if e.Kind == ledger.Intent {
			changed = errors.New("the file was changed")
		}
		return nil
	})
	got := r.said("pass", runner.Pass(context.Background()))
	if got.Class() != TryAgain || got.Reason != PlanChanged || got.Step != 1 || got.Sent != SentNo || !errors.Is(got.Err, changed) {
		t.Errorf("%+v", got)
	}
	if n := len(r.sim.Jobs()); n != 0 {
		t.Errorf("%d jobs", n)
	}
	r.keys.Cutover = confirm(r.steps)
	if r.pass(); len(r.sim.Jobs()) != 1 {
		t.Errorf("%d jobs after the next pass", len(r.sim.Jobs()))
	}
}
