package credentials

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

func TestIAMUserGetsAndRenewsToken(t *testing.T) {
	clock := &clock{now: start()}
	service := iam(t, "pw", func() time.Time { return clock.Now().Add(24 * time.Hour) })
	c := resolve(t, Options{Env: environ(userVars(service)), Now: clock.Now})
	if c.Principal != "user:corp/ann" || !c.TokenAuth || !c.ExpiresAt().Equal(start().Add(24*time.Hour)) {
		t.Errorf("got %v until %s", c, c.ExpiresAt())
	}
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "token1"}, {23 * time.Hour, "token1"}, {21 * time.Minute, "token2"}, {time.Hour, "token2"}} {
		clock.advance(step.after)
		if got := proof(t, c); got != step.want {
			t.Errorf("after %s: got %q, want %q", step.after, got, step.want)
		}
	}
	if !renew(t, c) || proof(t, c) != "token3" {
		t.Error("a refused token was not replaced")
	}
}

// A wrong password is sent once: the next one may lock the account.
func TestRefusedPasswordIsNotSentAgain(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404} {
		refuse := false
		service := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if refuse {
				w.WriteHeader(status)
				return
			}
			w.Header().Set("X-Subject-Token", "token")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"token":{"expires_at":"2026-01-02T04:04:05.000000Z"}}`)
		})
		clock := &clock{now: start()}
		c := resolve(t, Options{Env: environ(userVars(service)), Now: clock.Now})
		refuse = true
		for range 3 {
			ok, err := c.Renew(t.Context())
			if wantKind(t, err, Refused); ok {
				t.Error("a refused user got something new")
			}
			clock.advance(30 * time.Minute)
			req, _ := http.NewRequest("GET", "https://h/", nil)
			_ = c.Authorize(req, nil)
		}
		if got := service.asked.Load(); got != 2 {
			t.Errorf("status %d: asked %d times, want 2: once accepted, once refused", status, got)
		}
		_, err := tryResolve(t, Options{Env: environ(userVars(service)), Now: clock.Now})
		wantKind(t, err, Refused)
		if got := service.asked.Load(); got != 3 {
			t.Errorf("status %d: a new start asked %d times, want 1", status, got-2)
		}
	}
}

// quick makes the pauses between attempts short.
func quick(t *testing.T, service *fake, vars map[string]string) (credential, error) {
	t.Helper()
	o := Options{Env: environ(vars), ProjectID: "p1"}
	s, err := newTokenSource(o, user{name: "ann", domain: "corp", password: newSecret("pw")})
	if err != nil {
		t.Fatal(err)
	}
	s.client.RetryWaitMin = time.Millisecond
	return s.load(t.Context())
}

func TestSignInRetryConditions(t *testing.T) {
	tests := []struct {
		name       string
		status     int
		retryAfter string
		asked      int64
		kind       Kind
	}{
		{"throttled", 429, "", 3, Unavailable},
		{"away", 503, "0", 3, Unavailable},
		{"away for a while", 503, "6", 1, Unavailable},
		{"away for a day", 503, "86400", 1, Unavailable},
		{"overflow", 503, "9223372036854775807", 1, Unavailable},
		{"negative", 429, "-1", 1, Unavailable},
		{"a date", 429, "Fri, 31 Dec 9999 23:59:59 GMT", 1, Unavailable},
		{"unclear", 500, "", 1, Unavailable},
		{"gateway", 502, "", 1, Unavailable},
		{"timeout of the gateway", 504, "", 1, Unavailable},
		{"refused", 401, "0", 1, Refused},
		{"moved", 307, "", 1, Unavailable},
		{"not created", 200, "", 1, Unavailable},
		{"created without a token", 201, "", 1, Unavailable},
	}
	for _, tt := range tests {
		other := nobody(t)
		service := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if tt.retryAfter != "" {
				w.Header().Set("Retry-After", tt.retryAfter)
			}
			w.Header().Set("Location", other.URL)
			w.WriteHeader(tt.status)
		})
		_, err := quick(t, service, userVars(service))
		wantKind(t, err, tt.kind)
		if got := service.asked.Load(); got != tt.asked {
			t.Errorf("%s: asked %d times, want %d", tt.name, got, tt.asked)
		}
	}
}

func TestThrottledSignInIsRetried(t *testing.T) {
	good := iam(t, "pw", func() time.Time { return start().Add(time.Hour) })
	tries := 0
	service := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		good.Config.Handler.ServeHTTP(w, r) // the body must be whole each time
	})
	c, err := quick(t, service, userVars(service))
	if err != nil || c.token.reveal() != "token1" {
		t.Errorf("got %v, %v", c.token.reveal(), err)
	}
}

// A sign-in with an incomplete answer may have been counted.
func TestSignInWithLostAnswerIsNotRetried(t *testing.T) {
	service := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := quick(t, service, userVars(service))
	wantKind(t, err, Unavailable)
	if got := service.asked.Load(); got != 1 {
		t.Errorf("asked %d times, want 1", got)
	}
}

func TestSignInWithoutConnectionIsRetried(t *testing.T) {
	gone := serve(t, nil)
	gone.Close()
	s, err := newTokenSource(Options{Env: environ(userVars(gone)), ProjectID: "p1"}, user{name: "ann", domain: "corp"})
	if err != nil {
		t.Fatal(err)
	}
	s.client.RetryWaitMin = time.Millisecond
	tries := 0
	s.client.RequestLogHook = func(_ retryablehttp.Logger, _ *http.Request, _ int) { tries++ }
	_, err = s.load(t.Context())
	if wantKind(t, err, Unavailable); tries != 3 {
		t.Errorf("tried %d times, want 3", tries)
	}
}

func TestIAMAddressFollowsRegionAndOverride(t *testing.T) {
	tests := []struct{ region, override, want string }{
		{"", "", "https://iam.myhuaweicloud.com/v3/auth/tokens?nocatalog=1"},
		{"ap-southeast-3", "", "https://iam.ap-southeast-3.myhuaweicloud.com/v3/auth/tokens?nocatalog=1"},
		{"eu-west-101", "", "https://iam.eu-west-101.myhuaweicloud.eu/v3/auth/tokens?nocatalog=1"},
		{"x", "https://iam.example.com:443/v3", "https://iam.example.com:443/v3/auth/tokens?nocatalog=1"},
		{"x", "https://iam.example.com/v3/", "https://iam.example.com/v3/auth/tokens?nocatalog=1"},
		{"x", "https://iam.example.com", "https://iam.example.com/v3/auth/tokens?nocatalog=1"},
		{"x", "https://iam.example.com/v2", ""},
		{"x", "http://iam.example.com/v3", ""},
	}
	for _, tt := range tests {
		u, err := iamURL(Options{Region: tt.region, Env: environ(map[string]string{"HW_AUTH_URL": tt.override})})
		if got := fmt.Sprint(u); tt.want != "" && got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s, %q: got %s, %v", tt.region, tt.override, got, err)
		}
	}
}

func TestTokenIsScopedToProject(t *testing.T) {
	for _, tt := range []struct{ project, region, want string }{
		{"p1", "cn-north-4", `"project":{"id":"p1"}`},
		{"", "cn-north-4", `"project":{"name":"cn-north-4"}`},
	} {
		s, err := newTokenSource(Options{Env: environ(nil), ProjectID: tt.project, Region: tt.region}, user{})
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := s.body(); !containsText(body, tt.want) {
			t.Errorf("got %s, want %s in it", body, tt.want)
		}
	}
	_, err := newTokenSource(Options{Env: environ(nil)}, user{})
	wantKind(t, err, Setting)
}
