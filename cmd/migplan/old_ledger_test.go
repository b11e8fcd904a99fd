package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// testdata/old-ledger is a ledger written before events knew listed_unknown. A
// job of somebody else was there first, and another came before step 2 of
// crm-prod, whose create made none. Of ims-prod, step 2 failed and was sent
// again, and the request for step 4 made a job whose answer was lost.
const (
	oldLedger   = "testdata/old-ledger"
	oldEndpoint = "127.83.21.7:8647" // a ledger knows where it asked
)

func TestOldLedgerFinishesItsPlans(t *testing.T) {
	t.Parallel()
	s := newOldStage(t)
	// The ids in the old intent say that the jobs of somebody else were there
	// before: none is the job of crm-prod's step 2, which would end with 5.
	s.migplan(t, 75, "apply", "--timeout", "3s", "crm.yaml")
	s.migplan(t, 0, "resolve", "crm.yaml", "2", "--not-created", "--reason", "seen in the server's log")
	s.migplan(t, 0, "apply", "--wait", "--timeout", "60s", "crm.yaml")
	_, stderr := s.migplan(t, 7, "apply", "--wait", "--timeout", "60s", "ims.yaml")
	key := regexp.MustCompile(`--confirm-cutover \S+@\S+`).FindString(stderr)
	s.migplan(t, 0, append([]string{"apply", "--wait", "--timeout", "60s", "ims.yaml"}, strings.Fields(key)...)...)
	var got []string
	for _, j := range s.sim.Jobs() {
		got = append(got, j.Name+" "+j.Status)
	}
	want := []string{
		"others SUCCESS",
		"ims-prod-001-k74ulw2g SUCCESS", "ims-prod-002-k74ulw2g FAILED", "ims-prod-002-k74ulw2g-a2 SUCCESS",
		"ims-prod-003-k74ulw2g SUCCESS", "ims-prod-004-k74ulw2g SUCCESS", "crm-prod-001-vdgsbz36 SUCCESS",
		"more PRECHECK FAILED", "crm-prod-002-vdgsbz36 SUCCESS", "crm-prod-003-vdgsbz36 SUCCESS", "crm-prod-004-vdgsbz36 SUCCESS",
		"ims-prod-005-k74ulw2g SUCCESS",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("jobs:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// newOldStage is a copy of the old ledger, and a DRS that holds its jobs.
func newOldStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	if err := errors.Join(os.CopyFS(s.dir, os.DirFS(oldLedger)), os.Chmod(s.dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	old := &oldDRS{sim: drssim.New(drssim.Config{Seed: 2, Faults: []drssim.Fault{{Kind: "job-failed", N: 3}}})}
	old.replay(t)
	s.sim, s.env = old.sim, append(s.env, "MIGPLAN_ENDPOINT=http://"+oldEndpoint, "MIGPLAN_LEDGER=.")
	server := &http.Server{Handler: old, ReadHeaderTimeout: 10 * time.Second}
	l := listenAlone(t, oldEndpoint)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { old.sim.Close(); _ = server.Close() })
	return s
}

// listenAlone waits while another run of the tests uses the address.
func listenAlone(t *testing.T, address string) (l net.Listener) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if l, err = net.Listen("tcp", address); err == nil {
			return l
		}
	}
	t.Fatal(err)
	return nil
}

// oldDRS is a simulator whose jobs have the ids that the old ledger knows.
type oldDRS struct {
	sim      *drssim.DRS
	new, old []string // pairs of replacements
}

// replay makes each job that the old ledger tells of, from the same bytes.
func (o *oldDRS) replay(t *testing.T) {
	t.Helper()
	l, err := ledger.OpenReader(oldLedger)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	foreign, err := os.ReadFile(filepath.Join(oldLedger, "other.json"))
	if err != nil {
		t.Fatal(err)
	}
	o.make(t, foreign, "3b964bb0-747d-4eae-938d-c26a166jb825")
	for _, chain := range []string{"57f945db46f49a04", "a8cd20e77e2db418"} {
		events, err := l.Events(context.Background(), chain)
		if err != nil {
			t.Fatal(err)
		}
		o.replayChain(t, events)
	}
	o.make(t, bytes.Replace(foreign, []byte("others"), []byte("more"), 1), "27ada5b9-86fe-48a2-9728-f10190fjb044")
}

func (o *oldDRS) replayChain(t *testing.T, events []ledger.Event) {
	t.Helper()
	var body string
	for _, e := range events {
		var d struct {
			Body  string `json:"body"`
			JobID string `json:"job_id"`
		}
		if err := json.Unmarshal(e.Data, &d); err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case ledger.Intent:
			body = d.Body
		case ledger.Accepted:
			o.make(t, []byte(body), d.JobID)
			body = ""
		}
	}
	if strings.Contains(body, "ims-prod-004-") { // its job was made
		o.make(t, []byte(body), "43bb4ddc-4169-4485-93a7-8e4a331jb238")
	}
}

// make makes a job, which is known by the id given.
func (o *oldDRS) make(t *testing.T, body []byte, id string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/v5/054ba152d480d55b2f5dc0069e7ddef0/backup-migration-jobs", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Auth-Token", "any")
	o.sim.ServeHTTP(w, r)
	var made struct {
		JobID string `json:"job_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.JobID == "" {
		t.Fatalf("%v: %s", err, w.Body)
	}
	o.new, o.old = append(o.new, made.JobID, id), append(o.old, id, made.JobID)
}

func (o *oldDRS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Path = strings.NewReplacer(o.old...).Replace(r.URL.Path)
	answer := httptest.NewRecorder()
	o.sim.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.Code)
	_, _ = io.WriteString(w, strings.NewReplacer(o.new...).Replace(answer.Body.String()))
}
