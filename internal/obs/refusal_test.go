package obs

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestBusyServerIsTriedALimitedNumberOfTimes(t *testing.T) {
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		f := newFake(t, false)
		f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			refuse(w, status, "ServiceUnavailable")
			return true
		}
		for op, err := range three(f.client(), f.bucket) {
			wantKind(t, err, Unavailable)
			var e *Error
			if !errors.As(err, &e) || e.Status != status || e.RequestID != "0000018B2C3D4E5F" || e.Code != "ServiceUnavailable" {
				t.Errorf("%s: %+v", op, e)
			}
		}
		if len(f.requests) != 3*maxTries {
			t.Errorf("%d: %d requests", status, len(f.requests))
		}
	}
}

func TestTriesEndWithTheFirstSuccess(t *testing.T) {
	f := newFake(t, false)
	f.put("k", 10).etag = "a"
	f.first = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n%2 == 1 {
			refuse(w, 503, "SlowDown")
		}
		return n%2 == 1
	}
	for op, err := range three(f.client(), f.bucket) {
		if err != nil {
			t.Errorf("%s: %v", op, err)
		}
	}
	if len(f.requests) != 6 {
		t.Errorf("%d requests", len(f.requests))
	}
}

func TestRefusalHasItsKindAndIsNotRetried(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		kind   Kind
		words  string
	}{
		{404, "NoSuchKey", NotFound, "no such object (HTTP 404 NoSuchKey"},
		{404, "NoSuchBucket", NotFound, "no such bucket"},
		{404, "", NotFound, "no such object or bucket"},
		{403, "AccessDenied", Denied, "access denied (HTTP 403 AccessDenied"},
		{403, "somethingElse", Denied, "access denied (HTTP 403, "},
		{403, "NoSuchKey", Denied, "access denied"},
		{403, "InvalidObjectState", Archived, "archived and not restored"},
		{403, "RequestTimeTooSkewed", Denied, "clock"},
		{403, "SignatureDoesNotMatch", Denied, "signature"},
		{403, "InvalidAccessKeyId", Denied, "access key does not exist"},
		{400, "ExpiredToken", Denied, "token has expired"},
		{401, "", Denied, "access denied"},
		{412, "PreconditionFailed", Changed, "changed"},
		{400, "InvalidArgument", BadAnswer, "refused"},
		{405, "MethodNotAllowed", BadAnswer, "refused"},
		{304, "", BadAnswer, "redirect"},
	} {
		f := newFake(t, false)
		f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool { refuse(w, c.status, c.code); return true }
		for op, err := range three(f.client(), f.bucket) {
			wantKind(t, err, c.kind)
			if !strings.Contains(fmt.Sprint(err), c.words) {
				t.Errorf("%s: got %v, want %q", op, err, c.words)
			}
		}
		if len(f.requests) != 3 {
			t.Errorf("%d %s: %d requests", c.status, c.code, len(f.requests))
		}
	}
}

func TestRefusedKeyIsRenewedOnce(t *testing.T) {
	f := newFake(t, false)
	f.put("k", 10)
	f.first = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 1 {
			refuse(w, 403, "InvalidAccessKeyId")
		}
		return n == 1
	}
	keys := canaries()
	same := func() pair { return pair{id: keyID, secret: keySecret, token: keyToken} }
	keys.renewed = []pair{same(), same()}
	c := f.client(func(config *Config) { config.Credentials = keys })
	if _, err := c.Head(t.Context(), f.bucket, "k"); err != nil || len(f.requests) != 2 || len(keys.renewed) != 1 {
		t.Errorf("%v after %d requests", err, len(f.requests))
	}
	keys.renewed = []pair{same(), same()}
	f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		refuse(w, 403, "InvalidAccessKeyId")
		return true
	}
	if _, err := c.Head(t.Context(), f.bucket, "k"); kindOf(err) != Denied || len(f.requests) != 4 || len(keys.renewed) != 1 {
		t.Errorf("%v after %d requests", err, len(f.requests))
	}
}

// The request id is for Huawei's support. What is none is left out.
func TestOnlyWellFormedRequestIDIsKept(t *testing.T) {
	for id, want := range map[string]string{"0000018B2C3D4E5F": "0000018B2C3D4E5F", "a-b_c.d": "a-b_c.d", "": "", "a b": "", "<x>": "", "é": "", strings.Repeat("a", 65): ""} {
		c := newFakeAnswering(t, func(w http.ResponseWriter) {
			w.Header().Set("X-Obs-Request-Id", id)
			w.WriteHeader(403)
		})
		var e *Error
		if _, err := c.Head(t.Context(), "sql-backups", "k"); !errors.As(err, &e) || e.RequestID != want {
			t.Errorf("%q: got %v", id, err)
		}
	}
}
