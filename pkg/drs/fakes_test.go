package drs

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Timeouts longer than any healthy exchange on loopback; a stalled one costs a
// test this long.
func longTimeouts() timeouts {
	return timeouts{dial: 10 * time.Second, handshake: 10 * time.Second, header: 10 * time.Second, create: 20 * time.Second, read: 10 * time.Second}
}

// fakeAuthorizer is an Authorizer that records its calls.
type fakeAuthorizer struct {
	mu        sync.Mutex
	bodies    []string
	renewals  int
	renewable bool
	fail      error
	headers   map[string]string // set on every request
	meddle    func(*http.Request)
}

func (c *fakeAuthorizer) Authorize(req *http.Request, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, string(body))
	req.Header.Set("Authorization", "fakeAuthorizer "+strconv.Itoa(c.renewals))
	for k, v := range c.headers {
		req.Header.Set(k, v)
	}
	if c.meddle != nil {
		c.meddle(req)
	}
	return c.fail
}

func (c *fakeAuthorizer) Renew(context.Context) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewals++
	return c.renewable, nil
}

// client is a Client for a server on loopback.
func client(t testing.TB, address string, limits timeouts, change func(*Config)) *Client {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Endpoint: u, ProjectID: "054ba152d480d55b2f5dc0069e7ddef0", Authorizer: &fakeAuthorizer{}, UserAgent: "migplan/test", Backoff: time.Millisecond}
	if change != nil {
		change(&config)
	}
	c := newClient(config, limits)
	t.Cleanup(c.reads.Transport.(signing).under.CloseIdleConnections)
	return c
}

const createBody = `{"base_info":{"name":"ims-prod-001-k7f3q2xa"},"options":{"is_last_backup":false}}`

func signedAt() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func create(c *Client) Outcome {
	return c.CreateReplicationJob(context.Background(), Create{Body: []byte(createBody), SignedAt: signedAt(), ListedAt: Uptime()})
}

// listen serves raw TCP on loopback and gives its address without a scheme.
func listen(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// exchange is one HTTP request as a raw server saw it.
type exchange struct {
	request *http.Request
	body    string
}

// recorder records what reaches a raw server.
type recorder struct {
	mu       sync.Mutex
	conns    int
	requests []exchange
}

func (s *recorder) connected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns++
}

func (s *recorder) add(x exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, x)
}

func (s *recorder) seen() (conns int, requests []exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns, s.requests
}

// readRequest reads one whole request.
func readRequest(r *bufio.Reader) (exchange, error) {
	req, err := http.ReadRequest(r)
	if err != nil {
		return exchange{}, err
	}
	body, err := io.ReadAll(req.Body)
	return exchange{req, string(body)}, err
}

// answering is a raw server that reads whole requests and passes each to answer,
// until answer closes the connection or returns false.
func (s *recorder) answering(answer func(net.Conn, exchange) bool) func(net.Conn) {
	return func(conn net.Conn) {
		s.connected()
		r := bufio.NewReader(conn)
		for {
			x, err := readRequest(r)
			if err != nil {
				return
			}
			s.add(x)
			if !answer(conn, x) {
				return
			}
		}
	}
}

// alwaysAnswer answers every request with the same bytes.
func (s *recorder) alwaysAnswer(raw string) func(net.Conn) {
	return s.answering(func(conn net.Conn, _ exchange) bool {
		_, err := io.WriteString(conn, raw)
		return err == nil
	})
}

// answer is a complete HTTP/1.1 answer; headers are "Key: value" lines.
func answer(status int, body string, headers ...string) string {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	return b.String()
}

const acceptedBody = `{"job_id":"0667845a-6291-4e2a-95b0-190c0abjb703"}`

// authority issues certificates for the tests' servers.
type authority struct {
	cert *x509.Certificate
	key  ed25519.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// issue gives a certificate for a DNS name and 127.0.0.1.
func (a authority) issue(t testing.TB, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a.issueFor(t, key, change)
}

func (a authority) issueFor(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "drs"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// overTLS runs a raw server over TLS.
func overTLS(config *tls.Config, serve func(net.Conn)) func(net.Conn) {
	return func(conn net.Conn) {
		secure := tls.Server(conn, config)
		if secure.Handshake() == nil {
			serve(secure)
		}
	}
}
