package drssim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve puts a simulator on loopback.
func serve(t *testing.T, d *DRS) string {
	t.Helper()
	s := httptest.NewServer(d)
	t.Cleanup(func() { d.Close(); s.Close() })
	return s.URL
}

// heard is what a client receives.
type heard struct {
	answer string // the status, or closed, reset, silence; "200 cut" where the body ended early
	header http.Header
	body   string
}

// patient waits long enough for a slow machine.
func patient(t *testing.T, method, url string, body []byte) heard {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return send1(ctx, t, method, url, body)
}

// impatient gives up soon after the server has logged the request.
func impatient(t *testing.T, d *DRS, method, url string, body []byte) heard {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := len(d.Requests())
	go func() {
		for len(d.Requests()) == before && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(30 * time.Millisecond)
		cancel()
	}()
	return send1(ctx, t, method, url, body)
}

func send1(ctx context.Context, t *testing.T, method, url string, body []byte) heard {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = headers()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return heard{answer: fate(t, err)}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	h := heard{fmt.Sprint(resp.StatusCode), resp.Header, string(text)}
	if err != nil {
		h.answer += " cut"
	}
	return h
}

func fate(t *testing.T, err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "silence"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.EOF):
		return "closed"
	}
	t.Errorf("unexpected: %v", err)
	return err.Error()
}

// effect is the expected effect of a kind of fault over HTTP.
type effect struct {
	arg    string
	answer string
	jobs   int    // at once, the one of the setting of a read included
	holds  string // expected in the answer's header or body
	lacks  string // expected in neither
	later  int    // how many jobs an hour later, if more
}

// effects is long because it contains a table.
func effects() map[string]effect {
	all := map[string]effect{
		"lost-after-accept": {answer: "closed", jobs: 1}, "lost-before-accept": {answer: "closed"},
		"reset-after-accept": {answer: "reset", jobs: 1}, "reset-before-accept": {answer: "reset"},
		"stall-after-accept": {answer: "silence", jobs: 1}, "stall-before-accept": {answer: "silence"},
		"late-accept": {answer: "silence", later: 1}, "late-accept-lost": {answer: "closed", arg: "1h", later: 1},
		"late-accept-504": {answer: "504", later: 1, holds: "APIGW.0201"}, "late-arrival": {answer: "silence", later: 1},
		"500-before-accept": {answer: "500", holds: "DRS.M00004"}, "502-before-accept": {answer: "502", holds: "<html>"},
		"503-before-accept": {answer: "503", holds: "APIGW.0613"}, "500-after-accept": {answer: "500", jobs: 1, holds: "DRS.M00004"},
		"502-after-accept": {answer: "502", jobs: 1, holds: "<html>"}, "503-after-accept": {answer: "503", jobs: 1, holds: "APIGW.0613"},
		"504-after-accept": {answer: "504", jobs: 1, holds: "APIGW.0201"}, "400-after-accept": {answer: "400", jobs: 1, holds: "DRS.10000001"},
		"name-exists-after-accept": {answer: "422", jobs: 1, holds: "DRS.M00277"}, "busy-after-accept": {answer: "422", jobs: 1, holds: "DRS.M06021"},
		"202-after-accept": {answer: "202", jobs: 1, holds: "DRS.M01504"}, "202-before-accept": {answer: "202", holds: "DRS.M01504"},
		"no-job-id": {answer: "200", jobs: 1, holds: "{}", lacks: "job_id"}, "error-in-200": {answer: "200", jobs: 1, holds: "error_code", lacks: "job_id"},
		"generic-400": {answer: "400", holds: "DRS.10000001"}, "refused": {answer: "400", holds: "DRS.M00201"},
		"403": {answer: "403", holds: "APIGW.0302"}, "twice": {answer: "200", jobs: 2, holds: "job_id"},

		"slow": {answer: "200", jobs: 1}, "slow-by": {answer: "200", jobs: 1}, "list-lag": {answer: "200", jobs: 1},
		"job-failed": {answer: "200", jobs: 1}, "job-precheck-failed": {answer: "200", jobs: 1}, "job-failed-applied": {answer: "200", jobs: 1},
		"record-deleted": {answer: "200", jobs: 1},

		"list-empty": {answer: "200", jobs: 1, holds: `{"count":0,"jobs":[]}`}, "list-omits-newest": {answer: "200", jobs: 1, holds: `"count":0`},
		"list-omits-new": {answer: "200", jobs: 1, holds: `"count":0`}, "list-repeats": {answer: "200", jobs: 1, holds: `"count":1`},
		"list-wrong-count": {arg: "7", answer: "200", jobs: 1, holds: `"count":8`},
		"show-wrong-id":    {answer: "200", jobs: 1, holds: `"id":"0`}, "show-not-found": {answer: "400", jobs: 1, holds: "DRS.10000010"},
		"show-status": {answer: "200", jobs: 1, holds: `"status":"REBALANCING"`},
	}
	answerEffects(all, "", `{"job_id"`, 0)
	for _, op := range []string{"list-", "show-"} {
		answerEffects(all, op, `"id":`, 1)
		for kind, e := range map[string]effect{
			"500": {answer: "500", holds: "DRS.M00004"}, "502": {answer: "502", holds: "<html>"}, "503": {answer: "503", holds: "APIGW.0613"},
			"504": {answer: "504", holds: "APIGW.0201"}, "lost": {answer: "closed"}, "reset": {answer: "reset"}, "stall": {answer: "silence"},
			"error-in-200": {answer: "200", holds: "error_code", lacks: `"id":`},
		} {
			e.jobs = 1
			all[op+kind] = e
		}
	}
	return all
}

func answerEffects(all map[string]effect, op, good string, before int) {
	after := max(1, before)
	for kind, e := range map[string]effect{
		"429": {arg: "retry-after=-1", answer: "429", jobs: before, holds: "Retry-After: -1"}, "drs-throttle": {answer: "400", jobs: before, holds: "DRS.M01503"},
		"401": {answer: "401", jobs: before, holds: "APIGW.0301"}, "truncated": {arg: "3", answer: "200 cut", jobs: after, lacks: good},
		"half-json": {answer: "200", jobs: after}, "body-twice": {answer: "200", jobs: after, holds: "}{"},
		"answer-twice": {answer: "200", jobs: after, holds: good}, "delayed": {arg: "50ms", answer: "200", jobs: after, holds: good},
		"html": {answer: "200", jobs: after, holds: "<html>"}, "garbage": {answer: "200", jobs: after, lacks: good},
		"redirect": {answer: "307", jobs: after, holds: "Location: /v5/"}, "no-date": {answer: "200", jobs: after, holds: good, lacks: "Date:"},
		"cached": {answer: "200", jobs: after, holds: "Age: 600"}, "date-jump": {arg: "-8760h", answer: "200", jobs: after, holds: "Date: Fri, 06 Mar 2026 23:00:00 GMT"},
	} {
		all[op+kind] = e
	}
}

func TestEveryFaultOverHTTP(t *testing.T) {
	want := effects()
	for _, k := range FaultKinds() {
		e, ok := want[k.Name]
		if !ok {
			t.Errorf("no test of %s", k.Name)
			continue
		}
		delete(want, k.Name)
		t.Run(k.Name, func(t *testing.T) { t.Parallel(); tryFault(t, k, e) })
	}
	for name := range want {
		t.Errorf("%s is not a kind of fault", name)
	}
}

func tryFault(t *testing.T, k FaultKind, e effect) {
	d, clock := sim(t, Config{Faults: []Fault{{Kind: k.Name, N: 1, Arg: e.arg}}})
	url := serve(t, d)
	got := request(t, d, url, k.Op, e.answer == "silence")
	var text strings.Builder
	_ = got.header.Write(&text)
	text.WriteString(got.body)
	if got.answer != e.answer || !strings.Contains(text.String(), e.holds) || e.lacks != "" && strings.Contains(text.String(), e.lacks) {
		t.Errorf("got %s %s", got.answer, text.String())
	}
	if n := len(d.Jobs()); n != e.jobs {
		t.Errorf("%d jobs, want %d", n, e.jobs)
	}
	clock.add(time.Hour)
	if n := len(d.Jobs()); n != max(e.jobs, e.later) {
		t.Errorf("%d jobs an hour later, want %d", n, max(e.jobs, e.later))
	}
	if last := d.Requests()[len(d.Requests())-1]; k.Op != opJob && last.Fault != (Fault{Kind: k.Name, N: 1, Arg: e.arg}).String() {
		t.Errorf("noted as %q", last.Fault)
	}
	if k.Op != opJob { // the second request of its kind is served well
		if again := request(t, d, url, k.Op, false); again.answer != "200" {
			t.Errorf("the next one: %s %s", again.answer, again.body)
		}
	}
}

// request sends the request that a kind affects; a list and a detail have a job to
// show.
func request(t *testing.T, d *DRS, url, op string, silence bool) heard {
	method, path, body := "POST", jobsPath, full("ims.bak").covering().body()
	if op == opList || op == opShow {
		if len(d.Jobs()) == 0 {
			accepted(t, d, body)
		}
		method, body = "GET", nil
	}
	if op == opShow {
		path += "/" + d.Jobs()[0].ID
	}
	if silence {
		return impatient(t, d, method, url+path, body)
	}
	return patient(t, method, url+path, body)
}
