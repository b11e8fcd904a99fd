//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/internal/postgrestest"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// fleet is a folder of plans, a simulated DRS, and a ledger in PostgreSQL that
// many runners share.
type fleet struct {
	t      *testing.T
	pg     *postgrestest.Server
	ledger string
	look   *sql.DB // at the ledger, beside migplan
	sim    *drssim.DRS
	env    []string
	plans  []*plan.Plan
	files  []string

	mu    sync.Mutex
	ahead time.Duration       // of the server's clock
	wrong []string            // creates that arrived without their intent in the ledger
	seen  func(*http.Request) // is called when a request arrives
}

const fleetPlan = `version: 1
name: db%[1]d
target:
  region: ap-southeast-3
  project_id: "054ba152d480d55b2f5dc0069e7ddef0"
  instance_id: "%032[2]xin04"
source:
  obs:
    bucket: zyy-obs
    prefix: db%[1]d/
databases: [db%[1]d]
backups:
  - full: full.bak
  - incremental: log1.bak
  - incremental: tail.bak
  - cutover:
      not_before: "2020-01-01T00:00:00Z"
      not_after: "2099-01-01T00:00:00Z"
      unattended: true
`

func newFleet(t *testing.T, pg *postgrestest.Server, plans, instances int) *fleet {
	t.Helper()
	dir := t.TempDir()
	f := &fleet{t: t, pg: pg, ledger: pg.NewDatabase(t), seen: func(*http.Request) {}}
	for i := range plans {
		file := filepath.Join(dir, fmt.Sprintf("db%d.yaml", i))
		if err := os.WriteFile(file, fmt.Appendf(nil, fleetPlan, i, 1+i%instances), 0o600); err != nil {
			t.Fatal(err)
		}
		p, diagnostics, err := plan.LoadFile(file)
		if err != nil || p == nil {
			t.Fatal(err, diagnostics)
		}
		if p.Steps, err = plan.Steps(p); err != nil {
			t.Fatal(err)
		}
		f.plans, f.files = append(f.plans, p), append(f.files, file)
	}
	var err error
	if f.look, err = sql.Open("pgx", f.ledger); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.look.Close() })
	f.sim = drssim.New(drssim.Config{Now: f.now, RestoreTime: time.Millisecond})
	server := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.env = append([]string{"MIGPLAN_ENDPOINT=" + server.URL, "MIGPLAN_LEDGER=" + f.ledger, "HOME=" + dir}, withKeys...)
	return f
}

func (f *fleet) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Add(f.ahead)
}

func (f *fleet) onRequest(do func(*http.Request)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = do
}

// wait moves the server's clock forward.
func (f *fleet) wait(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ahead += d
}

// serve checks the ledger before it passes a create to the simulator.
func (f *fleet) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	seen := f.seen
	f.mu.Unlock()
	seen(r)
	if r.Method != http.MethodPost {
		// The date of a read comes from this machine's clock, which in reality
		// advances with the server's. The date of a create does not.
		r.Header.Set("X-Sdk-Date", f.now().UTC().Format("20060102T150405Z"))
		f.sim.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client was killed while it sent: DRS does not see the request
	}
	if problem := f.intended(body); problem != "" {
		f.mu.Lock()
		f.wrong = append(f.wrong, problem)
		f.mu.Unlock()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.sim.ServeHTTP(w, r)
}

// intended returns "" if the ledger has these bytes as an intent, and otherwise
// what is wrong. The server of the ledger may be starting meanwhile.
func (f *fleet) intended(body []byte) (problem string) {
	var request struct {
		BaseInfo struct{ Name string } `json:"base_info"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return err.Error()
	}
	for range 300 {
		var n int
		err := f.look.QueryRow("select count(*) from event where kind = 'intent' and data::jsonb->>'job_name' = $1 and data::jsonb->>'body' = $2", request.BaseInfo.Name, string(body)).Scan(&n)
		switch {
		case err == nil && n > 0:
			return ""
		case err == nil:
			return "a create arrived without its intent in the ledger: " + request.BaseInfo.Name
		}
		problem = err.Error()
		time.Sleep(100 * time.Millisecond)
	}
	return problem
}

// states folds the chain of every plan, whose hashes are checked.
func (f *fleet) states() []*ledger.State {
	f.t.Helper()
	l, err := ledger.OpenReader(f.ledger)
	if err != nil {
		f.t.Fatal(err)
	}
	defer l.Close()
	var all []*ledger.State
	for _, p := range f.plans {
		events, err := l.Events(context.Background(), p.Chain())
		if err != nil {
			f.t.Fatal(err)
		}
		s, err := ledger.Fold(p.Chain(), events)
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// unfinished are the indexes of the plans that are not online.
func (f *fleet) unfinished() (indexes []int) {
	f.t.Helper()
	for i, s := range f.states() {
		if s.Step(len(f.plans[i].Steps)).State != ledger.StepSucceeded {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// finish runs passes, and does what a person would do, until every plan is
// online and a pass has nothing to do.
func (f *fleet) finish() {
	f.t.Helper()
	for range 20 {
		r := execute(f.t, f.env, append([]string{binary, "apply"}, f.files...)...)
		left := f.unfinished()
		switch {
		case r.code == 0 && len(left) == 0 && r.stdout == "":
			return
		case r.code != 0 && r.code != 5 && r.code != 75:
			f.t.Fatalf("a later pass: %v", r)
		}
		f.resolve(left)
		f.wait(46 * time.Minute)
	}
	f.t.Fatalf("plans %v are not online after 20 passes", f.unfinished())
}

// resolve records what a person sees in the console: no job of a step in doubt.
func (f *fleet) resolve(plans []int) {
	f.t.Helper()
	made := map[string]bool{}
	for _, j := range f.sim.Jobs() {
		made[j.Name] = true
	}
	states := f.states()
	for _, i := range plans {
		for seq, st := range states[i].Steps {
			if st.State != ledger.StepInDoubt || made[st.Intent.JobName] {
				continue
			}
			r := execute(f.t, f.env, binary, "resolve", f.files[i], fmt.Sprint(seq+1), "--not-created", "--before-fence", "--reason", "test")
			if r.code != 0 {
				f.t.Fatalf("resolve: %v", r)
			}
		}
	}
}

// checkJobs compares the jobs that the server made with the plans.
func (f *fleet) checkJobs() {
	f.t.Helper()
	f.mu.Lock()
	for _, problem := range f.wrong {
		f.t.Error(problem)
	}
	f.mu.Unlock()
	var made []string
	for _, j := range f.sim.Jobs() {
		made = append(made, fmt.Sprintf("%s last %t %s %s", j.Instance, j.Last, j.Status, j.Body))
	}
	for i, p := range f.plans {
		at := 0
		for n, step := range p.Steps {
			req, err := step.Request(f.attempt(i, n+1))
			if err != nil {
				f.t.Fatal(err)
			}
			want := fmt.Sprintf("%s last %t SUCCESS %s", p.Target.InstanceID, n == len(p.Steps)-1, req.Body)
			var found []int
			for k, got := range made {
				if got == want {
					found = append(found, k)
				}
			}
			if len(found) != 1 || found[0] < at {
				f.t.Errorf("plan %s, step %d: jobs %v, want one after %d", p.Name, n+1, found, at)
				continue
			}
			at = found[0]
		}
	}
	want := 0
	for _, p := range f.plans {
		want += len(p.Steps)
	}
	if len(made) != want {
		f.t.Errorf("%d jobs for %d steps:\n%s", len(made), want, strings.Join(made, "\n"))
	}
}

func (f *fleet) attempt(i, seq int) int { return max(1, f.states()[i].Step(seq).Attempt) }
