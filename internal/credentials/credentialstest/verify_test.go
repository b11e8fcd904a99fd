package credentialstest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	project = "0123456789abcdef0123456789abcdef"
	target  = "/v5/" + project + "/backup-migration-jobs?name=mig-a_b&status=PRECHECK%20FAILED&limit=10&offset=0"
	date    = "20260102T030405Z"
	signed  = "host;x-project-id;x-sdk-date"
	right   = "209795057dc50ae5dbd30261cf40703dc7ec6cd81a9555cc9f27e875d1c6fb88"
)

// vector is the third signed request of reference 3.2, as a server sees it.
func vector() *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.Host = "drs.cn-north-4.myhuaweicloud.com"
	r.Header.Set("X-Project-Id", project)
	r.Header.Set("X-Sdk-Date", date)
	authorize(r, signed, right)
	return r
}

func authorize(r *http.Request, headers, signature string) {
	r.Header.Set("Authorization", "SDK-HMAC-SHA256 Access=AccessKey, SignedHeaders="+headers+", Signature="+signature)
}

// TestVerifyRefusesAlteredRequest is long because it contains a table.
func TestVerifyRefusesAlteredRequest(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		ok     bool
	}{
		{"the vector", func(*http.Request) {}, true},
		{"order of the query", func(r *http.Request) {
			r.RequestURI = "/v5/" + project + "/backup-migration-jobs?offset=0&limit=10&status=PRECHECK%20FAILED&name=mig%2Da_b"
		}, true},
		{"slash at the end", func(r *http.Request) { r.RequestURI = strings.Replace(target, "?", "/?", 1) }, true},
		{"plus for a space", func(r *http.Request) { r.RequestURI = strings.Replace(target, "%20", "+", 1) }, false},
		{"an unsigned header", func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, true},
		{"method", func(r *http.Request) { r.Method = "POST" }, false},
		{"path", func(r *http.Request) { r.RequestURI = strings.Replace(target, "jobs", "job", 1) }, false},
		{"query", func(r *http.Request) { r.RequestURI = target + "1" }, false},
		{"another query key", func(r *http.Request) { r.RequestURI = target + "&x" }, false},
		{"malformed path", func(r *http.Request) { r.RequestURI = "/%zz" }, false},
		{"malformed query", func(r *http.Request) { r.RequestURI = "/?%zz" }, false},
		{"host", func(r *http.Request) { r.Host = "drs.cn-north-1.myhuaweicloud.com" }, false},
		{"project", func(r *http.Request) { r.Header.Set("X-Project-Id", "other") }, false},
		{"no project", func(r *http.Request) { r.Header.Del("X-Project-Id") }, false},
		{"project twice", func(r *http.Request) { r.Header.Add("X-Project-Id", project) }, false},
		{"date", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "20260102T030406Z") }, false},
		{"no date", func(r *http.Request) { r.Header.Del("X-Sdk-Date") }, false},
		{"two dates", func(r *http.Request) { r.Header.Add("X-Sdk-Date", date) }, false},
		{"malformed date", func(r *http.Request) { r.Header.Set("X-Sdk-Date", "now") }, false},
		{"a foreign security token", func(r *http.Request) { r.Header.Set("X-Security-Token", "x") }, false},
		{"signature", func(r *http.Request) { authorize(r, signed, strings.Replace(right, "2", "3", 1)) }, false},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, false},
		{"two signatures", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, false},
		{"another scheme", func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, false},
		{"empty scheme", func(r *http.Request) { r.Header.Set("Authorization", "SDK-HMAC-SHA256 ") }, false},
		{"unknown key", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "AccessKey", "Other", 1))
		}, false},
		{"date unsigned", func(r *http.Request) { authorize(r, "host;x-project-id", right) }, false},
		{"host unsigned", func(r *http.Request) { authorize(r, "x-project-id;x-sdk-date", right) }, false},
		{"project unsigned", func(r *http.Request) { authorize(r, "host;x-sdk-date", right) }, false},
		{"unsorted", func(r *http.Request) { authorize(r, "x-sdk-date;host;x-project-id", right) }, false},
		{"one name twice", func(r *http.Request) { authorize(r, "host;host;x-project-id;x-sdk-date", right) }, false},
		{"capitals", func(r *http.Request) { authorize(r, "Host;host;x-project-id;x-sdk-date", right) }, false},
		{"a signed header that was not sent", func(r *http.Request) { authorize(r, "absent;"+signed, right) }, false},
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range tests {
		r := vector()
		tt.change(r)
		if err := Verify(r, nil, lookup, now, time.Minute); (err == nil) != tt.ok {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}

func lookup(ak string) (sk, token string, ok bool) { return "SecretKey", "", ak == "AccessKey" }

func TestVerifyChecksBodyTokenAndTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	temporary := func(ak string) (string, string, bool) { return "SecretKey", "token", true }
	for name, err := range map[string]error{
		"another body":         Verify(vector(), []byte("x"), lookup, now, time.Minute),
		"too late":             Verify(vector(), nil, lookup, now.Add(61*time.Second), time.Minute),
		"too early":            Verify(vector(), nil, lookup, now.Add(-61*time.Second), time.Minute),
		"a missing token":      Verify(vector(), nil, temporary, now, time.Minute),
		"centuries in between": Verify(vector(), nil, lookup, now.AddDate(400, 0, 0), time.Minute),
	} {
		if err == nil {
			t.Errorf("accepted %s", name)
		}
	}
	for _, off := range []time.Duration{60 * time.Second, -60 * time.Second} {
		if err := Verify(vector(), nil, lookup, now.Add(off), time.Minute); err != nil {
			t.Errorf("%s: %v", off, err)
		}
	}
}

// Correct signatures that omit a header or list the headers in the wrong order.
func TestVerifyRefusesSignatureOfTooFewHeaders(t *testing.T) {
	for headers, ok := range map[string]bool{
		signed:                              true,
		"host;x-project-id;x-sdk-date;x-x":  true,
		"x-sdk-date":                        false,
		"x-project-id;x-sdk-date":           false,
		"host;x-sdk-date":                   false,
		"host;x-project-id":                 false,
		"x-sdk-date;x-project-id;host":      false,
		"host;host;x-project-id;x-sdk-date": false,
	} {
		r := vector()
		r.Header.Set("X-X", "1")
		list := strings.Split(headers, ";")
		canonical, err := canonicalRequest(r, nil, list)
		if err != nil {
			t.Fatal(err)
		}
		authorize(r, headers, signature("SecretKey", date, canonical))
		now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		if err := Verify(r, nil, lookup, now, time.Minute); (err == nil) != ok {
			t.Errorf("%s: got %v", headers, err)
		}
	}
}
