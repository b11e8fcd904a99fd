package obs

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// three sends each of the requests once.
func three(c *Client, bucket string) map[string]error {
	_, head := c.Head(context.Background(), bucket, "k")
	_, list := c.List(context.Background(), bucket, "k", 10)
	_, read := c.Reader(context.Background(), bucket, Object{Key: "k", Size: 10, ETag: "a"}).ReadAt(make([]byte, 10), 0)
	return map[string]error{"head": head, "list": list, "read": read}
}

func TestUnknownCertificateIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake, *Config)
		bucket string
		want   string
	}{
		"self-signed": {func(_ *fake, c *Config) { c.RootCAs = nil }, "sql-backups", "signed by an unknown authority"},
		"other name": {func(_ *fake, c *Config) {
			c.Endpoint.Host = strings.Replace(c.Endpoint.Host, "example.com", "example.org", 1)
		},
			"sql-backups", "not for sql-backups.example.org"},
		"dots": {func(*fake, *Config) {}, "sql.backups", "not for sql.backups.example.com; the certificate of an OBS endpoint is for no bucket with a dot"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			f.Config.ErrorLog = quiet()
			client := f.client(func(config *Config) { c.change(f, config) })
			dials, dial := 0, client.http.DialContext
			client.http.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				dials++
				return dial(ctx, network, address)
			}
			for op, err := range three(client, c.bucket) {
				wantKind(t, err, Unavailable)
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want %q", op, err, c.want)
				}
			}
			if len(f.requests) != 0 || dials != 3 {
				t.Errorf("sent %q over %d connections", f.requests, dials)
			}
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	f := &fake{t: t, bucket: "sql-backups"}
	f.Server = httptest.NewUnstartedServer(f)
	f.TLS, f.Config.ErrorLog = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, quiet()
	f.StartTLS()
	t.Cleanup(f.Close)
	for _, err := range three(f.client(), f.bucket) {
		wantKind(t, err, Unavailable)
	}
	if len(f.requests) != 0 {
		t.Errorf("sent %q", f.requests)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var other atomic.Int32
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other.Add(1) }))
	t.Cleanup(stranger.Close)
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		for _, location := range []string{stranger.URL + "/k", "/k", "//" + stranger.Listener.Addr().String(), "", ":", "http://%zz"} {
			styles(t, func(t *testing.T, f *fake) {
				f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
					w.Header().Set("Location", location)
					w.WriteHeader(status)
					return true
				}
				for op, err := range three(f.client(), f.bucket) {
					wantKind(t, err, BadAnswer)
					if !strings.Contains(err.Error(), "redirects to another address") {
						t.Errorf("%d %s: %v", status, op, err)
					}
				}
				if len(f.requests) != 3 || other.Load() != 0 {
					t.Errorf("%d to %q: %d requests, %d elsewhere", status, location, len(f.requests), other.Load())
				}
			})
		}
	}
}

func TestHangingServerTimesOut(t *testing.T) {
	for name, hang := range map[string]func(w http.ResponseWriter){
		"before the answer": func(http.ResponseWriter) {},
		"within the body": func(w http.ResponseWriter) {
			w.Header().Set("ETag", `"a"`)
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.Header().Set("Content-Length", "10")
			w.WriteHeader(206)
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			c := f.client()
			c.times.try = 200 * time.Millisecond
			var sent atomic.Int32
			f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent.Add(1)
				hang(w)
				<-r.Context().Done()
				panic(http.ErrAbortHandler) // no answer, even if somebody still listens
			})
			_, err := c.Reader(t.Context(), f.bucket, Object{Key: "k", Size: 10, ETag: "a"}).ReadAt(make([]byte, 10), 0)
			wantKind(t, err, Unavailable)
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer in time") || sent.Load() > maxTries {
				t.Errorf("%v after %d requests", err, sent.Load())
			}
		})
	}
}

// After a 101 the body is the connection, which no deadline of a request ends.
func TestSwitchOfProtocolIsRefused(t *testing.T) {
	for op, err := range three(newFakeAnswering(t, func(w http.ResponseWriter) {
		w.Header().Set("Connection", "upgrade")
		w.Header().Set("Upgrade", "x")
		w.WriteHeader(http.StatusSwitchingProtocols)
	}), "sql-backups") {
		wantKind(t, err, BadAnswer)
		if !strings.Contains(err.Error(), "switches to another protocol") {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func newFakeAnswering(t *testing.T, answer func(http.ResponseWriter)) *Client {
	t.Helper()
	f := newFake(t, false)
	f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool { answer(w); return true }
	return f.client()
}

// The context ends a pause between tries too.
func TestTriesEndWithTheContext(t *testing.T) {
	f := newFake(t, false)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool { refuse(w, 503, "SlowDown"); return true }
	c := f.client(func(config *Config) { config.Backoff = time.Hour })
	began := time.Now()
	_, err := c.Head(ctx, f.bucket, "k")
	wantKind(t, err, Unavailable)
	if time.Since(began) > 5*time.Second || len(f.requests) != 1 {
		t.Errorf("%v after %v and %d requests", err, time.Since(began), len(f.requests))
	}
}

func TestRefusedConnectionIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	c, err := New(Config{Endpoint: &url.URL{Scheme: "http", Host: listener.Addr().String()}, PathStyle: true, Credentials: canaries(), Backoff: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range three(c, "sql-backups") {
		wantKind(t, err, Unavailable)
		if !strings.Contains(err.Error(), "cannot connect to "+listener.Addr().String()) {
			t.Error(err)
		}
	}
}

// A try sends one request, whatever the SDK does.
func TestSecondRequestOfATryIsStopped(t *testing.T) {
	var sent []string
	x := &exchange{scheme: "https", host: "h:443", under: roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.URL.String())
		return &http.Response{StatusCode: 500, Body: http.NoBody}, nil
	})}
	for _, address := range []string{"https://other:443/", "http://h:443/", "https://h:443/", "https://h:443/"} {
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = x.RoundTrip(req)
	}
	if len(sent) != 1 || sent[0] != "https://h:443/" {
		t.Errorf("sent %q", sent)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
