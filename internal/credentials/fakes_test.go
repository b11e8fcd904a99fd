package credentials

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// start is the initial time of every test's clock.
func start() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func environ(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// fake is a server on loopback that counts its requests.
type fake struct {
	*httptest.Server
	asked atomic.Int64
}

func serve(t *testing.T, h http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.Add(1)
		h(w, r)
	}))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// nobody is a service that fails the test if it receives a request.
func nobody(t *testing.T) *fake {
	t.Helper()
	return serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s %s", r.Method, r.URL.Path) })
}

// ecs is a metadata service that numbers its keys. version2 says whether it issues
// session tokens.
func ecs(t *testing.T, version2 bool, ends func() time.Time) *fake {
	t.Helper()
	var keys atomic.Int64
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "PUT" && r.URL.Path == "/meta-data/latest/api/token" && version2:
			if r.Header.Get("X-Metadata-Token-Ttl-Seconds") == "21600" {
				fmt.Fprint(w, "session")
			}
		case r.Method == "PUT":
			w.WriteHeader(http.StatusMethodNotAllowed)
		case r.URL.Path != "/openstack/latest/securitykey":
			w.WriteHeader(http.StatusNotFound)
		case version2 != (r.Header.Get("X-Metadata-Token") == "session"):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			n := keys.Add(1)
			fmt.Fprintf(w, `{"credential":{"access":"HST%d","secret":"sk%d","securitytoken":"st%d","expires_at":"%s"}}`,
				n, n, n, ends().Format("2006-01-02T15:04:05.000000Z"))
		}
	})
}

// iam is IAM for one user, with numbered tokens.
func iam(t *testing.T, password string, ends func() time.Time) *fake {
	t.Helper()
	var tokens atomic.Int64
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.RequestURI != "/v3/auth/tokens?nocatalog=1" || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		want := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"corp"},"name":"ann","password":"` +
			password + `"}}},"scope":{"project":{"id":"p1"}}}}`
		if body, _ := io.ReadAll(r.Body); string(body) != want {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}`)
			return
		}
		w.Header().Set("X-Subject-Token", fmt.Sprintf("token%d", tokens.Add(1)))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":{"expires_at":"%s"}}`, ends().Format("2006-01-02T15:04:05.000000Z"))
	})
}

func userVars(iam *fake) map[string]string {
	return map[string]string{
		"HW_USER_NAME": "ann", "HW_USER_PASSWORD": "pw", "HW_DOMAIN_NAME": "corp", "HW_AUTH_URL": iam.URL + "/v3",
	}
}

// resolve resolves with project p1 in a region, and fails the test on errors.
func resolve(t *testing.T, o Options) *Credentials {
	t.Helper()
	c, err := tryResolve(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func tryResolve(t *testing.T, o Options) (*Credentials, error) {
	t.Helper()
	if o.ProjectID == "" {
		o.ProjectID = "p1"
	}
	if o.Now == nil {
		o.Now = start
	}
	if o.MetadataURL == "" {
		o.MetadataURL = nobody(t).URL
	}
	return Resolve(t.Context(), o)
}

// proof returns the header values that authenticate the caller.
func proof(t *testing.T, c *Credentials) string {
	t.Helper()
	req, err := http.NewRequest("GET", "https://drs.example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Authorize(req, nil); err != nil {
		t.Fatal(err)
	}
	if c.TokenAuth {
		return req.Header.Get("X-Auth-Token")
	}
	return c.get().access + " " + req.Header.Get("X-Security-Token")
}

func renew(t *testing.T, c *Credentials) bool {
	t.Helper()
	ok, err := c.Renew(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, text)
	return path
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantKind fails the test unless err is an *Error of that kind.
func wantKind(t *testing.T, err error, kind Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got error %v, want one of kind %q", err, kind)
	}
	return e
}

// pod is a pod identity agent that needs the service account's token.
func pod(t *testing.T, ends time.Time) *fake {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || string(body) != "{}" || r.URL.Path != "/v1/credentials" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"credentials": map[string]string{
			"accessKeyId": "POD", "secretAccessKey": "sk", "securityToken": "for-" + r.Header.Get("Authorization"),
			"expiration": ends.Format("2006-01-02T15:04:05.000000Z"),
		}})
	})
}
