//go:build linux && amd64

package proof_test

import (
	"bytes"
	"context"
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
	withKeys  = []string{"HUAWEICLOUD_SDK_AK=PROOFACCESSKEYNOTREAL", "HUAWEICLOUD_SDK_SK=proof-secret-key-not-real"}
	withToken = []string{"MIGPLAN_AUTH_TOKEN=proof-token-not-real"}
)

// world is one plan, its ledger and the server that it runs against.
type world struct {
	t      *testing.T
	sim    *drssim.DRS
	server *httptest.Server
	file   string
	folder string // of the ledger
	env    []string
	steps  []plan.Step

	timeout string // of each pass

	mu     sync.Mutex
	before func()        // called when a request comes
	ahead  time.Duration // of the server's clock
	wrong  []string      // what a create found wanting when it arrived
}

func newWorld(t *testing.T, credential []string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, before: func() {}, timeout: "30s", file: filepath.Join(dir, "ims.yaml"), folder: filepath.Join(dir, "ledger")}
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
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	w.env = append([]string{"MIGPLAN_ENDPOINT=" + w.server.URL, "MIGPLAN_LEDGER=" + w.folder, "HOME=" + dir}, credential...)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// wait lets the server's clock go on.
func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *world) beforeEach(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before = f
}

// serve looks into the ledger before it lets a create in.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	before()
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client died while it sent: nothing is taken
		}
		if problem := w.intended(body); problem != "" {
			w.mu.Lock()
			w.wrong = append(w.wrong, problem)
			w.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	} else if r.Header.Get("X-Sdk-Date") != "" {
		// A read is dated by the clock of this machine, which in the world
		// would have gone on with the server's. A create is not.
		r.Header.Set("X-Sdk-Date", w.now().UTC().Format("20060102T150405Z"))
	}
	w.sim.ServeHTTP(rw, r)
}

// intended says what is wrong when these bytes arrive and a copy of the ledger
// does not hold them as the intent of a step in doubt.
func (w *world) intended(body []byte) string {
	state, err := w.copied()
	if err != nil {
		return "a create came and the ledger is not to be read: " + err.Error()
	}
	var request struct {
		BaseInfo struct{ Name string } `json:"base_info"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return err.Error()
	}
	for _, st := range state.Steps {
		if st.State == ledger.InDoubt && st.Intent.JobName == request.BaseInfo.Name && st.Intent.Body == string(body) {
			return ""
		}
	}
	return "a create came without its intent in the ledger: " + request.BaseInfo.Name
}

// copied folds a copy of the ledger's folder, as it lies there.
func (w *world) copied() (*ledger.State, error) {
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

func (w *world) events() []ledger.Event {
	w.t.Helper()
	events, err := eventsIn(w.folder, w.steps[0].Plan.Chain())
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

// state folds the ledger; of none it is empty.
func (w *world) state() *ledger.State {
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

// apply is the command line of one pass, both keys turned.
func (w *world) apply() []string {
	last := w.steps[len(w.steps)-1]
	return []string{binary, "apply", w.file, "--timeout", w.timeout, "--confirm-cutover", last.Plan.Name + "@" + last.ChainSHA256[:12]}
}

func (w *world) pass() ran { return execute(w.t, w.env, w.apply()...) }

// online reports whether the ledger knows that the last step succeeded.
func (w *world) online() bool {
	return w.state().Step(len(w.steps)).State == ledger.StepSucceeded
}

// made reports whether the server has a job of this step.
func (w *world) made(seq int) bool {
	for _, j := range w.sim.Jobs() {
		if j.Name == w.steps[seq-1].JobName(1) {
			return true
		}
	}
	return false
}

// finish runs one pass after another, and answers as a person would, until the
// plan is online. It returns how often a person was asked.
func (w *world) finish() (asked int) {
	w.t.Helper()
	for range 20 {
		if w.online() {
			return asked
		}
		switch r := w.pass(); r.code {
		case 0:
		case 75: // a doubt is settling: three quarters of an hour go by
			w.wait(46 * time.Minute)
		case 5:
			if w.answer(r) {
				asked++
			}
		default:
			w.t.Fatalf("a later pass: %v", r)
		}
	}
	w.t.Fatalf("not online after 20 passes: %+v", w.state().Steps)
	return asked
}

// answer does what the message of exit 5 says: look for the job, and where
// there is none say so.
func (w *world) answer(r ran) bool {
	w.t.Helper()
	seq := w.doubtful()
	if seq == 0 || !strings.Contains(r.stderr, fmt.Sprintf("migplan resolve %s %d --not-created", w.file, seq)) {
		w.t.Fatalf("step %d is in doubt, and the message does not say how to settle it: %v", seq, r)
	}
	if w.made(seq) { // the request was still on its way: the next pass must find it
		if again := w.pass(); again.code != 0 || !strings.Contains(again.stdout, "adopted") {
			w.t.Fatalf("the server has a job of step %d, and it was not adopted: %v", seq, again)
		}
		return false
	}
	resolved := execute(w.t, w.env, binary, "resolve", w.file, fmt.Sprint(seq), "--not-created", "--before-fence", "--reason", "test")
	if resolved.code != 0 {
		w.t.Fatalf("resolve: %v", resolved)
	}
	return true
}

// doubtful is the step in doubt, 0 for none.
func (w *world) doubtful() int {
	for i, st := range w.state().Steps {
		if st.State == ledger.InDoubt {
			return i + 1
		}
	}
	return 0
}

// judge holds the jobs that the server made against the plan.
func (w *world) judge() {
	w.t.Helper()
	w.mu.Lock()
	for _, problem := range w.wrong {
		w.t.Error(problem)
	}
	w.mu.Unlock()
	jobs := w.sim.Jobs()
	if len(jobs) != len(w.steps) {
		w.t.Errorf("%d jobs for %d steps", len(jobs), len(w.steps))
		return
	}
	for i, j := range jobs {
		want, err := w.steps[i].Request(1)
		if err != nil {
			w.t.Fatal(err)
		}
		if !bytes.Equal(j.Body, want.Body) || j.Last != (i == len(jobs)-1) || j.Status != "SUCCESS" {
			w.t.Errorf("job %d is %s, last %t, %s: want the planned bytes of step %d", i+1, j.Name, j.Last, j.Status, i+1)
		}
	}
	if s := w.state(); s.Conflict != "" {
		w.t.Error(s.Conflict)
	}
}
