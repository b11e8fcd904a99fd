package executor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// openOtherChain opens a chain of another plan on the same target.
func openOtherChain(r *fixture) {
	r.t.Helper()
	t := r.p.Target
	e, err := ledger.New("0123456789abcdef", ledger.Opened, 0, 0, "run", ledger.OpenedData{
		Plan: "other", Generation: 1, Region: t.Region, ProjectID: t.ProjectID, InstanceID: t.InstanceID,
	})
	if err == nil {
		_, err = r.l.Append(context.Background(), ledger.Head{}, e)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// If the ledger fails once a create may have been sent, the pass says so and can
// be tried again; the job id of an answer is in the result. It is long because it
// contains a table.
func TestLedgerThatFailsAfterTheCreateEndsWithTryAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []drssim.Fault
		other  bool
		sent   Sent
		jobs   int
	}{
		{"accepted", nil, false, SentYes, 1},
		{"accepted, with another chain on the target", nil, true, SentYes, 1},
		{"no answer", []drssim.Fault{{Kind: "lost-after-accept", N: 1}}, false, SentMaybe, 0},
		{"no answer, with another chain on the target", []drssim.Fault{{Kind: "lost-after-accept", N: 1}}, true, SentMaybe, 0},
		{"an answer without a job", []drssim.Fault{{Kind: "no-job-id", N: 1}}, false, SentMaybe, 0},
		{"an answer without a job, with another chain on the target", []drssim.Fault{{Kind: "no-job-id", N: 1}}, true, SentMaybe, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: c.faults}, "l1.bak")
			dir := t.TempDir()
			open := func() {
				l, err := ledger.Open(dir)
				if err != nil {
					t.Fatal(err)
				}
				r.l = l
			}
			open()
			if c.other {
				openOtherChain(r)
			}
			r.after = func() { _ = r.l.Close() }
			x := r.pass()
			if x.Class() != TryAgain || x.Reason != RecordLost || x.Step != 1 || x.Sent != c.sent || len(x.Jobs) != c.jobs || x.Err == nil {
				t.Errorf("%+v", x)
			}
			r.after = nil
			open()
			defer r.l.Close()
			if x := r.pass(); x.Reason != JobRunning || len(r.sim.Jobs()) != 1 {
				t.Errorf("the next pass does not find the job: %d jobs", len(r.sim.Jobs()))
			}
		})
	}
}

// A ledger that fails before the create is an error, and nothing was sent.
func TestLedgerThatFailsBeforeTheCreateIsAnError(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
	x := r.runner()
	beforeAppend(x, func(e ledger.Event) error {
		if e.Kind == ledger.Intent {
			return ledger.ErrBroken
		}
		return nil
	})
	if x := r.said("pass", x.Pass(context.Background())); x.Reason != LedgerBroken || x.Sent != SentNo {
		t.Error("nothing was sent, and it does not say so")
	}
}

// A pass that sent a create and then lost a race against a broken run still
// says that it sent something.
func TestLostRaceAfterCreateIsReportedAsSent(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute, Faults: []drssim.Fault{{Kind: "lost-after-accept", N: 1}}}, "l1.bak")
	x := r.runner()
	beforeAppend(x, func(e ledger.Event) error {
		if e.Kind == ledger.Adopted {
			_ = r.l.Close()
			return ledger.ErrLostRace
		}
		return nil
	})
	l, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.l, x.Ledger = l, l
	if x := r.said("pass", x.Pass(context.Background())); x.Class() != TryAgain || x.Reason != RecordLost || x.Sent != SentMaybe || x.Step != 1 {
		t.Errorf("%+v", x)
	}
}

// A ledger that another process keeps locked is no failure: nothing was sent,
// and a later run continues.
func TestLockedLedgerIsTriedAgain(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{})
	runner := r.runner()
	beforeAppend(runner, func(ledger.Event) error { return fmt.Errorf("appending: %w", ledger.ErrBusy) })
	got := r.said("pass", runner.Pass(context.Background()))
	if r.wantReason(got, TryAgain, LedgerBusy); got.Sent != SentNo || len(r.sim.Jobs()) != 0 {
		t.Errorf("sent %s, %d jobs", got.Sent, len(r.sim.Jobs()))
	}
}

// A pass returns the chain that it read, but not one that it has changed.
func TestResultHasChainOnlyIfUnchanged(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Hour}, "l1.bak")
	if x := r.pass(); x.Chain != nil {
		t.Error("a pass that submitted a step returns the chain from before")
	}
	x := r.pass()
	if x.Chain == nil || x.Chain.State.Step(1).State != ledger.StepRunning {
		t.Errorf("a pass with nothing to do returns chain %+v", x.Chain)
	}
}
