package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// receiver is what pings and webhooks are sent to.
type receiver struct {
	mu     sync.Mutex
	got    []string
	last   []byte // the last body
	status int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	what := req.URL.Path
	if len(body) > 0 {
		r.last = body
		var p struct {
			Plan, State, Reason string
			Code                int
			Previous            *struct{ State string }
		}
		if err := json.Unmarshal(body, &p); err != nil {
			what += " " + err.Error()
		}
		what += fmt.Sprintf(" %s %s %d", p.State, p.Reason, p.Code)
	}
	r.got = append(r.got, what)
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
}

// take is what has come since the last call.
func (r *receiver) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// withReceiver gives a stage with the addresses of a receiver, which no output may
// show.
func withReceiver(t *testing.T, s *stage) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s.write(t, "webhook", server.URL+"/hook/"+canary+"\n")
	s.env = append(s.env, "MIGPLAN_PING_URL="+server.URL+"/ping/"+canary, "MIGPLAN_WEBHOOK_URL_FILE="+filepath.Join(s.dir, "webhook"))
	return r
}

func (s *stage) applies(t *testing.T, want int, flags ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr = s.migplan(t, want, append([]string{"apply", "plan.yaml"}, flags...)...)
	if strings.Contains(stdout+stderr, canary) {
		t.Errorf("the address of an alert is printed:\n%s%s", stdout, stderr)
	}
	return stdout, stderr
}
