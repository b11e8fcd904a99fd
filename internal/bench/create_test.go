package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	cpu := cpuTime()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return spent{cpu, m.Mallocs}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
	client := newClient(b, endpoint)
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

// BenchmarkCreate measures only what a create costs in a pass: from the decision to
// send it, over its request and its intent, to the answer and its record. A bare
// client makes the same creates, over a new connection each, as migplan does, and over
// one that is kept. What the ledger appends for them is measured apart.
func BenchmarkCreate(b *testing.B) {
	const steps = 20
	endpoint := simulate(b)
	w := newWorld(b, shape{plans: b.N, steps: steps})
	l, again, address := open(b), open(b), endpoint+path
	c := &creates{Jobs: newClient(b, endpoint)}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var ours, anew, kept, before, after time.Duration
	for i, p := range w.plans {
		restoreWith(b, executor.Runner{Jobs: c, Turn: c.begin}, l, p)
		events, err := l.Events(context.Background(), p.Chain())
		if err != nil {
			b.Fatal(err)
		}
		sent, answered := repeatCreates(b, again, events)
		before, after = before+sent, after+answered
		anew += createBare(b, fresh, address, newPlan(b, b.N+i, steps, b.N+i))
		kept += createBare(b, http.DefaultClient, address, newPlan(b, 2*b.N+i, steps, 2*b.N+i))
	}
	ours = c.spent + after
	micro := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(steps*b.N) }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(micro(ours), "µs-CPU/create")
	b.ReportMetric(micro(before+after), "µs-CPU/create-appends")
	b.ReportMetric(micro(anew), "µs-CPU/create-bare-new")
	b.ReportMetric(micro(kept), "µs-CPU/create-bare-kept")
	b.ReportMetric(micro(ours)/micro(before+after+anew), "times-new+appends")
	b.ReportMetric(micro(ours-before-after)/micro(anew), "times-new")
	b.ReportMetric(micro(ours)/micro(before+after+kept), "times-kept+appends")
}

// creates measures the CPU of creates, without the record of their answers.
type creates struct {
	executor.Jobs
	began, spent time.Duration
}

func (c *creates) begin(context.Context, time.Duration) error {
	c.began = cpuTime()
	return nil
}

func (c *creates) CreateReplicationJob(ctx context.Context, create drs.Create) drs.Outcome {
	out := c.Jobs.CreateReplicationJob(ctx, create)
	c.spent += cpuTime() - c.began
	return out
}

// repeatCreates appends all events again, and returns what those cost that a create
// appends before it is sent and after it was answered.
func repeatCreates(b *testing.B, l *ledger.Ledger, events []ledger.Event) (sent, answered time.Duration) {
	b.Helper()
	var head ledger.Head
	for _, e := range events {
		began := cpuTime()
		e, err := l.Append(b.Context(), head, e)
		cost := cpuTime() - began
		if err != nil {
			b.Fatal(err)
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
		switch e.Kind {
		case ledger.Opened, ledger.Intent:
			sent += cost
		case ledger.Accepted:
			answered += cost
		}
	}
	return sent, answered
}

func createBare(b *testing.B, client *http.Client, address string, p *plan.Plan) (spent time.Duration) {
	b.Helper()
	for _, s := range p.Steps {
		r, err := s.Request(1)
		if err != nil {
			b.Fatal(err)
		}
		var made, job map[string]any
		began := cpuTime()
		ask(b, client, http.MethodPost, address, bytes.NewReader(r.Body), &made)
		spent += cpuTime() - began
		ask(b, client, http.MethodGet, address+"/"+fmt.Sprint(made["job_id"]), nil, &job)
	}
	return spent
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

func newClient(b *testing.B, endpoint string) *drs.Client {
	b.Helper()
	address, err := url.Parse(endpoint)
	if err != nil {
		b.Fatal(err)
	}
	client, err := drs.New(drs.Config{Endpoint: address, ProjectID: project, Authorizer: anyToken{}})
	if err != nil {
		b.Fatal(err)
	}
	return client
}

func restore(b *testing.B, client *drs.Client, l *ledger.Ledger, p *plan.Plan) {
	b.Helper()
	restoreWith(b, executor.Runner{Jobs: client}, l, p)
}

func restoreWith(b *testing.B, r executor.Runner, l *ledger.Ledger, p *plan.Plan) {
	b.Helper()
	r.Plan, r.Ledger, r.Run = p, l, "bench"
	r.Identity = executor.Identity{Endpoint: "x", Principal: "token", TokenAuth: true}
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
		ask(b, http.DefaultClient, http.MethodGet, address+"?"+drs.ListQuery(p.Target.InstanceID, 0).Encode(), nil, &list)
		var made struct {
			JobID string `json:"job_id"`
		}
		ask(b, http.DefaultClient, http.MethodPost, address, bytes.NewReader(r.Body), &made)
		ask(b, http.DefaultClient, http.MethodGet, address+"/"+made.JobID, nil, &job)
	}
}

func ask(b *testing.B, client *http.Client, method, address string, body io.Reader, into any) {
	b.Helper()
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", "any")
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status, err)
	}
}
