package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/credentials/credentialstest"
	"github.com/migplan/migplan/internal/drssim"
)

const rightAK, rightSK = "AKRIGHTRIGHTRIGHTRIG", "skRightRightRightRightRightRightRight12"

// newGuarded is a stage whose DRS looks at every request as the gateway does.
func newGuarded(t *testing.T, verify func(*http.Request, []byte) error) *stage {
	t.Helper()
	sim := drssim.New(drssim.Config{Seed: 1, RestoreTime: 20 * time.Millisecond, Verify: func(r *http.Request, body []byte) *drssim.Refusal {
		if err := verify(r, body); err != nil {
			return &drssim.Refusal{Status: http.StatusUnauthorized, Code: "APIGW.0301", Message: "Incorrect IAM authentication information: " + err.Error()}
		}
		return nil
	}})
	server := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); server.CloseClientConnections(); server.Close() })
	s := &stage{sim: sim, dir: t.TempDir()}
	s.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/no-home", "TZ=UTC", "GORACE=atexit_sleep_ms=0",
		"MIGPLAN_ENDPOINT=" + server.URL, "MIGPLAN_LEDGER=ledger"}
	s.write(t, "plan.yaml", chainPlan)
	return s
}

// with gives the stage's commands credentials, instead of those before.
func (s *stage) with(credentials ...string) *stage {
	next := *s
	next.env = append(append([]string(nil), s.env[:6]...), credentials...)
	return &next
}

func signedBy(sk, token string, skew func() time.Time) func(*http.Request, []byte) error {
	lookup := func(ak string) (string, string, bool) { return sk, token, ak == rightAK }
	return func(r *http.Request, body []byte) error {
		return credentialstest.Verify(r, body, lookup, skew(), 15*time.Minute)
	}
}

func keys(sk string, more ...string) []string {
	return append([]string{"HUAWEICLOUD_SDK_AK=" + rightAK, "HUAWEICLOUD_SDK_SK=" + sk}, more...)
}

// nothingRefused: a wrong key never becomes a refused step, which a person
// would have to retry.
func (s *stage) nothingRefused(t *testing.T) {
	t.Helper()
	out, _ := s.migplan(t, 0, "history", "-o", "json", "plan.yaml")
	var h struct{ Events []struct{ Kind string } }
	if err := json.Unmarshal([]byte(out), &h); err != nil {
		t.Fatal(err)
	}
	for _, e := range h.Events {
		if e.Kind == "refused" {
			t.Error("a wrong key became a refused step")
		}
	}
}

// denied runs an apply that must be denied, say what to do, and make no job.
func (s *stage) denied(t *testing.T) {
	t.Helper()
	before := len(s.sim.Jobs())
	_, stderr := s.migplan(t, 77, "apply", "--wait", "--timeout", "20s", "plan.yaml")
	for _, want := range []string{"refused", "migplan whoami", "clock"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("the message lacks %q:\n%s", want, stderr)
		}
	}
	if n := len(s.sim.Jobs()); n != before {
		t.Errorf("%d jobs were made by a denied run", n-before)
	}
	s.nothingRefused(t)
}

func (s *stage) finishes(t *testing.T) {
	t.Helper()
	s.migplan(t, 0, "apply", "--wait", "--timeout", "30s", "plan.yaml")
	if n := len(s.sim.Jobs()); n != 4 {
		t.Errorf("%d jobs, want 4", n)
	}
}

func TestSignedPlan(t *testing.T) {
	t.Parallel()
	t.Run("right keys", func(t *testing.T) {
		t.Parallel()
		newGuarded(t, signedBy(rightSK, "", time.Now)).with(keys(rightSK)...).finishes(t)
	})
	t.Run("temporary keys", func(t *testing.T) {
		t.Parallel()
		s := newGuarded(t, signedBy(rightSK, "security-token", time.Now))
		s.with(keys(rightSK, "HUAWEICLOUD_SDK_SECURITY_TOKEN=an-old-one")...).denied(t)
		s.with(keys(rightSK, "HUAWEICLOUD_SDK_SECURITY_TOKEN=security-token")...).finishes(t)
	})
	t.Run("wrong secret key", func(t *testing.T) {
		t.Parallel()
		s := newGuarded(t, signedBy(rightSK, "", time.Now))
		s.with(keys("skWrongWrongWrongWrongWrongWrongWrong12")...).denied(t)
		s.with(keys(rightSK)...).finishes(t)
	})
	t.Run("expired token", func(t *testing.T) {
		t.Parallel()
		s := newGuarded(t, func(r *http.Request, _ []byte) error {
			if r.Header.Get("X-Auth-Token") != "valid" {
				return fmt.Errorf("token expires_at is past")
			}
			return nil
		})
		s.with("MIGPLAN_AUTH_TOKEN=expired").denied(t)
		s.with("MIGPLAN_AUTH_TOKEN=valid").finishes(t)
	})
}

// TestSkewedClock: reads are signed by the local clock, so a clock that is off
// by more than the gateway allows is denied, and the message names the clock.
func TestSkewedClock(t *testing.T) {
	t.Parallel()
	var off atomic.Int64
	off.Store(int64(20 * time.Minute))
	s := newGuarded(t, signedBy(rightSK, "", func() time.Time { return time.Now().Add(time.Duration(off.Load())) })).with(keys(rightSK)...)
	s.denied(t)
	off.Store(0)
	s.finishes(t)
}

// TestRevoked takes the credential away at every request of a plan in turn.
func TestRevoked(t *testing.T) {
	t.Parallel()
	for at := int64(1); at <= 8; at++ {
		t.Run(fmt.Sprint("request ", at), func(t *testing.T) {
			t.Parallel()
			var n, until atomic.Int64
			until.Store(at)
			good := signedBy(rightSK, "", time.Now)
			s := newGuarded(t, func(r *http.Request, body []byte) error {
				if n.Add(1) >= until.Load() {
					return fmt.Errorf("the access key is disabled")
				}
				return good(r, body)
			}).with(keys(rightSK)...)
			s.denied77OrAhead(t)
			until.Store(1 << 40)
			s.finishes(t)
		})
	}
}

// denied77OrAhead runs into the revocation; a look that fails after a create
// was accepted ends its pass well, and the next one is denied.
func (s *stage) denied77OrAhead(t *testing.T) {
	t.Helper()
	_, stderr := s.migplan(t, 77, "apply", "--wait", "--timeout", "20s", "plan.yaml")
	if !strings.Contains(stderr, "refused these credentials") {
		t.Errorf("the message does not say so:\n%s", stderr)
	}
	s.nothingRefused(t)
}

// TestNoSecretAnywhere gives every source a random canary and looks for it in all
// that the command prints, writes or is called with. It is long because it
// contains a table.
func TestNoSecretAnywhere(t *testing.T) {
	t.Parallel()
	secret := "canary" + rand.Text()
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Subject-Token", secret+"subject")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"token":{"expires_at":%q}}`, time.Now().Add(24*time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z"))
	}))
	t.Cleanup(iam.Close)
	for name, c := range map[string]struct {
		deny bool
		env  []string
	}{
		"keys":                {env: keys(secret, "HUAWEICLOUD_SDK_SECURITY_TOKEN="+secret+"token")},
		"keys, denied":        {deny: true, env: keys(secret, "HUAWEICLOUD_SDK_SECURITY_TOKEN="+secret+"token")},
		"terraform's":         {env: []string{"HW_ACCESS_KEY=" + rightAK, "HW_SECRET_KEY=" + secret}},
		"token":               {env: []string{"MIGPLAN_AUTH_TOKEN=" + secret}},
		"token, denied":       {deny: true, env: []string{"MIGPLAN_AUTH_TOKEN=" + secret}},
		"IAM user":            {env: []string{"HW_USER_NAME=u", "HW_DOMAIN_NAME=d", "HW_USER_PASSWORD=" + secret, "HW_AUTH_URL=" + iam.URL}},
		"password in the URL": {env: []string{"MIGPLAN_AUTH_TOKEN=any", "HTTPS_PROXY=http://u:" + secret + "@127.0.0.1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newGuarded(t, func(r *http.Request, _ []byte) error {
				if c.deny { // a server that gives back what it was sent
					return fmt.Errorf("%s %s %s denied", r.Header.Get("Authorization"), r.Header.Get("X-Auth-Token"), r.Header.Get("X-Security-Token"))
				}
				return nil
			}).with(c.env...)
			code := 0
			if c.deny {
				code = 77
			}
			s.silent(t, secret, 0, "whoami", "plan.yaml")
			s.silent(t, secret, 0, "plan", "plan.yaml")
			s.silent(t, secret, code, "apply", "-v", "--wait", "--timeout", "20s", "plan.yaml")
			s.silent(t, secret, code, "apply", "-v", "-o", "json", "plan.yaml")
			s.silent(t, secret, code, "status", "-o", "json", "plan.yaml")
			s.silent(t, secret, 0, "history", "-o", "json", "plan.yaml")
			if !c.deny {
				s.silent(t, secret, 0, "hold", "plan.yaml", "--reason", "a look")
			}
			err := filepath.WalkDir(filepath.Join(s.dir, "ledger"), func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				if strings.Contains(string(b), secret) {
					t.Errorf("%s holds the secret", d.Name())
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func (s *stage) silent(t *testing.T, secret string, want int, args ...string) {
	t.Helper()
	out, errs := s.migplan(t, want, args...)
	for _, text := range []string{out, errs, strings.Join(args, " ")} {
		if strings.Contains(text, secret) {
			t.Errorf("migplan %s shows the secret:\n%s", strings.Join(args, " "), text)
		}
	}
}
