package drs

import (
	"net/http"
	"strings"
	"testing"
)

func TestScrubRemovesCredentials(t *testing.T) {
	sent := http.Header{}
	sent.Set("Authorization", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=x, Signature=0123456789abcdef0123")
	sent.Set("X-Auth-Token", "secret")
	for _, c := range []struct {
		status         int
		body, want, id string
	}{
		{401, `bad secret, bad Signature=0123456789abcdef0123`, `bad [redacted], bad Signature=[redacted]`, "[redacted]-1"},
		{401, sent.Get("Authorization"), "[redacted]", "[redacted]-1"},
		{200, `{"name":"secret-plan"}`, `{"name":"secret-plan"}`, "[redacted]-1"},
		{200, `{"error_log":"\u0030123456789\u0061bcdef0123\n"}`, `{"error_log":"[redacted]\n"}`, "[redacted]-1"},
		{200, `{"error_log":"0123456789\\u0061bcdef0123"}`, `{"error_log":"0123456789\\u0061bcdef0123"}`, "[redacted]-1"},
		{401, `{"error_msg":"se\u0063re\u0074 \u00zz \u12`, `{"error_msg":"[redacted] \u00zz \u12`, "[redacted]-1"},
		{200, `{"error_log":"0123456789abcdef0123"}`, `{"error_log":"[redacted]"}`, "[redacted]-1"},
	} {
		resp := &http.Response{StatusCode: c.status, Header: http.Header{}, Request: &http.Request{Header: sent}}
		resp.Header.Set("X-Request-Id", "secret-1")
		scrubHeader(resp)
		if got := string(scrub(resp, []byte(c.body))); got != c.want || resp.Header.Get("X-Request-Id") != c.id {
			t.Errorf("%d %s: %s, id %s", c.status, c.body, got, resp.Header.Get("X-Request-Id"))
		}
	}
	scrubHeader(&http.Response{})
	if got := scrub(&http.Response{}, []byte("x")); !strings.Contains(string(got), "x") {
		t.Error("a body without a request was removed")
	}
}
