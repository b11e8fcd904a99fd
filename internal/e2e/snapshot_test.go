//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/migplan/migplan/internal/drssim"
)

// stage has the states of a plan before each of its passes, so that a test which
// starts from one need not run the passes before it. The ledger knows the
// endpoint, so each of the stage's servers has states of its own, and one
// workspace at a time.
type stage struct {
	t          *testing.T // outlives the workspaces
	credential []string

	mu   sync.Mutex
	free []*place
}

// place is a server of a stage and the states of the plan there.
type place struct {
	server    *httptest.Server
	snapshots []snapshot // before each pass

	mu      sync.Mutex
	current *workspace
}

// snapshot is a workspace between two passes: the files of its ledger and the
// requests that the simulator took. The simulator's ids depend on the order of
// the requests alone, so the same requests make the same jobs.
type snapshot struct {
	ledger   string // folder; "" before the first pass
	requests []request
	jobs     []drssim.Job
}

// request is a request as it arrived.
type request struct {
	method, url string
	header      http.Header
	body        []byte
}

func newStage(t *testing.T, credential []string) *stage {
	return &stage{t: t, credential: credential}
}

// before makes a workspace in which that many passes have run.
func (s *stage) before(t *testing.T, pass int) *workspace {
	t.Helper()
	p := s.take(t)
	t.Cleanup(func() { s.giveBack(p) })
	w := newWorkspaceAt(t, s.credential, p.server.URL)
	p.enter(w)
	w.resume(p.snapshots[pass])
	return w
}

// take returns a free place. If none is free, it makes one.
func (s *stage) take(t *testing.T) *place {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		p := s.free[n-1]
		s.free = s.free[:n-1]
		return p
	}
	p := &place{}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	s.t.Cleanup(p.server.Close)
	w := newWorkspaceAt(t, s.credential, p.server.URL)
	p.enter(w)
	for !w.online() {
		p.snapshots = append(p.snapshots, w.snapshot(s.t.TempDir()))
		w.passes(1)
	}
	return p
}

func (s *stage) giveBack(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, p)
}

func (p *place) enter(w *workspace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = w
}

func (p *place) serve(rw http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	w := p.current
	p.mu.Unlock()
	w.serve(rw, r)
}

// snapshot copies the ledger into dir.
func (w *workspace) snapshot(dir string) snapshot {
	w.t.Helper()
	s := snapshot{jobs: w.sim.Jobs()}
	w.mu.Lock()
	s.requests = slices.Clone(w.requests)
	w.mu.Unlock()
	if _, err := os.Stat(w.folder); err != nil {
		return s
	}
	s.ledger = filepath.Join(dir, "ledger")
	if err := os.CopyFS(s.ledger, os.DirFS(w.folder)); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// resume brings a new workspace to the state of a snapshot.
func (w *workspace) resume(s snapshot) {
	w.t.Helper()
	if s.ledger != "" {
		if err := os.CopyFS(w.folder, os.DirFS(s.ledger)); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, r := range s.requests {
		w.repeat(r)
	}
	jobs := w.sim.Jobs()
	for i, j := range s.jobs {
		if len(jobs) != len(s.jobs) || jobs[i].ID != j.ID || !bytes.Equal(jobs[i].Body, j.Body) {
			w.t.Fatalf("the simulator made other jobs than in the snapshot: %+v", jobs)
		}
	}
}

// repeat sends a request to the simulator, dated now.
func (w *workspace) repeat(old request) {
	r := httptest.NewRequest(old.method, old.url, bytes.NewReader(old.body))
	r.Header = old.header.Clone()
	if r.Header.Get("X-Sdk-Date") != "" {
		w.dateNow(r)
	}
	w.sim.ServeHTTP(httptest.NewRecorder(), r)
}
