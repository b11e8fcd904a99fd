//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

const threeSteps = `version: 1
name: ims-prod
target:
  region: ap-southeast-3
  project_id: "054ba152d480d55b2f5dc0069e7ddef0"
  instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"
source:
  obs:
    bucket: zyy-obs
    prefix: floder/
databases: [ims]
backups:
  - full: ims.bak
  - incremental: LOG/ims_log1.bak
  - incremental: LOG/ims_log2.bak
  - cutover
`

var (
	withKeys  = []string{"HUAWEICLOUD_SDK_AK=TESTACCESSKEYNOTREAL", "HUAWEICLOUD_SDK_SK=test-secret-key-not-real"}
	withToken = []string{"MIGPLAN_AUTH_TOKEN=test-token-not-real"}
)

// workspace is a plan, its ledger and a simulated DRS.
type workspace struct {
	t      *testing.T
	sim    *drssim.DRS
	file   string
	folder string // of the ledger
	env    []string
	steps  []plan.Step

	timeout string // of each pass

	mu       sync.Mutex
	before   func()        // called when a request arrives
	ahead    time.Duration // of the server's clock
	wrong    []string      // creates that arrived without their intent in the ledger
	requests []request     // all that arrived
}

// newWorkspace makes a workspace with a server of its own.
func newWorkspace(t *testing.T, credential []string) *workspace {
	t.Helper()
	p := &place{}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	w := newWorkspaceAt(t, credential, p.server.URL)
	p.enter(w)
	return w
}

func newWorkspaceAt(t *testing.T, credential []string, endpoint string) *workspace {
	t.Helper()
	dir := t.TempDir()
	w := &workspace{t: t, before: func() {}, timeout: "30s", file: filepath.Join(dir, "ims.yaml"), folder: filepath.Join(dir, "ledger")}
	if err := os.WriteFile(w.file, []byte(threeSteps), 0o600); err != nil {
		t.Fatal(err)
	}
	p, diagnostics, err := plan.LoadFile(w.file)
	if err != nil || p == nil {
		t.Fatal(err, diagnostics)
	}
	if w.steps, err = plan.Steps(p); err != nil {
		t.Fatal(err)
	}
	w.sim = drssim.New(drssim.Config{Now: w.now, RestoreTime: time.Millisecond})
	w.env = append([]string{"MIGPLAN_ENDPOINT=" + endpoint, "MIGPLAN_LEDGER=" + w.folder, "HOME=" + dir}, credential...)
	return w
}

func (w *workspace) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// wait moves the server's clock forward.
func (w *workspace) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *workspace) beforeEach(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = f
}

// serve checks the ledger before it passes a create to the simulator.
func (w *workspace) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	before()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client was killed while it sent: DRS does not see the request
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	w.requests = append(w.requests, request{r.Method, r.URL.String(), r.Header.Clone(), body})
	w.mu.Unlock()
	if r.Method == http.MethodPost {
		if problem := w.intended(body); problem != "" {
			w.mu.Lock()
			w.wrong = append(w.wrong, problem)
			w.mu.Unlock()
		}
	} else if r.Header.Get("X-Sdk-Date") != "" {
		// The date of a read comes from this machine's clock, which in reality
		// advances with the server's. The date of a create does not.
		w.dateNow(r)
	}
	w.sim.ServeHTTP(rw, r)
}

// dateNow dates a signed request by the server's clock.
func (w *workspace) dateNow(r *http.Request) {
	r.Header.Set("X-Sdk-Date", w.now().UTC().Format("20060102T150405Z"))
}

// intended returns "" if a copy of the ledger has these bytes as the intent of a
// step in doubt, and otherwise what is wrong.
func (w *workspace) intended(body []byte) string {
	state, err := w.copied()
	if err != nil {
		return "a create arrived and the ledger cannot be read: " + err.Error()
	}
	var request struct {
		BaseInfo struct{ Name string } `json:"base_info"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return err.Error()
	}
	for _, st := range state.Steps {
		if st.State == ledger.StepInDoubt && st.Intent.JobName == request.BaseInfo.Name && st.Intent.Body == string(body) {
			return ""
		}
	}
	return "a create arrived without its intent in the ledger: " + request.BaseInfo.Name
}

// copied folds a copy of the ledger's folder.
func (w *workspace) copied() (*ledger.State, error) {
	dir, err := os.MkdirTemp(filepath.Dir(w.folder), "copy-")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, os.DirFS(w.folder)); err != nil {
		return nil, err
	}
	return fold(dir, w.steps[0].Plan.Chain())
}

func fold(dir, chain string) (*ledger.State, error) {
	events, err := eventsIn(dir, chain)
	if err != nil {
		return nil, err
	}
	return ledger.Fold(chain, events)
}

func eventsIn(dir, chain string) ([]ledger.Event, error) {
	l, err := ledger.OpenReader(dir)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.Events(context.Background(), chain)
}

func (w *workspace) events() []ledger.Event {
	w.t.Helper()
	events, err := eventsIn(w.folder, w.steps[0].Plan.Chain())
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

// state folds the ledger; without one it is empty.
func (w *workspace) state() *ledger.State {
	w.t.Helper()
	if _, err := os.Stat(filepath.Join(w.folder, "ledger.db")); err != nil {
		return &ledger.State{}
	}
	s, err := fold(w.folder, w.steps[0].Plan.Chain())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}
