package view

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// worstOf orders the classes of this test.
func worstOf(classes ...executor.Class) executor.Class {
	for _, c := range []executor.Class{executor.Failed, executor.CutoverHeld, executor.TryAgain} {
		if slices.Contains(classes, c) {
			return c
		}
	}
	return executor.OK
}

// passed is a plan whose last pass ended with a reason.
func passed(t *testing.T, r executor.Reason) *Migration {
	t.Helper()
	m := example(t, ledger.StepSucceeded)
	m.Result.Stop = executor.Stop{Reason: r, Step: 2}
	stop, err := json.Marshal(m.Note())
	if err != nil {
		t.Fatal(err)
	}
	record := ledger.PassRecord{
		Ended: night(1), User: "cron", Host: "db7", Code: string(m.Class()), Reason: string(r), Stop: stop,
		PlanSHA256: m.Plan.SHA256, Seq: m.State.Head.Seq, Hash: m.State.Head.Hash,
	}
	if err := m.SetLastPass(record); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLastPassCountsUnlessLedgerOrTimeIsWorse(t *testing.T) {
	for name, c := range map[string]struct {
		last, computed, want executor.Reason
	}{
		"only the pass knows":             {executor.APIUnavailable, executor.NextBackup, executor.APIUnavailable},
		"the window is over meanwhile":    {executor.APIUnavailable, executor.WindowPast, executor.WindowPast},
		"the job had failed":              {executor.JobFailed, executor.CutoverKey, executor.JobFailed},
		"a pass that ended well":          {executor.NextBackup, executor.CutoverKey, executor.CutoverKey},
		"a pass that ended well, and now": {executor.BeforeStart, executor.NextBackup, executor.NextBackup},
	} {
		m := passed(t, c.last)
		said := m.Explain().What
		m.Result.Stop = executor.Stop{Reason: c.computed, Step: 3}
		m.Stand(worstOf)
		if m.Result.Reason != c.want {
			t.Errorf("%s: %s, want %s", name, m.Result.Reason, c.want)
		}
		if c.want == c.last && m.Class() != executor.OK && m.Explain().What != said {
			t.Errorf("%s: says %q, and the pass said %q", name, m.Explain().What, said)
		}
	}
}

func TestSupersededPassDoesNotCount(t *testing.T) {
	for want, change := range map[string]func(*Migration){
		"the ledger has newer events": func(m *Migration) { m.State.Head.Seq++ },
		"the plan file has changed":   func(m *Migration) { m.Plan.SHA256 = "other" },
	} {
		m := passed(t, executor.APIUnavailable)
		record := ledger.PassRecord{
			Code: string(m.LastPass.Class), Reason: string(m.LastPass.Reason), Stop: json.RawMessage("{}"),
			PlanSHA256: m.Plan.SHA256, Seq: m.State.Head.Seq, Hash: m.State.Head.Hash,
		}
		change(m)
		if err := m.SetLastPass(record); err != nil {
			t.Fatal(err)
		}
		m.Result.Stop = executor.Stop{Reason: executor.NextBackup}
		m.Stand(worstOf)
		if m.Class() != executor.OK || m.LastPass.Superseded != want || !strings.Contains(m.lastPass(night(2)), want+" since") {
			t.Errorf("%s: %s, %q, %q", want, m.Class(), m.LastPass.Superseded, m.lastPass(night(2)))
		}
	}
}

// A stop that status repeats says in how many passes it was met, and since when.
func TestRepeatedStopSaysSinceWhen(t *testing.T) {
	m := passed(t, executor.CutoverKey)
	for i, c := range []struct {
		reason executor.Reason
		tried  string
	}{
		{executor.CutoverKey, "one pass at " + Stamp(night(10)) + "; stopped before submitting " + m.stepName(2)},
		{executor.CutoverKey, "2 passes since " + Stamp(night(0)) + "; stopped before submitting " + m.stepName(2)},
		{executor.APIUnavailable, "querying DRS"},
		{executor.APIUnavailable, "querying DRS; 2 passes since " + Stamp(night(2))},
		{executor.NextBackup, ""},
		{executor.APIUnavailable, "querying DRS"},
	} {
		m.said = nil
		m.Result.Stop = executor.Stop{Reason: c.reason, Step: 2}
		note := m.Note()
		said := m.LastPass.PassNote
		said.Count(m, night(i))
		note.Stop, note.Since, note.Passes = said.Stop, said.Since, said.Passes
		m.LastPass.PassNote, m.LastPass.Ended = note, night(10)
		if c.tried == "" {
			continue
		}
		m.said = &m.LastPass.Said
		if got := m.Explain().Tried; got != c.tried {
			t.Errorf("%s: %q, want %q", c.reason, got, c.tried)
		}
	}
}

func TestFingerprintIgnoresWhatDiffersInEveryPass(t *testing.T) {
	stop := func(detail, job string, at time.Time) string {
		m := example(t, ledger.StepFailed)
		m.Result.Stop = executor.Stop{Reason: executor.APIUnavailable, Step: 2, Err: errText(detail), Jobs: []string{job}, Until: at}
		return m.Fingerprint()
	}
	first := stop("connection refused (request 5f3c9a)", "job-2", night(1))
	if again := stop("connection refused (request 77aa00)", "job-2", night(9)); again != first {
		t.Errorf("%q, then %q", first, again)
	}
	grown := example(t, ledger.StepFailed)
	grown.Result.Stop = executor.Stop{Reason: executor.JobFailed, Step: 2}
	before := grown.Fingerprint()
	longer := *grown.Plan
	longer.Steps = append(longer.Steps[:len(longer.Steps):len(longer.Steps)], longer.Steps[2])
	if grown.Plan = &longer; grown.Fingerprint() != before {
		t.Errorf("%q, and with one more backup %q", before, grown.Fingerprint())
	}
	for _, other := range []string{stop("access denied", "job-2", night(1)), stop("connection refused", "job-3", night(1))} {
		if other == first {
			t.Errorf("another stop has the same fingerprint %q", first)
		}
	}
}

type errText string

func (e errText) Error() string { return string(e) }
