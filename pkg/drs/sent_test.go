package drs

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// proxy is an HTTP proxy on loopback. refuse is its answer to CONNECT; "" lets the
// connection through. after, if set, takes over the connection after CONNECT.
func proxy(t *testing.T, refuse string, after func(net.Conn)) func(*http.Request) (*url.URL, error) {
	t.Helper()
	address := listen(t, func(conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		switch {
		case err != nil:
		case refuse != "" || req.Method != http.MethodConnect:
			io.WriteString(conn, refuse)
		default:
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			if after != nil {
				after(conn)
				return
			}
			pipe(conn, req.Host)
		}
	})
	return toProxy(address)
}

func toProxy(address string) func(*http.Request) (*url.URL, error) {
	return http.ProxyURL(&url.URL{Scheme: "http", Host: address})
}

func pipe(conn net.Conn, host string) {
	next, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer next.Close()
	go func() {
		io.Copy(next, conn)
		next.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(conn, next)
}

// Nothing is sent if the listing is older than a minute, over any kind of
// connection: the server receives no byte of the request.
// It is long because it contains a table.
func TestCreateOnOldListingIsNotSent(t *testing.T) {
	ca := newAuthority(t)
	secure := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil)}}
	for _, c := range []struct {
		name    string
		tls     bool
		proxied bool
	}{{"plain", false, false}, {"TLS", true, false}, {"TLS through a proxy", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			s := &recorder{}
			got := make(chan int, 8)
			serve := func(conn net.Conn) {
				s.connected()
				b, _ := io.ReadAll(conn)
				got <- len(b)
			}
			scheme := "http://"
			if c.tls {
				scheme, serve = "https://", overTLS(secure, serve)
			}
			cl := client(t, scheme+listen(t, serve), longTimeouts(), func(config *Config) {
				config.RootCAs = ca.pool
				if c.proxied {
					config.Proxy = proxy(t, "", nil)
				}
			})
			for _, age := range []time.Duration{MaxListingAge + time.Millisecond, time.Hour, 1 << 60} {
				out := cl.CreateReplicationJob(context.Background(), Create{Body: []byte(createBody), SignedAt: signedAt(), ListedAt: Uptime() - age})
				if out.Kind != Unsent || !errors.Is(out.Err, ErrLate) {
					t.Errorf("%v old: %+v", age, out)
				}
				if n := <-got; n != 0 {
					t.Errorf("%v old: %d bytes came", age, n)
				}
			}
			if conns, _ := s.seen(); conns != 3 {
				t.Errorf("%d connections", conns)
			}
		})
	}
}

// The listing may become too old while the connection is opened. With a recent
// listing the request is sent.
func TestListingAgeIsCheckedAtFirstByte(t *testing.T) {
	s := &recorder{}
	address := listen(t, s.alwaysAnswer(answer(200, acceptedBody)))
	cl := client(t, "http://"+address, longTimeouts(), nil)
	f := &firstByte{listedAt: Uptime() - MaxListingAge + 50*time.Millisecond, ready: true}
	time.Sleep(100 * time.Millisecond)
	if err := f.mayWrite(); !errors.Is(err, ErrLate) || f.finish() {
		t.Errorf("a listing that became too old: %v", err)
	}
	out := cl.CreateReplicationJob(context.Background(), Create{Body: []byte(createBody), ListedAt: Uptime() - MaxListingAge + 30*time.Second})
	if out.Kind != Accepted {
		t.Errorf("%+v", out)
	}
}

// A cutover is sent until its window ends, and not after.
func TestWindowIsCheckedAtFirstByte(t *testing.T) {
	s := &recorder{}
	cl := client(t, "http://"+listen(t, s.alwaysAnswer(answer(200, acceptedBody))), longTimeouts(), nil)
	create := Create{Body: []byte(createBody), SignedAt: signedAt(), ListedAt: Uptime(), EndsAt: Uptime() - time.Millisecond}
	if out := cl.CreateReplicationJob(context.Background(), create); out.Kind != Unsent || !errors.Is(out.Err, ErrWindow) {
		t.Errorf("after its window: %+v", out)
	}
	create.EndsAt = Uptime() + time.Minute
	if out := cl.CreateReplicationJob(context.Background(), create); out.Kind != Accepted {
		t.Errorf("inside its window: %+v", out)
	}
	f := &firstByte{listedAt: Uptime(), endsAt: Uptime() + 50*time.Millisecond, ready: true}
	time.Sleep(100 * time.Millisecond)
	if err := f.mayWrite(); !errors.Is(err, ErrWindow) || f.finish() {
		t.Errorf("a window that ended while the connection was made: %v", err)
	}
}

// An error of BeforeSend stops the create and is returned unchanged.
func TestCreateStoppedByBeforeSendIsNotSent(t *testing.T) {
	s := &recorder{}
	cl := client(t, "http://"+listen(t, s.alwaysAnswer(answer(200, acceptedBody))), longTimeouts(), nil)
	no := errors.New("not any more")
	create := Create{Body: []byte(createBody), SignedAt: signedAt(), ListedAt: Uptime(), BeforeSend: func() error { return no }}
	if out := cl.CreateReplicationJob(context.Background(), create); out.Kind != Unsent || !errors.Is(out.Err, no) || out.Err.Error() != no.Error() {
		t.Errorf("stopped: %+v", out)
	}
	create.BeforeSend = func() error { return nil }
	if out := cl.CreateReplicationJob(context.Background(), create); out.Kind != Accepted {
		t.Errorf("allowed: %+v", out)
	}
	f := &firstByte{listedAt: Uptime() - MaxListingAge + 50*time.Millisecond, ready: true,
		beforeSend: func() error { time.Sleep(100 * time.Millisecond); return nil }}
	if err := f.mayWrite(); !errors.Is(err, ErrLate) || f.finish() {
		t.Errorf("BeforeSend took until the listing was too old: %v", err)
	}
}

// A write that has started is not interrupted because of the age.
func TestStartedWriteIsNotInterrupted(t *testing.T) {
	f := &firstByte{listedAt: Uptime() - time.Hour}
	if err := f.mayWrite(); err != nil || f.wrote {
		t.Errorf("a handshake was treated as a request: %v", err)
	}
	f = &firstByte{listedAt: Uptime(), ready: true}
	if err := f.mayWrite(); err != nil {
		t.Error(err)
	}
	f.listedAt -= time.Hour
	if err := f.mayWrite(); err != nil || !f.finish() {
		t.Errorf("the second write: %v", err)
	}
	f = &firstByte{listedAt: Uptime(), ready: true}
	if f.finish() {
		t.Error("nothing was written")
	}
	if err := f.mayWrite(); !errors.Is(err, ErrLate) || f.finish() {
		t.Errorf("a write after finish: %v", err)
	}
}

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Without a connection nothing is sent, and the server sees no request.
// It is long because it contains a table.
func TestCreateWithoutConnectionIsUnsent(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	good := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil)}}
	badCertificate := func(change func(*x509.Certificate)) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.issue(t, change)}}
	}
	// Versions below 1.2 do not support Ed25519.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := &tls.Config{Certificates: []tls.Certificate{ca.issueFor(t, key, nil)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	s := &recorder{}
	serve := s.alwaysAnswer(answer(200, acceptedBody))
	secureAt := func(config *tls.Config) string { return "https://" + listen(t, overTLS(config, serve)) }
	raw := func(said string) string {
		return "https://" + listen(t, func(conn net.Conn) { io.WriteString(conn, said) })
	}
	through := func(p func(*http.Request) (*url.URL, error)) func(*Config) { return func(c *Config) { c.Proxy = p } }
	for name, c := range map[string]struct {
		address string
		change  func(*Config)
	}{
		"refused dial":                {"http://" + closedPort(t), nil},
		"refused dial, TLS":           {"https://" + closedPort(t), nil},
		"no such name":                {"https://drs.invalid", nil},
		"bad port":                    {"http://127.0.0.1:99999", nil},
		"unknown scheme":              {"ftp://127.0.0.1", nil},
		"wrong CA":                    {secureAt(&tls.Config{Certificates: []tls.Certificate{stranger.issue(t, nil)}}), nil},
		"wrong name":                  {secureAt(badCertificate(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"other.example"} })), nil},
		"expired":                     {secureAt(badCertificate(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), nil},
		"not yet valid":               {secureAt(badCertificate(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })), nil},
		"no server's certificate":     {secureAt(badCertificate(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })), nil},
		"TLS 1.1 only":                {secureAt(old), nil},
		"HTTP where TLS should be":    {raw("HTTP/1.1 400 Bad Request\r\nContent-Length: 43\r\n\r\n" + coded("DRS.M00200")), nil},
		"closes in the handshake":     {raw(""), nil},
		"proxy away":                  {secureAt(good), through(toProxy(closedPort(t)))},
		"proxy wants a password":      {secureAt(good), through(proxy(t, answer(407, ""), nil))},
		"proxy forbids":               {secureAt(good), through(proxy(t, answer(403, coded("DRS.M00200")), nil))},
		"proxy redirects":             {secureAt(good), through(proxy(t, answer(302, "", "Location: http://127.0.0.1/"), nil))},
		"proxy answers for DRS":       {secureAt(good), through(proxy(t, answer(201, acceptedBody), nil))},
		"proxy answers 400 and a job": {secureAt(good), through(proxy(t, answer(400, acceptedBody), nil))},
		"proxy says nothing":          {secureAt(good), through(proxy(t, "", func(net.Conn) {}))},
		"proxy answers in the tunnel": {secureAt(good), through(proxy(t, "", func(conn net.Conn) { io.WriteString(conn, answer(200, acceptedBody)) }))},
		"proxy speaks TLS itself":     {secureAt(good), through(proxy(t, "", overTLS(&tls.Config{Certificates: []tls.Certificate{stranger.issue(t, nil)}}, serve)))},
		"proxy setting broken":        {secureAt(good), func(c *Config) { c.Proxy = func(*http.Request) (*url.URL, error) { return nil, errors.New("no") } }},
		"no signature":                {secureAt(good), func(c *Config) { c.Authorizer = &fakeAuthorizer{fail: errors.New("no key")} }},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client(t, c.address, longTimeouts(), func(config *Config) {
				config.RootCAs = ca.pool
				if c.change != nil {
					c.change(config)
				}
			})
			out := create(cl)
			if out.Kind != Unsent || out.Err == nil || out.JobID != "" {
				t.Errorf("%+v", out)
			}
		})
	}
	if _, requests := s.seen(); len(requests) != 0 {
		t.Errorf("%d requests came through", len(requests))
	}
	if out := create(client(t, secureAt(good), longTimeouts(), func(c *Config) { c.RootCAs, c.Proxy = ca.pool, proxy(t, "", nil) })); out.Kind != Accepted {
		t.Errorf("through a good proxy: %+v", out)
	}
}

// A create that is canceled before it connects sends nothing.
func TestCanceledCreateIsNotSent(t *testing.T) {
	s := &recorder{}
	cl := client(t, "http://"+listen(t, s.alwaysAnswer(answer(200, acceptedBody))), longTimeouts(), nil)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("over"))
	out := cl.CreateReplicationJob(ctx, Create{Body: []byte(createBody), ListedAt: Uptime()})
	if _, requests := s.seen(); out.Kind != Unsent || len(requests) != 0 {
		t.Errorf("%+v, %d requests", out, len(requests))
	}
}
