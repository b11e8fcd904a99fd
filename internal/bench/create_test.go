package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

type anyToken struct{}

func (anyToken) Authorize(r *http.Request, _ []byte) error {
	r.Header.Set("X-Auth-Token", "any")
	return nil
}

func (anyToken) Renew(context.Context) (bool, error) { return false, nil }

// simulate serves the simulated DRS in another process, so that its CPU is not
// counted. Each job ends at once.
func simulate(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(migplan(b), "simulate", "--restore-time", "0s")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(line[:n]), "listening on "))
}

// spent is what this process has spent so far.
type spent struct {
	cpu    time.Duration
	allocs uint64
}

func now() spent {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return spent{time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs}
}

// during adds what f spends.
func (s *spent) during(f func()) {
	before := now()
	f()
	after := now()
	s.cpu += after.cpu - before.cpu
	s.allocs += after.allocs - before.allocs
}

// BenchmarkStep restores plans of 20 steps, each of which asks for the job before,
// lists the target and creates one. A bare client makes the same three requests.
// What the ledger's appends cost is measured apart.
func BenchmarkStep(b *testing.B) {
	const steps = 20
	endpoint := simulate(b)
	w := newWorld(b, shape{plans: b.N, steps: steps})
	l, again := open(b), open(b)
	address, err := url.Parse(endpoint)
	if err != nil {
		b.Fatal(err)
	}
	client, err := drs.New(drs.Config{Endpoint: address, ProjectID: project, Authorizer: anyToken{}})
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs, appends spent
	for i, p := range w.plans {
		ours.during(func() { restore(b, client, l, p) })
		events, err := l.Events(context.Background(), p.Chain())
		if err != nil {
			b.Fatal(err)
		}
		appends.during(func() { repeat(b, again, events) })
		other := newPlan(b, b.N+i, steps, b.N+i)
		theirs.during(func() { restoreBare(b, endpoint+path, other) })
	}
	creates := float64(steps * b.N)
	micro := func(s spent) float64 { return float64(s.cpu.Microseconds()) / creates }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(micro(ours), "µs-CPU/step")
	b.ReportMetric(micro(theirs), "µs-CPU/step-bare")
	b.ReportMetric(micro(appends), "µs-CPU/step-appends")
	b.ReportMetric((micro(ours)-micro(appends))/micro(theirs), "times-CPU")
	b.ReportMetric(float64(ours.allocs)/creates, "allocs/step")
	b.ReportMetric(float64(theirs.allocs)/creates, "allocs/step-bare")
}

func open(b *testing.B) *ledger.Ledger {
	b.Helper()
	l, err := ledger.Open(inMemory(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	return l
}

func restore(b *testing.B, client *drs.Client, l *ledger.Ledger, p *plan.Plan) {
	b.Helper()
	r := executor.Runner{Plan: p, Jobs: client, Ledger: l, Identity: executor.Identity{Endpoint: "x", Principal: "token", TokenAuth: true}, Run: "bench"}
	for {
		switch x := r.Pass(b.Context()); x.Reason {
		case executor.JobRunning: // the request for the job came before the next tick of its clock
		case executor.NextBackup:
			return
		default:
			b.Fatal(x.Reason, x.Detail, x.Err)
		}
	}
}

func repeat(b *testing.B, l *ledger.Ledger, events []ledger.Event) {
	b.Helper()
	var head ledger.Head
	for _, e := range events {
		e, err := l.Append(b.Context(), head, e)
		if err != nil {
			b.Fatal(err)
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
	}
}

func restoreBare(b *testing.B, address string, p *plan.Plan) {
	b.Helper()
	for _, s := range p.Steps {
		r, err := s.Request(1)
		if err != nil {
			b.Fatal(err)
		}
		var list, job map[string]any
		ask(b, http.MethodGet, address+"?"+drs.ListQuery(p.Target.InstanceID, 0).Encode(), nil, &list)
		var made struct {
			JobID string `json:"job_id"`
		}
		ask(b, http.MethodPost, address, bytes.NewReader(r.Body), &made)
		ask(b, http.MethodGet, address+"/"+made.JobID, nil, &job)
	}
}

func ask(b *testing.B, method, address string, body io.Reader, into any) {
	b.Helper()
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", "any")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status, err)
	}
}
