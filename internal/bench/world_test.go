package bench_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// shape says what a world has.
type shape struct {
	plans, steps int
	instances    int // 0: one for each plan
	restoreTime  time.Duration
}

// world is a folder of plans, their ledger and a simulated DRS over HTTP.
type world struct {
	shape
	b        *testing.B
	sim      *drssim.DRS
	url      string
	folder   string // of the plans
	ledger   string // its folder
	plans    []*plan.Plan
	env      []string
	behind   atomic.Int64 // of the server's clock, in nanoseconds
	requests atomic.Int64
}

const (
	project = "054ba152d480d55b2f5dc0069e7ddef0"
	path    = "/v5/" + project + "/backup-migration-jobs"
)

func newWorld(b *testing.B, s shape) *world {
	b.Helper()
	if s.instances == 0 {
		s.instances = s.plans
	}
	dir := inMemory(b)
	w := &world{shape: s, b: b, folder: filepath.Join(dir, "plans"), ledger: filepath.Join(dir, "ledger")}
	w.sim = drssim.New(drssim.Config{Now: w.now, RestoreTime: s.restoreTime})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.requests.Add(1)
		w.sim.ServeHTTP(rw, r)
	}))
	b.Cleanup(server.Close)
	w.url = server.URL
	w.env = []string{"MIGPLAN_ENDPOINT=" + w.url, "MIGPLAN_LEDGER=" + w.ledger, "MIGPLAN_AUTH_TOKEN=any", "HOME=" + dir}
	if err := os.Mkdir(w.folder, 0o700); err != nil {
		b.Fatal(err)
	}
	for i := range s.plans {
		w.addPlan(i)
	}
	return w
}

func (w *world) now() time.Time { return time.Now().Add(-time.Duration(w.behind.Load())) }

// file is that of the i-th plan.
func (w *world) file(i int) string { return filepath.Join(w.folder, fmt.Sprintf("p%05d.yaml", i)) }

func (w *world) addPlan(i int) {
	w.b.Helper()
	p := newPlan(w.b, i, w.steps, i%w.instances)
	write(w.b, w.file(i), planText(i, w.steps, i%w.instances))
	w.plans = append(w.plans, p)
}

// newPlan is the i-th plan, on an instance of that number.
func newPlan(b *testing.B, i, steps, instance int) *plan.Plan {
	b.Helper()
	p, diagnostics := plan.Load("plan.yaml", []byte(planText(i, steps, instance)))
	if p == nil {
		b.Fatal(diagnostics)
	}
	return p
}

// planText is a full backup and log backups of one database.
func planText(i, steps, instance int) string {
	var text strings.Builder
	fmt.Fprintf(&text, `version: 1
name: plan-%05d
target:
  region: ap-southeast-3
  project_id: %q
  instance_id: %q
source:
  obs:
    bucket: zyy-obs
    prefix: floder/
databases: [db%05d]
backups:
  - full: db%05d.bak
`, i, project, fmt.Sprintf("%032xin04", instance), i, i)
	for n := 1; n < steps; n++ {
		fmt.Fprintf(&text, "  - incremental: LOG/db%05d_log%06d.bak\n", i, n)
	}
	return text.String()
}

// bodies is a file with the requests of the i-th plan, a line each.
func (w *world) bodies(i int) string {
	w.b.Helper()
	var text strings.Builder
	for _, s := range w.plans[i].Steps {
		r, err := s.Request(1)
		if err != nil {
			w.b.Fatal(err)
		}
		text.Write(append(r.Body, '\n'))
	}
	file := filepath.Join(w.folder, fmt.Sprintf("p%05d.jsonl", i))
	write(w.b, file, text.String())
	return file
}
