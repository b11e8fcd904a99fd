package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// A wrong password in the environment of six plans is sent to IAM once: each
// further one may lock the account.
func TestFolderOfPlansSendsAWrongPasswordOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(iam.Close)
	s := newGuarded(t, func(*http.Request, []byte) error { return nil }).with("HW_USER_NAME=u", "HW_DOMAIN_NAME=d", "HW_USER_PASSWORD="+canary, "HW_AUTH_URL="+iam.URL)
	if err := os.Mkdir(filepath.Join(s.dir, "plans"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		s.write(t, fmt.Sprintf("plans/p%d.yaml", i), strings.NewReplacer(
			"ims-prod", fmt.Sprint("ims-", i), "054ba", fmt.Sprintf("%05d", i), "0a318", fmt.Sprintf("%05d", i),
			"ap-southeast-3", fmt.Sprint("ap-southeast-", i%5+1)).Replace(chainPlan))
	}
	_, stderr := s.migplan(t, 77, "apply", "plans")
	if n := asked.Load(); n != 1 {
		t.Errorf("IAM was asked %d times, want 1", n)
	}
	if n := strings.Count(stderr, "refused the user with status 401"); n != 6 {
		t.Errorf("%d of 6 plans say why they stop:\n%s", n, stderr)
	}
}

// A chain continues with the tokens of one person if IAM says who owns them, and
// a chain of a ledger that names nobody continues with any token.
func TestTokenOfAnotherPersonIsAConflict(t *testing.T) {
	t.Parallel()
	const ann, bob = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := map[string]string{"anns": ann, "anns-second": ann, "bobs": bob}[r.Header.Get("X-Subject-Token")]
		if id == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, `{"token":{"methods":["password"],"user":{"id":%q}}}`, id)
	}))
	t.Cleanup(iam.Close)
	stage := newGuarded(t, func(*http.Request, []byte) error { return nil })
	with := func(token string) *stageRun {
		return &stageRun{t, stage.with("MIGPLAN_AUTH_TOKEN="+token, "HW_AUTH_URL="+iam.URL)}
	}
	unasked := &stageRun{t, stage.with("MIGPLAN_AUTH_TOKEN=anns")}

	with("anns").applies(0, "  - full: ims.bak\n")
	with("anns-second").applies(0, "  - full: ims.bak\n  - incremental: LOG/1.bak\n")
	for _, other := range []*stageRun{with("bobs"), unasked} {
		if stderr := other.applies(6, "  - full: ims.bak\n  - incremental: LOG/1.bak\n  - incremental: LOG/2.bak\n"); !strings.Contains(stderr, "token:"+ann+", now token") {
			t.Errorf("the message does not name both:\n%s", stderr)
		}
	}
	with("expired").applies(77, "  - full: ims.bak\n  - incremental: LOG/1.bak\n  - incremental: LOG/2.bak\n")
	if n := len(stage.sim.Jobs()); n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}

	stage = newGuarded(t, func(*http.Request, []byte) error { return nil })
	unasked = &stageRun{t, stage.with("MIGPLAN_AUTH_TOKEN=anns")}
	unasked.applies(0, "  - full: ims.bak\n")
	with("bobs").applies(0, "  - full: ims.bak\n  - incremental: LOG/1.bak\n")
}

type stageRun struct {
	t *testing.T
	*stage
}

// applies runs a plan with these backups to its end.
func (s *stageRun) applies(want int, backups string) (stderr string) {
	s.t.Helper()
	s.write(s.t, "plan.yaml", imsPlan(backups))
	_, stderr = s.migplan(s.t, want, "apply", "--wait", "--timeout", "30s", "plan.yaml")
	return stderr
}
