package credentials

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/signer"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/request"

	"github.com/migplan/migplan/internal/credentials/credentialstest"
)

// The vectors are from reference 3.2.
func TestSignatureMatchesPublishedVectors(t *testing.T) {
	const project = "0123456789abcdef0123456789abcdef"
	tests := []struct {
		name, method, url, body, date, project, signature string
		dateOnly                                          bool // the vector signs no Host
	}{
		{"get", "GET", "https://example.huaweicloud.com/path?limit=1", "", "20060102T150405Z", "",
			"5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624", true},
		{"post", "POST", "https://example.huaweicloud.com/path?key=value", `{"Name":"test","Id":1}` + "\n", "20060102T150405Z", "",
			"cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59", true},
		{"drs list", "GET", "https://drs.cn-north-4.myhuaweicloud.com/v5/" + project +
			"/backup-migration-jobs?name=mig-a_b&status=PRECHECK%20FAILED&limit=10&offset=0", "", "20260102T030405Z", project,
			"209795057dc50ae5dbd30261cf40703dc7ec6cd81a9555cc9f27e875d1c6fb88", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, tt.url, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Sdk-Date", tt.date)
			req.Header.Set("Content-Type", "application/json;charset=UTF-8")
			cred := credential{access: "AccessKey", secret: newSecret("SecretKey")}
			got := ""
			if tt.dateOnly {
				got = signDescribed(t, req, []byte(tt.body), cred)
			} else if err := sign(req, []byte(tt.body), cred, tt.project, time.Now()); err != nil {
				t.Fatal(err)
			} else {
				got = req.Header.Get("Authorization")
			}
			if !strings.HasSuffix(got, "Signature="+tt.signature) {
				t.Errorf("got %s, want the signature %s", got, tt.signature)
			}
		})
	}
}

// signDescribed signs the description of req, without its Host.
func signDescribed(t *testing.T, req *http.Request, body []byte, cred credential) string {
	t.Helper()
	var described *request.DefaultHttpRequest
	described, err := describe(req, body)
	if err != nil {
		t.Fatal(err)
	}
	delete(described.GetHeaderParams(), "Host")
	headers, err := signer.Sign(described, cred.access, cred.secret.reveal())
	if err != nil {
		t.Fatal(err)
	}
	return headers["Authorization"]
}

// verifier is a server that checks each request as received.
func verifier(t *testing.T, sk, token string, now time.Time) (*httptest.Server, <-chan error) {
	t.Helper()
	verdicts := make(chan error, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		lookup := func(ak string) (string, string, bool) { return sk, token, ak == "AK" }
		verdicts <- credentialstest.Verify(r, body, lookup, now, time.Minute)
	}))
	t.Cleanup(srv.Close)
	return srv, verdicts
}

func keys(token string, now time.Time) *Credentials {
	first := credential{principal: "ak:AK", access: "AK", secret: newSecret("SK"), token: newSecret(token)}
	o := Options{ProjectID: "p1", Now: func() time.Time { return now }}
	return newCredentials(o, &source{name: "test", load: always(first)}, first)
}

// TestSignedRequestPassesIndependentVerifier is long because it contains a table.
func TestSignedRequestPassesIndependentVerifier(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	large := strings.Repeat("x", 3<<20)
	tests := []struct{ name, method, path, body, contentType string }{
		{"no path", "GET", "", "", ""},
		{"plain", "GET", "/v5/p1/backup-migration-jobs", "", ""},
		{"trailing slash", "GET", "/v5/p1/", "", ""},
		{"double slash", "GET", "/v5//p1", "", ""},
		{"odd path", "GET", "/a%20b/c+d/e:f,g;h=i@j!$&'()*/k~l_m.n-o/%25/%C3%A9/(x)", "", ""},
		{"braces in the path", "GET", "/v5/%7Bproject_id%7D", "", ""},
		{"query", "GET", "/?name=mig-a_b&status=PRECHECK%20FAILED&limit=10", "", ""},
		{"plus for a space", "GET", "/?status=PRECHECK+FAILED", "", ""},
		{"escaped plus", "GET", "/?t=2026%2B08", "", ""},
		{"repeated keys", "GET", "/?id=b&id=a&id=&a=1&id=%C3%A9&id=~", "", ""},
		{"key without value", "GET", "/?a&b=", "", ""},
		{"empty parts", "GET", "/?&&a=1&", "", ""},
		{"odd query", "GET", "/?a%20b=c%26d%3De&%C3%A9=%F0%9F%92%A9&x=/:@!$'()*,", "", ""},
		{"only a question mark", "GET", "/x?", "", ""},
		{"post", "POST", "/v5/p1/backup-migration-jobs", `{"a":"<&>é"}`, "application/json"},
		{"body with line end", "POST", "/", "{}\n", "application/json"},
		{"body not json", "POST", "/", "\x00\xff", "application/octet-stream"},
		{"empty post", "POST", "/", "", "application/json"},
		{"large post", "POST", "/", large, "application/json"},
		{"delete", "DELETE", "/v5/p1/x", "", ""},
	}
	for _, token := range []string{"", "security-token/+="} {
		srv, verdicts := verifier(t, "SK", token, now)
		c := keys(token, now)
		for _, tt := range tests {
			req, err := http.NewRequest(tt.method, srv.URL+tt.path, bytes.NewReader([]byte(tt.body)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Language", "en-us")
			if tt.contentType != "" {
				req.Header.Set("Content-Type", tt.contentType)
			}
			if err := c.Authorize(req, []byte(tt.body)); err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if err := <-verdicts; err != nil {
				t.Errorf("%s, token %q: %v", tt.name, token, err)
			}
		}
	}
}

func TestRequestThatCannotBeSignedAsSentIsRefused(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name, url string
		change    func(*http.Request)
	}{
		{"escaped slash", "https://h/a%2Fb", nil},
		{"opaque", "https://h/", func(r *http.Request) { r.URL.Opaque = "//h/a" }},
		{"relative path", "https://h", func(r *http.Request) { r.URL.Path = "a" }},
		{"semicolon in the query", "https://h/?a=1;b=2", nil},
		{"bad escape in the query", "https://h/?a=%zz", nil},
		{"host outside ASCII", "https://h\u00e9/", nil},
		{"zone", "https://[fe80::1%25eth0]/", nil},
		{"plain http", "http://drs.example.com/", nil},
		{"date unreadable", "https://h/", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "yesterday") }},
		{"date empty", "https://h/", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "") }},
		{"date twice", "https://h/", func(r *http.Request) {
			r.Header.Set("X-Sdk-Date", "20260102T030405Z")
			r.Header["x-sdk-date"] = []string{"20260102T030405Z"}
		}},
		{"other body", "https://h/", func(r *http.Request) { r.ContentLength = 7 }},
	}
	for _, tt := range tests {
		req, err := http.NewRequest("GET", tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.change != nil {
			tt.change(req)
		}
		if err := keys("", now).Authorize(req, nil); err == nil || req.Header.Get("Authorization") != "" {
			t.Errorf("%s: signed, error %v", tt.name, err)
		}
	}
}

func TestDateSetByCallerIsSigned(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	for _, tt := range []struct{ set, want string }{
		{"20251231T235959Z", "20251231T235959Z"},
		{"", "20260102T020405Z"},
	} {
		req, _ := http.NewRequest("GET", "https://h/", nil)
		if tt.set != "" {
			req.Header.Set("X-Sdk-Date", tt.set)
		}
		if err := keys("", now).Authorize(req, nil); err != nil {
			t.Fatal(err)
		}
		if got := req.Header.Get("X-Sdk-Date"); got != tt.want {
			t.Errorf("set %q: signed %q, want %q", tt.set, got, tt.want)
		}
	}
}

func TestEarlierCredentialIsRemovedFromRequest(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	req, _ := http.NewRequest("GET", "https://h/", nil)
	for _, name := range []string{"Authorization", "authorization", "X-Auth-Token", "x-auth-token", "X-Security-Token"} {
		req.Header[name] = []string{"old"}
	}
	if err := keys("", now).Authorize(req, nil); err != nil {
		t.Fatal(err)
	}
	for name, values := range req.Header {
		if values[0] == "old" {
			t.Errorf("%s is still there", name)
		}
	}
}
