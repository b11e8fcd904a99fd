package view

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// golden compares a text with a file of testdata, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; see what `go test ./internal/view -update` changes. got:\n%s", file, got)
	}
}

// night is the fixed time of all examples, n minutes after ten.
func night(n int) time.Time {
	return time.Date(2027, 3, 6, 14, n, 0, 0, time.UTC)
}

// example is a plan of three steps: the first has succeeded, the second is in
// the given state, the third is pending.
func example(t *testing.T, state ledger.StepState) *Migration {
	t.Helper()
	data, err := os.ReadFile("testdata/ims.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, ds := plan.Load("ims.yaml", data)
	if p == nil {
		t.Fatal(ds)
	}
	m := &Migration{
		File: "ims.yaml", Plan: p, LedgerFolder: "/var/lib/migplan", LedgerFile: "/var/lib/migplan/ledger.db",
		Result: executor.Result{Sent: executor.SentNo}, KnowsPlan: true,
	}
	m.State.Steps = []ledger.Step{stepOf(p, 1, ledger.StepSucceeded), stepOf(p, 2, state)}
	m.State.Requests = map[string]ledger.IntentData{}
	for _, st := range m.State.Steps {
		m.State.Requests[st.JobID] = st.Intent
	}
	return m
}

// stepOf is what the ledger has of a step in a state.
func stepOf(p *plan.Plan, seq int, state ledger.StepState) ledger.Step {
	s := p.Steps[seq-1]
	st := ledger.Step{State: state, Attempt: 1, ChainSHA256: s.ChainSHA256, Last: s.Last}
	if state == ledger.StepPending {
		return st
	}
	if seq == 1 {
		st.IsCover = &p.Overwrite
	}
	st.IntentAt, st.IntentSeq = night(10*seq), int64(10*seq)
	req, err := s.Request(1)
	if err != nil {
		panic(err)
	}
	st.Intent.JobName, st.Intent.Body, st.Intent.BodySHA256 = req.JobName, string(req.Body), req.SHA256
	if state == ledger.StepInDoubt {
		st.Intent.FenceUntil = night(10*seq + 45)
		st.Answered, st.Answer.StatusCode = true, 504
		return st
	}
	if state == ledger.StepRefused {
		st.Answer.StatusCode, st.Answer.Code, st.Answer.Message = 400, "DRS.M00202", "The parameter is invalid."
		return st
	}
	st.JobID, st.SubmittedAt = []string{"job-1", "job-2", "job-3"}[seq-1], night(10*seq)
	if state == ledger.StepRunning {
		return st
	}
	st.FinishedAt, st.Status = night(10*seq+7), "SUCCESS"
	if state == ledger.StepFailed {
		st.Status, st.ErrorLog = "FAILED", "Failed to obtain the restoration file information: ims_log1.bak."
	}
	return st
}
