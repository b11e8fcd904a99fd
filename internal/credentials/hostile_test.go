package credentials

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func containsText(b []byte, s string) bool { return bytes.Contains(b, []byte(s)) }

// networkSources are the sources that use a server, each with the given server.
func networkSources(t *testing.T, url string) map[string]Options {
	return map[string]Options{
		"metadata": {Env: environ(nil), MetadataURL: url},
		"pod": {Env: environ(map[string]string{
			"HC_CONTAINER_CREDENTIALS_FULL_URI":     url + "/v1/credentials",
			"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": write(t, "account", "account"),
		})},
		"iam": {Env: environ(map[string]string{
			"HW_USER_NAME": "ann", "HW_USER_PASSWORD": "pw", "HW_DOMAIN_NAME": "corp", "HW_AUTH_URL": url,
		})},
	}
}

// TestHostileAnswerIsRefused is long because it contains a table.
func TestHostileAnswerIsRefused(t *testing.T) {
	body := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "PUT" { // no session token: on to the key itself
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			w.Header().Set("X-Subject-Token", "token")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	// key is an answer of both the metadata service and pod identity.
	key := func(members string) string {
		return `{"credential":{` + members + `},"credentials":{` + members + `},"token":{"expires_at":"2027-01-01T00:00:00Z"}}`
	}
	const whole = `"access":"a","secret":"s","securitytoken":"t","expires_at":"2027-01-01T00:00:00Z"`
	elsewhere := nobody(t)
	answers := map[string]http.HandlerFunc{
		"empty":            body(200, ""),
		"empty, created":   body(201, ""),
		"null":             body(201, "null"),
		"null credential":  body(200, `{"credential":null,"credentials":null}`),
		"null token":       body(201, `{"token":null}`),
		"wrong status":     body(202, key(whole)),
		"no end":           body(200, key(`"access":"a","secret":"s","securitytoken":"t"`)),
		"no secret":        body(200, key(`"access":"a","securitytoken":"t","expires_at":"2027-01-01T00:00:00Z"`)),
		"no token":         body(200, key(`"access":"a","secret":"s","expires_at":"2027-01-01T00:00:00Z"`)),
		"no access key":    body(200, key(`"secret":"s","securitytoken":"t","expires_at":"2027-01-01T00:00:00Z"`)),
		"header injection": body(200, key(strings.Replace(whole, `"a"`, `"a\r\nX: y"`, 1))),
		"token injection":  body(200, key(strings.Replace(whole, `"t"`, `"t\nX: y"`, 1))),
		"bad time":         body(201, `{"token":{"expires_at":"tomorrow"}}`),
		"numbers":          body(200, key(`"access":1,"secret":2,"securitytoken":3,"expires_at":4`)),
		"garbage":          body(200, "\x00\xff<html>"),
		"deep":             body(201, strings.Repeat("[", 100000)),
		"refused by html":  body(502, "<html>Bad Gateway</html>"),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		},
		"large headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Subject-Token", strings.Repeat("x", 1<<20))
		},
		"another protocol, and silence": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "upgrade")
			w.Header().Set("Upgrade", "x")
			w.WriteHeader(http.StatusSwitchingProtocols)
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				t.Cleanup(func() { conn.Close() })
			}
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "{")
		},
		"not http": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				fmt.Fprint(conn, "SSH-2.0-x\r\n")
				conn.Close()
			}
		},
	}
	for name, handler := range answers {
		service := serve(t, handler)
		for source, o := range networkSources(t, service.URL) {
			c, err := tryResolve(t, o)
			var e *Error
			if c != nil || !errors.As(err, &e) || e.Kind != Unavailable && e.Kind != NotFound {
				t.Errorf("%s, %s: got %v, %v", source, name, c, err)
			}
		}
	}
}

// TestEndlessAnswerIsCutOff offers 10 GB and counts how much is read.
func TestEndlessAnswerIsCutOff(t *testing.T) {
	const offered, allowed = 10 << 30, 16 << 20 // what the socket buffers hold is taken too
	for _, source := range []string{"metadata", "pod", "iam"} {
		var sent atomic.Int64
		done := make(chan struct{})
		service := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			defer close(done)
			block := make([]byte, 64<<10)
			for sent.Load() < offered {
				n, err := w.Write(block)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
		_, err := tryResolve(t, networkSources(t, service.URL)[source])
		<-done
		if err == nil || sent.Load() > allowed {
			t.Errorf("%s: took %d bytes, error %v", source, sent.Load(), err)
		}
	}
}

func TestSlowAnswerTimesOut(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the server notices that the client disconnected only after the body
			<-r.Context().Done()
		},
		"one byte at a time": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(5 * time.Millisecond)
			}
		},
	} {
		service := serve(t, handler)
		req, _ := http.NewRequestWithContext(t.Context(), "GET", service.URL, nil)
		began := time.Now()
		_, err := exchange(newClient(Options{}, time.Second, 100*time.Millisecond), req, "it")
		if e := wantKind(t, err, Unavailable); e.Problem != "did not answer in time" || time.Since(began) > 5*time.Second {
			t.Errorf("%s: got %v after %s", name, err, time.Since(began))
		}
		for source, o := range networkSources(t, service.URL) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			o.ProjectID = "p1"
			if _, err := Resolve(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, %s: got %v", source, name, err)
			}
			cancel()
		}
	}
}

func TestEveryClientHasLimits(t *testing.T) {
	s, err := newTokenSource(Options{Env: environ(nil), ProjectID: "p"}, user{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*http.Client{
		"any": newClient(Options{}, time.Second, 3*time.Second), "iam": s.client.HTTPClient,
	} {
		tr := c.Transport.(*http.Transport)
		if c.Timeout == 0 || tr.MaxResponseHeaderBytes == 0 || tr.TLSClientConfig.MinVersion == 0 || tr.TLSClientConfig.InsecureSkipVerify || tr.Proxy != nil {
			t.Errorf("%s: a limit is missing", name)
		}
	}
}
