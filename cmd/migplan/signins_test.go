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
