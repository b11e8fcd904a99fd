package drs

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewRefusesIncompleteConfig(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "drs.example"}
	for _, c := range []Config{
		{}, {ProjectID: "p", Authorizer: &fakeAuthorizer{}}, {Endpoint: u, Authorizer: &fakeAuthorizer{}}, {Endpoint: u, ProjectID: "p"},
		{Endpoint: u, ProjectID: ".", Authorizer: &fakeAuthorizer{}}, {Endpoint: u, ProjectID: "..", Authorizer: &fakeAuthorizer{}},
	} {
		if cl, err := New(c); err == nil || cl != nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	cl, err := New(Config{Endpoint: u, ProjectID: "p", Authorizer: &fakeAuthorizer{}})
	if err != nil || cl.limits != defaultTimeouts() || cl.config.backoff() != time.Second {
		t.Errorf("%+v, %v", cl, err)
	}
}

// The exact bytes of a create on the wire.
func TestCreateBytesOnTheWire(t *testing.T) {
	got := make(chan string, 1)
	address := listen(t, func(conn net.Conn) {
		var b strings.Builder
		readRequest(bufio.NewReader(io.TeeReader(conn, &b)))
		got <- b.String()
		io.WriteString(conn, answer(200, acceptedBody))
	})
	a := &fakeAuthorizer{}
	if out := create(client(t, "http://"+address, longTimeouts(), func(c *Config) { c.Authorizer = a })); out.Kind != Accepted {
		t.Fatalf("%+v", out)
	}
	want := []string{
		"POST /v5/054ba152d480d55b2f5dc0069e7ddef0/backup-migration-jobs HTTP/1.1", "Host: " + address, "User-Agent: migplan/test", fmt.Sprintf("Content-Length: %d", len(createBody)),
		"Accept-Encoding: identity", "Authorization: fakeAuthorizer 0", "Content-Type: application/json", "X-Language: en-us", "X-Sdk-Date: 20260304T050607Z", "Connection: close",
	}
	head, body, _ := strings.Cut(<-got, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines[1:])
	slices.Sort(want[1:])
	if !slices.Equal(lines, want) {
		t.Errorf("\n got %q\nwant %q", lines, want)
	}
	if body != createBody {
		t.Errorf("the body is %q", body)
	}
	if len(a.bodies) != 1 || a.bodies[0] != createBody {
		t.Errorf("signed %q", a.bodies)
	}
}

// The date of the signature is that of the intent, in UTC for any time zone.
func TestSignatureDateIsIntentDate(t *testing.T) {
	var dates []string
	a := &fakeAuthorizer{meddle: func(r *http.Request) { dates = append(dates, r.Header.Get("X-Sdk-Date")) }}
	cl := client(t, "http://127.0.0.1:1", longTimeouts(), func(c *Config) { c.Authorizer = a })
	for _, at := range []time.Time{signedAt(), signedAt().In(time.FixedZone("", 8*3600)), signedAt().Add(999 * time.Millisecond)} {
		if _, err := cl.createRequest(context.Background(), Create{SignedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range dates {
		if d != "20260304T050607Z" {
			t.Error(d)
		}
	}
}

const jobBody = `{"id":"j","status":"TRANSFERRING"}`

func TestReadSendsExpectedHeaders(t *testing.T) {
	s := &recorder{}
	cl := client(t, "http://"+listen(t, s.alwaysAnswer(answer(200, jobBody, "Date: Wed, 04 Mar 2026 05:06:07 GMT"))), longTimeouts(), nil)
	for range 2 {
		if j, err := cl.ShowReplicationJob(context.Background(), "j"); err != nil || j.ID != "j" || !j.Date.Equal(signedAt()) {
			t.Fatalf("%+v, %v", j, err)
		}
	}
	conns, requests := s.seen()
	if conns != 1 || len(requests) != 2 {
		t.Errorf("%d connections, %d requests", conns, len(requests))
	}
	for _, x := range requests {
		got := x.request.Header
		want := map[string]string{"Accept-Encoding": "identity", "Authorization": "fakeAuthorizer 0", "Cache-Control": "no-cache", "Content-Type": "application/json", "User-Agent": "migplan/test", "X-Language": "en-us"}
		for k, v := range want {
			if got.Get(k) != v {
				t.Errorf("%s: %q", k, got.Get(k))
			}
		}
		if len(got) != len(want) || x.body != "" || x.request.Method != http.MethodGet {
			t.Errorf("%v %q", got, x.body)
		}
	}
}

// An id from outside stays one segment of the path.
func TestIDsAreEscaped(t *testing.T) {
	s := &recorder{}
	address := listen(t, s.answering(func(conn net.Conn, x exchange) bool {
		_, err := io.WriteString(conn, answer(400, coded("DRS.10000010")))
		return err == nil
	}))
	for _, id := range []string{"a/b", "../x", "a?b=c", "a#b", "a b", "a%2fb", "ä", "a\r\nX: y", "a;b", "...", "*", "a//b"} {
		cl := client(t, "http://"+address, longTimeouts(), func(c *Config) { c.ProjectID = id })
		_, err := cl.ShowReplicationJob(context.Background(), id)
		var e *Error
		if !errors.As(err, &e) || !e.NotFound() {
			t.Errorf("%q: %v", id, err)
		}
		_, requests := s.seen()
		want := "/v5/" + url.PathEscape(id) + "/backup-migration-jobs/" + url.PathEscape(id)
		if got := requests[len(requests)-1].request; got.RequestURI != want {
			t.Errorf("%q: %s, want %s", id, got.RequestURI, want)
		}
		if out := create(cl); out.Kind != InDoubt {
			t.Errorf("%q: %+v", id, out)
		}
		_, requests = s.seen()
		if got := requests[len(requests)-1].request; got.RequestURI != "/v5/"+url.PathEscape(id)+"/backup-migration-jobs" {
			t.Errorf("%q: %s", id, got.RequestURI)
		}
	}
	before, _ := s.seen()
	for _, id := range []string{"", ".", ".."} {
		if _, err := client(t, "http://"+address, longTimeouts(), nil).ShowReplicationJob(context.Background(), id); err == nil {
			t.Errorf("%q is asked for", id)
		}
	}
	if after, _ := s.seen(); after != before {
		t.Error("a job without an id was asked for")
	}
}

func TestListSendsPagedQueries(t *testing.T) {
	s := &recorder{}
	address := listen(t, s.answering(func(conn net.Conn, x exchange) bool {
		offset := x.request.URL.Query().Get("offset")
		body := map[string]string{
			"0": `{"count":3,"jobs":[{"id":"a"},{"id":"b"}]}`, "2": `{"count":3,"jobs":[{"id":"c"}]}`,
		}[offset]
		_, err := io.WriteString(conn, answer(200, body, "Date: Wed, 04 Mar 2026 05:06:07 GMT"))
		return err == nil
	}))
	cl := client(t, "http://"+address, longTimeouts(), nil)
	l, err := cl.ListReplicationJobs(context.Background(), "in04&limit=1")
	if err != nil || len(l.Jobs) != 3 || !l.Complete || !l.Date.Equal(signedAt()) {
		t.Fatalf("%+v, %v", l, err)
	}
	_, requests := s.seen()
	for i, x := range requests {
		want := fmt.Sprintf("/v5/054ba152d480d55b2f5dc0069e7ddef0/backup-migration-jobs?dbs_instance_ids=in04%%26limit%%3D1&limit=100&offset=%d&sort_dir=desc&sort_key=created_at", 2*i)
		if x.request.RequestURI != want {
			t.Errorf("%s, want %s", x.request.RequestURI, want)
		}
	}
}

// Observed exchanges have the outcome, but no query and no secrets.
func TestObserveReportsOutcomeWithoutSecrets(t *testing.T) {
	var seen []Exchange
	observe := func(c *Config) { c.Observe = func(e Exchange) { seen = append(seen, e) } }
	_, address := answerInTurn(t, answer(200, acceptedBody, "X-Request-Id: r1"))
	create(client(t, address, longTimeouts(), observe))
	_, address = answerInTurn(t, answer(400, coded("DRS.10000010"), "X-Request-Id: r2"))
	client(t, address, longTimeouts(), observe).ShowReplicationJob(context.Background(), "j")
	_, listErr := client(t, "http://"+closedPort(t), longTimeouts(), observe).ListReplicationJobs(context.Background(), "in04secret")
	want := []Exchange{{Op: "CreateReplicationJob", StatusCode: 200, RequestID: "r1"}, {Op: "ShowReplicationJob", StatusCode: 400, RequestID: "r2"}, {Op: "ListReplicationJobs"}}
	if len(seen) != len(want) {
		t.Fatalf("%+v", seen)
	}
	for i, e := range seen {
		if e.Op != want[i].Op || e.StatusCode != want[i].StatusCode || e.RequestID != want[i].RequestID || (e.Err != nil) != (want[i].StatusCode == 0) {
			t.Errorf("%+v", e)
		}
	}
	if strings.Contains(listErr.Error(), "secret") || strings.Contains(fmt.Sprint(seen[2].Err), "secret") {
		t.Errorf("%v; %v", listErr, seen[2].Err)
	}
}

// An authorizer that cannot sign stops a read at once.
func TestReadThatCannotBeSignedStops(t *testing.T) {
	s := &recorder{}
	cl := client(t, "http://"+listen(t, s.alwaysAnswer(answer(200, jobBody))), longTimeouts(), func(c *Config) { c.Authorizer = &fakeAuthorizer{fail: errors.New("no key")} })
	if _, err := cl.ShowReplicationJob(context.Background(), "j"); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Error(err)
	}
	if _, requests := s.seen(); len(requests) != 0 {
		t.Errorf("%d requests", len(requests))
	}
}

// Retrying does not help if a certificate is not trusted.
func TestReadWithUntrustedCertificateIsNotRetried(t *testing.T) {
	s, stranger := &recorder{}, newAuthority(t)
	secure := &tls.Config{Certificates: []tls.Certificate{stranger.issue(t, nil)}}
	address := listen(t, func(conn net.Conn) { s.connected(); overTLS(secure, s.alwaysAnswer(answer(200, jobBody)))(conn) })
	_, err := client(t, "https://"+address, longTimeouts(), func(c *Config) { c.RootCAs = newAuthority(t).pool }).ShowReplicationJob(context.Background(), "j")
	if conns, requests := s.seen(); !strings.Contains(fmt.Sprint(err), "unknown authority") || conns != 1 || len(requests) != 0 {
		t.Errorf("%v, %d connections, %d requests", err, conns, len(requests))
	}
}

// With an endpoint that is not a valid URL, nothing is sent.
func TestInvalidEndpointSendsNothing(t *testing.T) {
	cl := client(t, "http://127.0.0.1", longTimeouts(), func(c *Config) { c.Endpoint = &url.URL{Scheme: "http", Host: "a b"} })
	if out := create(cl); out.Kind != Unsent || out.Err == nil {
		t.Errorf("%+v", out)
	}
	if _, err := cl.ShowReplicationJob(context.Background(), "j"); err == nil {
		t.Error("no error")
	}
}
