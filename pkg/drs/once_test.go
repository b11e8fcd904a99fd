package drs

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// faults are what a server may do with a whole request. Each one could make a
// client send it again.
func faults() map[string]func(net.Conn) {
	say := func(raw string) func(net.Conn) { return func(conn net.Conn) { io.WriteString(conn, raw) } }
	m := map[string]func(net.Conn){
		"closes":               func(net.Conn) {},
		"resets":               reset,
		"stalls":               func(conn net.Conn) { io.Copy(io.Discard, conn) },
		"half a status line":   say("HTTP/1.1 2"),
		"half the headers":     say("HTTP/1.1 200 OK\r\nContent-Len"),
		"half the body":        say("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
		"half a chunk":         say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"),
		"no HTTP":              say("220 mail.example.com ESMTP\r\n"),
		"HTTP/2 GOAWAY":        say("\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
		"an HTTP/2 preface":    say(http2.ClientPreface),
		"switches protocols":   func(conn net.Conn) { say(switching)(conn); io.Copy(io.Discard, conn) },
		"a server's bad idea":  say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
		"continues for ever":   say(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000)),
		"100, then closes":     say("HTTP/1.1 100 Continue\r\n\r\n"),
		"two lengths":          say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
		"answers, then resets": func(conn net.Conn) { say(answer(503, ""))(conn); reset(conn) },
		"no location":          say(answer(307, "")),
		"a bad location":       say(answer(307, "", "Location: http://[::1")),
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		m["redirects with "+http.StatusText(status)] = say(answer(status, "", "Location: /v5/elsewhere"))
	}
	for _, status := range []int{401, 407, 408, 409, 421, 425, 429, 500, 501, 502, 503, 504} {
		m["answers "+http.StatusText(status)] = say(answer(status, "", "Retry-After: 0"))
	}
	return m
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"

// reset closes a connection with RST.
func reset(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// A create opens one connection, sends one request and ends in time, whatever the
// server does. None of these answers means that there is no job.
func TestCreateSendsOneRequest(t *testing.T) {
	ca := newAuthority(t)
	secure := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil)}, NextProtos: []string{"h2", "http/1.1"}}
	for name, fault := range faults() {
		for _, scheme := range []string{"http://", "https://"} {
			t.Run(scheme+name, func(t *testing.T) {
				t.Parallel()
				s := &recorder{}
				serve := s.answering(func(conn net.Conn, _ exchange) bool { fault(conn); return false })
				if scheme == "https://" {
					serve = overTLS(secure, serve)
				}
				address := listen(t, serve)
				began := time.Now()
				out := create(client(t, scheme+address, stallTimeouts(), func(c *Config) { c.RootCAs = ca.pool }))
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("it took %v", took)
				}
				conns, requests := s.seen()
				if conns != 1 || len(requests) != 1 {
					t.Errorf("%d connections, %d requests", conns, len(requests))
				}
				if out.Kind != InDoubt || out.Err == nil {
					t.Errorf("%+v", out)
				}
			})
		}
	}
}

// stallTimeouts are long enough for a healthy exchange on a busy machine.
func stallTimeouts() timeouts {
	return timeouts{dial: 3 * time.Second, handshake: 3 * time.Second, header: 400 * time.Millisecond, create: 800 * time.Millisecond, read: 800 * time.Millisecond}
}

// A server that closes connections that it promised to keep open does not affect
// creates: each has its own.
func TestCreateOpensItsOwnConnection(t *testing.T) {
	s := &recorder{}
	address := listen(t, s.alwaysAnswer(answer(200, acceptedBody, "Connection: keep-alive")))
	c := client(t, "http://"+address, longTimeouts(), nil)
	for range 3 {
		if out := create(c); out.Kind != Accepted {
			t.Fatalf("%+v", out)
		}
	}
	if conns, requests := s.seen(); conns != 3 || len(requests) != 3 {
		t.Errorf("%d connections, %d requests", conns, len(requests))
	}
}

// Nothing that an authorizer adds to a request may let net/http repeat it.
func TestAuthorizerCannotMakeCreateReplayable(t *testing.T) {
	s := &recorder{}
	address := listen(t, s.answering(func(net.Conn, exchange) bool { return false }))
	c := client(t, "http://"+address, longTimeouts(), func(c *Config) {
		c.Authorizer = &fakeAuthorizer{meddle: func(req *http.Request) {
			req.Header.Set("Idempotency-Key", "k")
			req.Header["X-Idempotency-Key"] = []string{"k"}
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(createBody)), nil }
		}}
	})
	req, err := c.createRequest(context.Background(), Create{Body: []byte(createBody)})
	if err != nil || req.GetBody != nil {
		t.Errorf("GetBody is set: %v", err)
	}
	if out := create(c); out.Kind != InDoubt {
		t.Errorf("%+v", out)
	}
	_, requests := s.seen()
	if len(requests) != 1 || requests[0].request.Header.Get("Idempotency-Key") != "" || requests[0].request.Header.Get("X-Idempotency-Key") != "" {
		t.Errorf("%+v", requests)
	}
}

// A connection never uses HTTP/2, even if the server supports it.
func TestHTTP2IsNeverUsed(t *testing.T) {
	ca := newAuthority(t)
	var offered []string
	config := &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, nil)}, NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			offered = append(offered, hello.SupportedProtos...)
			return nil, nil
		},
	}
	s := &recorder{}
	address := listen(t, overTLS(config, s.alwaysAnswer(answer(200, acceptedBody))))
	if out := create(client(t, "https://"+address, longTimeouts(), func(c *Config) { c.RootCAs = ca.pool })); out.Kind != Accepted {
		t.Errorf("%+v", out)
	}
	for _, proto := range offered {
		if proto != "http/1.1" {
			t.Errorf("the client offers %s", proto)
		}
	}
	if _, requests := s.seen(); len(requests) != 1 || requests[0].request.ProtoMajor != 1 {
		t.Errorf("%+v", requests)
	}
}
