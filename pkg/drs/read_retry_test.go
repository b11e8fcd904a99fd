package drs

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// answerInTurn answers reads with the given answers in order, and repeats the last
// one.
func answerInTurn(t *testing.T, answers ...string) (*recorder, string) {
	s := &recorder{}
	var mu sync.Mutex
	return s, "http://" + listen(t, s.answering(func(conn net.Conn, _ exchange) bool {
		mu.Lock()
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		_, err := io.WriteString(conn, a)
		return err == nil && a != ""
	}))
}

func TestRefusedCredentialIsRenewedOnce(t *testing.T) {
	denied, ok := answer(401, coded("APIGW.0301")), answer(200, jobBody)
	for name, c := range map[string]struct {
		answers   []string
		renewable bool
		requests  int
		renewals  int
		good      bool
	}{
		"renewed":                {[]string{denied, ok}, true, 2, 1, true},
		"renewed in vain":        {[]string{denied}, true, 2, 1, false},
		"none to renew":          {[]string{denied, ok}, false, 1, 1, false},
		"400 DRS.M00100":         {[]string{answer(400, coded("DRS.M00100")), ok}, true, 2, 1, true},
		"403 is a permission":    {[]string{answer(403, coded("APIGW.0302")), ok}, true, 1, 0, false},
		"400 is no credential":   {[]string{answer(400, coded("DRS.M00200")), ok}, true, 1, 0, false},
		"after a server's fault": {[]string{answer(503, ""), denied, ok}, true, 3, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, address := answerInTurn(t, c.answers...)
			a := &fakeAuthorizer{renewable: c.renewable}
			_, err := client(t, address, longTimeouts(), func(config *Config) { config.Authorizer = a }).ShowReplicationJob(context.Background(), "j")
			_, requests := s.seen()
			if (err == nil) != c.good || len(requests) != c.requests || a.renewals != c.renewals {
				t.Errorf("%v, %d requests, %d renewals", err, len(requests), a.renewals)
			}
			if last := requests[len(requests)-1].request.Header.Get("Authorization"); c.good && last != "fakeAuthorizer 1" {
				t.Errorf("the last request has %q", last)
			}
		})
	}
}

// A create does not renew the credential: a retry needs a new intent.
func TestCreateDoesNotRenewCredential(t *testing.T) {
	s, address := answerInTurn(t, answer(401, coded("APIGW.0301")))
	a := &fakeAuthorizer{renewable: true}
	out := create(client(t, address, longTimeouts(), func(c *Config) { c.Authorizer = a }))
	if _, requests := s.seen(); out.Kind != Denied || !out.Renewable || len(requests) != 1 || a.renewals != 0 {
		t.Errorf("%+v, %d requests, %d renewals", out, len(requests), a.renewals)
	}
}

// Reads are retried after transient failures, with a new signature and a limit.
// net/http itself retries once if a reused connection turns out to be dead.
// It is long because it contains a table.
func TestReadIsRetriedAfterTransientFailure(t *testing.T) {
	ok := answer(200, jobBody)
	for name, c := range map[string]struct {
		answers  []string
		requests int
		good     bool
	}{
		"at once":              {[]string{ok}, 1, true},
		"500":                  {[]string{answer(500, ""), ok}, 2, true},
		"429":                  {[]string{answer(429, coded("APIGW.0308"), "Retry-After: 0"), ok}, 2, true},
		"closed":               {[]string{"", ok}, 2, true},
		"four times":           {[]string{"", answer(502, "x"), "", answer(503, ""), ok}, 5, true},
		"for ever":             {[]string{answer(500, coded("DRS.M00001"))}, 5, false},
		"hostile seconds":      {[]string{answer(503, "", "Retry-After: 9223372036854775807"), ok}, 2, true},
		"negative seconds":     {[]string{answer(503, "", "Retry-After: -9223372036854775808"), ok}, 2, true},
		"the year 9999":        {[]string{answer(503, "", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", "Date: Wed, 04 Mar 2026 05:06:07 GMT"), ok}, 2, true},
		"garbage":              {[]string{answer(429, "", "Retry-After: \xff\xff"), ok}, 2, true},
		"longer than any wait": {[]string{answer(503, coded("X"), "Retry-After: 3600"), ok}, 1, false},
		"a redirect":           {[]string{answer(302, "", "Location: http://127.0.0.1:1/"), ok}, 1, false},
		"switching":            {[]string{switching, ok}, 1, false},
		"no JSON":              {[]string{answer(200, "<html>"), ok}, 1, false},
		"200 with an error":    {[]string{answer(200, `{"id":"j","error_code":"DRS.10000001"}`), ok}, 1, false},
		"201":                  {[]string{answer(201, jobBody), ok}, 1, false},
		"204":                  {[]string{"HTTP/1.1 204 No Content\r\n\r\n", ok}, 1, false},
		"another job":          {[]string{answer(200, `{"id":"k"}`), ok}, 1, false},
		"not found":            {[]string{answer(400, coded("DRS.M05004")), ok}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, address := answerInTurn(t, c.answers...)
			a := &fakeAuthorizer{}
			began := time.Now()
			j, err := client(t, address, stallTimeouts(), func(config *Config) { config.Authorizer = a }).ShowReplicationJob(context.Background(), "j")
			_, requests := s.seen()
			if (err == nil) != c.good || len(requests) != c.requests || len(a.bodies) > c.requests || (j.ID == "j") != c.good {
				t.Errorf("%v, %d requests, %d signed, %+v", err, len(requests), len(a.bodies), j)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// A read ends if every attempt stalls, and if it is canceled.
func TestStalledReadEnds(t *testing.T) {
	quick := stallTimeouts()
	quick.header, quick.read = 30*time.Millisecond, 60*time.Millisecond
	for _, begin := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"} {
		s := &recorder{}
		address := listen(t, s.answering(func(conn net.Conn, _ exchange) bool {
			io.WriteString(conn, begin)
			io.Copy(io.Discard, conn)
			return false
		}))
		began := time.Now()
		if _, err := client(t, "http://"+address, quick, nil).ShowReplicationJob(context.Background(), "j"); err == nil {
			t.Error("no error")
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, address := answerInTurn(t, answer(503, "", "Retry-After: 20"))
	began := time.Now()
	if _, err := client(t, address, longTimeouts(), nil).ListReplicationJobs(ctx, "i"); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

// A canceled read reports why it failed, not only that it was canceled.
func TestCanceledReadReportsLastFailure(t *testing.T) {
	_, busy := answerInTurn(t, answer(503, "", "Retry-After: 20"))
	silent := "http://" + listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	for address, want := range map[string]string{
		busy:                      "ShowReplicationJob: HTTP 503",
		silent:                    "ShowReplicationJob: no answer in time",
		"http://" + closedPort(t): "connection refused",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		slow := func(c *Config) { c.Backoff = time.Hour }
		_, err := client(t, address, longTimeouts(), slow).ShowReplicationJob(ctx, "j")
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}
