package executor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
)

// modelJobs connects a runner with the simulated DRS, without a network but
// with everything that a network does to a request and its answer.
type modelJobs struct{ *host }

const jobsPath = "/v5/p1/backup-migration-jobs"

// CreateReplicationJob refuses late requests as the real connection does, and
// classifies answers as the real client does.
func (m *modelJobs) CreateReplicationJob(_ context.Context, c drs.Create) drs.Outcome {
	m.at("dial")
	m.pause(m.upTo(pick(m.rng, 2*time.Second, 2*time.Second, drs.MaxListingAge)))
	if err := late(c, m.now.Sub(m.start)); err != nil {
		return drs.Classify(drs.Answer{Err: err})
	}
	return m.send(c)
}

// send sends the bytes.
func (m *modelJobs) send(c drs.Create) drs.Outcome {
	m.checker.leaves(m.host, c)
	m.pause(m.upTo(2 * time.Second))
	before := len(m.sim.Jobs())
	resp := m.arrive(c)
	m.checker.arrived(m.host, before)
	m.checker.look()
	m.note("create arrived: %d %s %.120s", resp.Status, resp.Delivery, resp.Body)
	m.pause(m.upTo(time.Second) + resp.Delay)
	m.at("answer")
	return drs.Classify(m.delivered(resp))
}

func (m *modelJobs) arrive(c drs.Create) drssim.Response {
	h := m.signed(c.SignedAt)
	h.Set("Content-Type", "application/json")
	return m.sim.Serve(drssim.Request{Method: http.MethodPost, Path: jobsPath, Body: c.Body, Header: h})
}

// signed is what the simulated gateway checks: the date, by A2, and the
// credentials.
func (m *modelJobs) signed(at time.Time) http.Header {
	return http.Header{
		"X-Sdk-Date":    {at.UTC().Format("20060102T150405Z")},
		"Authorization": {"SDK-HMAC-SHA256 Access=" + m.cred + ", SignedHeaders=x-sdk-date, Signature=00"},
	}
}

// delivered is the part of an answer that arrives.
func (m *modelJobs) delivered(r drssim.Response) drs.Answer {
	switch r.Delivery {
	case drssim.Lost:
		return drs.Answer{Wrote: true, Err: io.ErrUnexpectedEOF}
	case drssim.Reset:
		return drs.Answer{Wrote: true, Err: syscall.ECONNRESET}
	case drssim.Stalled:
		m.pause(25 * time.Second)
		return drs.Answer{Wrote: true, Err: context.DeadlineExceeded}
	case drssim.Truncated:
		return drs.Answer{Wrote: true, StatusCode: r.Status, Header: r.Header, Body: r.Body[:r.CutAfter], Err: io.ErrUnexpectedEOF}
	}
	return drs.Answer{Wrote: true, StatusCode: r.Status, Header: r.Header, Body: r.Body}
}

// ShowReplicationJob asks once; where the real client would try again, it
// fails.
func (m *modelJobs) ShowReplicationJob(ctx context.Context, id string) (drs.Job, error) {
	m.at("show")
	body, date, err := m.get(ctx, jobsPath+"/"+id, nil)
	m.at("shown")
	if err != nil {
		return drs.Job{}, err
	}
	j, err := drs.DecodeJob(body, id, date)
	if m.take("false-failed") {
		j.Status = "FAILED"
	}
	return j, err
}

// ListReplicationJobs reads every page.
func (m *modelJobs) ListReplicationJobs(ctx context.Context, instance string) (drs.Listing, error) {
	m.at("list")
	m.listed = m.now
	l, err := drs.Collect(func(offset int) (drs.Page, error) {
		body, date, err := m.get(ctx, jobsPath, drs.ListQuery(instance, offset))
		if err != nil {
			return drs.Page{}, err
		}
		p, err := drs.DecodePage(body, date)
		if err != nil {
			return drs.Page{}, err
		}
		return m.repeatPage(p), nil
	})
	if err == nil {
		m.checker.shown(m.host, l)
	}
	m.at("listed")
	return l, err
}

// take uses up a fault that an event has set for this read.
func (s *host) take(what string) bool {
	if s.other != what {
		return false
	}
	s.other = ""
	return true
}

// repeatPage returns the previous page again if an event has set that.
func (m *modelJobs) repeatPage(p drs.Page) drs.Page {
	if m.take("stale-list") && m.lastPage != nil && m.now.Sub(m.lastPage.Date) < listingLag {
		return *m.lastPage
	}
	m.lastPage = &p
	return p
}

// get is one read.
func (m *modelJobs) get(ctx context.Context, path string, query url.Values) ([]byte, time.Time, error) {
	m.pause(m.upTo(time.Second))
	resp := m.sim.Serve(drssim.Request{Method: http.MethodGet, Path: path, Query: query, Header: m.signed(m.now)})
	m.checker.look()
	hidden := m.now.Before(m.unseen[strings.TrimPrefix(path, jobsPath+"/")])
	served := m.now
	m.pause(m.upTo(time.Second) + resp.Delay)
	switch {
	case hidden:
		return nil, time.Time{}, &drs.Error{StatusCode: http.StatusBadRequest, Code: "DRS.10000010", Date: served.Truncate(time.Second).UTC()}
	case ctx.Err() != nil:
		return nil, time.Time{}, ctx.Err()
	case resp.Delivery != drssim.Delivered:
		return nil, time.Time{}, errors.New("no answer")
	case resp.Status != http.StatusOK:
		return nil, time.Time{}, refusal(resp)
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil || resp.Header.Get("Age") != "" {
		date = time.Time{}
	}
	return resp.Body, date.UTC(), nil
}

func refusal(r drssim.Response) *drs.Error {
	var shape struct {
		Code    string `json:"error_code"`
		Message string `json:"error_msg"`
	}
	_ = json.Unmarshal(r.Body, &shape)
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil || r.Header.Get("Age") != "" {
		date = time.Time{}
	}
	return &drs.Error{StatusCode: r.Status, Code: shape.Code, Message: shape.Message, Date: date}
}
