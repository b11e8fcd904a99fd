package credentials

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// key resolves an access key and returns it as one text.
func key(t *testing.T, o Options) (*Credentials, string, error) {
	t.Helper()
	if o.Now == nil {
		o.Now = start
	}
	if o.MetadataURL == "" {
		o.MetadataURL = nobody(t).URL
	}
	o.ProjectID = "p1"
	c, err := ResolveKey(t.Context(), o)
	if err != nil {
		return nil, "", err
	}
	id, secret, token, err := c.Key(t.Context())
	return c, id + " " + secret + " " + token, err
}

func TestKeyComesFromTheSourcesOfDRS(t *testing.T) {
	tests := []struct {
		name string
		vars map[string]string
		want string
	}{
		{"SDK", map[string]string{"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"}, "a s "},
		{"temporary", map[string]string{"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s", "HUAWEICLOUD_SDK_SECURITY_TOKEN": "t"}, "a s t"},
		{"Terraform", map[string]string{"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"}, "a s "},
		{"with a token for DRS", map[string]string{"MIGPLAN_AUTH_TOKEN": "x", "HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"}, "a s "},
	}
	for _, tt := range tests {
		if _, got, err := key(t, Options{Env: environ(tt.vars)}); got != tt.want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestKeyOfAnECSIsRenewed(t *testing.T) {
	clock := &clock{now: start()}
	service := ecs(t, true, func() time.Time { return clock.Now().Add(time.Hour) })
	c, got, err := key(t, Options{Env: environ(nil), Now: clock.Now, MetadataURL: service.URL})
	if err != nil || got != "HST1 sk1 st1" {
		t.Fatalf("got %q, %v", got, err)
	}
	clock.advance(21 * time.Minute)
	if id, _, _, err := c.Key(t.Context()); err != nil || id != "HST2" {
		t.Errorf("after 21 minutes: got %q, %v", id, err)
	}
}

// Neither the metadata service nor a profile is asked in place of a token.
func TestTokenAloneIsNoKey(t *testing.T) {
	for _, vars := range []map[string]string{
		{"MIGPLAN_AUTH_TOKEN": "x"},
		{"MIGPLAN_AUTH_TOKEN_FILE": "/nowhere"},
		{"MIGPLAN_AUTH_TOKEN": "x", "HUAWEICLOUD_SDK_CREDENTIALS_FILE": write(t, "p", "[basic]\nak=a\nsk=s\n")},
	} {
		_, _, err := key(t, Options{Env: environ(vars)})
		if e := wantKind(t, err, NoKey); !strings.Contains(e.Remedy, "HUAWEICLOUD_SDK_AK") {
			t.Errorf("remedy %q", e.Remedy)
		}
	}
	c := resolve(t, Options{Env: environ(map[string]string{"MIGPLAN_AUTH_TOKEN": "x"})})
	_, _, _, err := c.Key(t.Context())
	wantKind(t, err, NoKey)
}

// keyGiver is IAM for one user, which gives a numbered key for each token.
func keyGiver(t *testing.T, status int, ends func() time.Time) *fake {
	t.Helper()
	signIn := iam(t, "pw", func() time.Time { return start().Add(24 * time.Hour) })
	n := 0
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v3.0/OS-CREDENTIAL/securitytokens" {
			signIn.Config.Handler.ServeHTTP(w, r)
			return
		}
		n++
		const want = `{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":7200}}}}`
		body, _ := io.ReadAll(r.Body)
		token := fmt.Sprintf("token%d", n)
		if r.Method != "POST" || r.URL.RawQuery != "" || string(body) != want || r.Header.Get("X-Auth-Token") != token {
			t.Errorf("%s %s %s with %q", r.Method, r.RequestURI, body, r.Header.Get("X-Auth-Token"))
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"credential":{"access":"AK%d","secret":"sk%d","securitytoken":"st%d","expires_at":"%s"}}`,
			n, n, n, ends().Format("2006-01-02T15:04:05.000000Z"))
	})
}

func TestIAMUserGetsAndRenewsKey(t *testing.T) {
	clock := &clock{now: start()}
	service := keyGiver(t, 201, func() time.Time { return clock.Now().Add(2 * time.Hour) })
	c, got, err := key(t, Options{Env: environ(userVars(service)), Now: clock.Now})
	if err != nil || got != "AK1 sk1 st1" || c.TokenAuth || c.Principal != "user:corp/ann" {
		t.Fatalf("got %q of %v, %v", got, c, err)
	}
	clock.advance(81 * time.Minute)
	if id, _, token, err := c.Key(t.Context()); err != nil || id != "AK2" || token != "st2" {
		t.Errorf("after 81 minutes: got %q, %v", id, err)
	}
	clock.advance(time.Minute)
	if ok, err := c.Renew(t.Context()); !ok || err != nil {
		t.Errorf("a refused key was not replaced: %v", err)
	}
}

func TestIAMThatGivesNoKeyIsAnError(t *testing.T) {
	for status, kind := range map[int]Kind{401: Refused, 403: Refused, 404: Unavailable, 500: Unavailable, 200: Unavailable} {
		service := keyGiver(t, status, func() time.Time { return start().Add(2 * time.Hour) })
		_, _, err := key(t, Options{Env: environ(userVars(service))})
		wantKind(t, err, kind)
	}
	service := keyGiver(t, 201, func() time.Time { return time.Time{} })
	service.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Subject-Token", "token1")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"token":{"expires_at":"2026-01-03T04:04:05.000000Z"},"credential":{"access":"AK"}}`)
	})
	_, _, err := key(t, Options{Env: environ(userVars(service))})
	wantKind(t, err, Unavailable)
}

func TestOBSEndpoint(t *testing.T) {
	for _, tt := range []struct{ region, flag, variable, want string }{
		{"ap-southeast-3", "", "", "https://obs.ap-southeast-3.myhuaweicloud.com"},
		{"eu-west-101", "", "", "https://obs.eu-west-101.myhuaweicloud.eu"},
		{"ap-southeast-3", "", "http://127.0.0.1:1", "http://127.0.0.1:1"},
		{"", "https://obs.example.com/", "http://127.0.0.1:1", "https://obs.example.com"},
		{"ap-southeast-3", "http://obs.example.com", "", ""},
		{"ap-southeast-3", "", "https://obs.example.com/bucket", ""},
		{"", "", "", ""}, {"ap-southeast-33", "", "", ""}, {"x.evil.example.com/", "", "", ""},
	} {
		u, err := OBSEndpoint(tt.region, tt.flag, environ(map[string]string{"MIGPLAN_OBS_ENDPOINT": tt.variable}))
		if tt.want == "" {
			if e := wantKind(t, err, Setting); tt.flag+tt.variable == "" && !strings.Contains(e.Remedy, "MIGPLAN_OBS_ENDPOINT") {
				t.Errorf("%+v: remedy %q", tt, e.Remedy)
			}
		} else if err != nil || u.String() != tt.want {
			t.Errorf("%+v: got %v, %v", tt, u, err)
		}
	}
}
