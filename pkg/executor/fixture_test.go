package executor

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// fixture is one runner against a simulator in memory, under a clock that the
// test sets.
type fixture struct {
	t        *testing.T
	now      time.Time
	sim      *drssim.DRS
	l        *ledger.Ledger
	p        *plan.Plan
	steps    []plan.Step
	cred     string
	endpoint string
	gets     int
	before   func() // runs inside create, before the request arrives
	after    func()
	keys     Keys
	statuses map[string]string // what a look shows instead, by job id
	listed   map[string]string // what a list shows instead, by job id
	unknown  map[string]int    // how many looks do not know a job
	empty    bool              // the list shows no job
}

func newFixture(t *testing.T, extra, marker string, c drssim.Config, incs ...string) *fixture {
	r := &fixture{t: t, now: time.Date(2026, 3, 1, 1, 30, 0, 0, time.UTC), cred: "key-a", l: ledger.OpenMemory(), endpoint: "https://x"}
	r.steps = theSteps(t, extra, marker, incs...)
	r.p = r.steps[0].Plan
	c.Now = func() time.Time { return r.now }
	if c.Objects == nil {
		for i, s := range r.steps {
			o := drssim.Object{Bucket: "zyy-obs", Key: s.Backup.Keys[0], Type: "log", Databases: []string{"ims"}, FirstLSN: uint64(i) * 100, LastLSN: uint64(i+1) * 100}
			if i == 0 {
				o.Type = "full"
			}
			c.Objects = append(c.Objects, o)
		}
	}
	r.sim = drssim.New(c)
	return r
}

func (r *fixture) header(at time.Time) http.Header {
	return http.Header{"X-Sdk-Date": {at.UTC().Format("20060102T150405Z")}, "Content-Type": {"application/json"},
		"Authorization": {"SDK-HMAC-SHA256 Access=" + r.cred + ", SignedHeaders=x-sdk-date, Signature=00"}}
}

func (r *fixture) path() string { return "/v5/" + r.p.Target.ProjectID + "/backup-migration-jobs" }

func (r *fixture) CreateReplicationJob(_ context.Context, c drs.Create) drs.Outcome {
	if r.before != nil {
		r.before()
	}
	if err := late(c, time.Duration(r.now.UnixNano())); err != nil {
		return drs.Classify(drs.Answer{Err: err})
	}
	resp := r.sim.Serve(drssim.Request{Method: "POST", Path: r.path(), Body: c.Body, Header: r.header(c.SignedAt)})
	if r.after != nil {
		r.after()
	}
	if resp.Delivery != drssim.Delivered {
		return drs.Classify(drs.Answer{Wrote: true, Err: fmt.Errorf("lost")})
	}
	return drs.Classify(drs.Answer{Wrote: true, StatusCode: resp.Status, Header: resp.Header, Body: resp.Body})
}

// late refuses what the real connection refuses before its first byte.
func late(c drs.Create, uptime time.Duration) error {
	switch {
	case uptime-c.ListedAt > drs.MaxListingAge:
		return drs.ErrLate
	case c.EndsAt != 0 && uptime > c.EndsAt:
		return drs.ErrWindow
	case c.BeforeSend != nil:
		return c.BeforeSend()
	}
	return nil
}

func (r *fixture) get(path string, q url.Values) ([]byte, time.Time, error) {
	r.gets++
	resp := r.sim.Serve(drssim.Request{Method: "GET", Path: path, Query: q, Header: r.header(r.now)})
	if resp.Delivery != drssim.Delivered {
		return nil, time.Time{}, fmt.Errorf("lost")
	}
	if resp.Status != 200 {
		return nil, time.Time{}, refusal(resp)
	}
	return resp.Body, r.now, nil
}

func (r *fixture) ShowReplicationJob(_ context.Context, id string) (drs.Job, error) {
	if r.unknown[id] > 0 {
		r.unknown[id]--
		return drs.Job{}, &drs.Error{StatusCode: 400, Code: "DRS.10000010", Date: r.now}
	}
	b, d, err := r.get(r.path()+"/"+id, nil)
	if err != nil {
		return drs.Job{}, err
	}
	j, err := drs.DecodeJob(b, id, d)
	if status := r.statuses[id]; status != "" {
		j.Status = status
	}
	return j, err
}

func (r *fixture) ListReplicationJobs(_ context.Context, inst string) (drs.Listing, error) {
	if r.empty {
		return drs.Listing{Complete: true, Date: r.now}, nil
	}
	return drs.Collect(func(o int) (drs.Page, error) {
		b, d, err := r.get(r.path(), drs.ListQuery(inst, o))
		if err != nil {
			return drs.Page{}, err
		}
		p, err := drs.DecodePage(b, d)
		for i := range p.Jobs {
			if status := r.statuses[p.Jobs[i].ID]; status != "" {
				p.Jobs[i].Status = status
			}
			if status := r.listed[p.Jobs[i].ID]; status != "" {
				p.Jobs[i].Status = status
			}
		}
		return p, err
	})
}

func (r *fixture) runner() *Runner {
	r.p.Steps = r.steps
	return &Runner{Plan: r.p, Jobs: r, Ledger: r.l, Identity: Identity{Endpoint: r.endpoint, Principal: r.cred}, Run: fmt.Sprint("run", r.gets), Keys: r.keys,
		hooks: hooks{now: func() time.Time { return r.now }, uptime: func() time.Duration { return time.Duration(r.now.UnixNano()) },
			sleep: func(_ context.Context, wait, _ time.Duration) bool { r.now = r.now.Add(wait); return true }}}
}

// beforeAppend runs f before every append of a runner, which fails as f does.
func beforeAppend(r *Runner, f func(ledger.Event) error) {
	r.hooks.append = func(ctx context.Context, h ledger.Head, e ledger.Event, allow func(*ledger.Ledger) error) (ledger.Event, error) {
		if err := f(e); err != nil {
			return e, err
		}
		return r.appendToLedger(ctx, h, e, allow)
	}
}

func (r *fixture) pass() Result {
	return r.said("pass", r.runner().Pass(context.Background()))
}

// said logs the result of a pass or a decision.
func (r *fixture) said(what string, x Result) Result {
	r.t.Logf("%s %s: %s %s step %d why=%s detail=%q sent=%s changes=%v", r.now.Format("15:04:05"), what, x.Class(), x.Reason, x.Step, x.Why, x.Detail, x.Sent, x.Changes)
	return x
}

func (r *fixture) jobs(seq int) (out []drssim.Job) {
	for _, j := range r.sim.Jobs() {
		if m, ok := plan.ParseMarker(j.Description); ok && m.Step == seq {
			out = append(out, j)
		}
	}
	return out
}

// copied is a copy of the ledger as it is now.
func (r *fixture) copied() *ledger.Ledger {
	r.t.Helper()
	ctx, out := context.Background(), ledger.OpenMemory()
	events, err := r.l.Events(ctx, r.p.Chain())
	if err != nil {
		r.t.Fatal(err)
	}
	head := ledger.Head{}
	for _, e := range events {
		if e, err = out.Append(ctx, head, e); err != nil {
			r.t.Fatal(err)
		}
		head = ledger.Head{Seq: e.Seq, Hash: e.Hash}
	}
	return out
}
