package view

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
)

var start = time.Date(2026, 3, 7, 21, 0, 0, 0, time.UTC)

func running() Running {
	return Running{
		Plan: "crm-prod", Step: 3, Steps: 12, File: "LOG/DB7_crm_LOG_20260307_210000.bak",
		Status: "RESTORING", StatusSince: start.Add(2 * time.Minute), SubmittedAt: start,
	}
}

func TestLineFitsTheTerminal(t *testing.T) {
	now := start.Add(2*time.Hour + 3*time.Minute + 4*time.Second)
	for width, want := range map[int]string{
		200: "crm-prod  step 3/12  LOG/DB7_crm_LOG_20260307_210000.bak  RESTORING for 2h01m  2h03m",
		80:  "crm-prod  step 3/12  …B7_crm_LOG_20260307_210000.bak  RESTORING for 2h01m  2h03m",
		60:  "crm-prod  step 3/12  …_20260307_210000.bak  RESTORING  2h03m",
		30:  "crm-prod  step 3/12  RESTORIN…",
	} {
		if got := running().Line(now, width); got != want {
			t.Errorf("width %d:\ngot  %q\nwant %q", width, got, want)
		}
	}
	for width := 10; width < 120; width++ {
		wide := running()
		wide.File = "日志/备份_客户关系管理_20260307.bak"
		for _, r := range []Running{running(), wide} {
			if got := r.Line(now, width); runewidth.StringWidth(got) > width {
				t.Errorf("width %d: %d columns: %q", width, runewidth.StringWidth(got), got)
			}
		}
	}
}

func TestLineCleansWhatTheServerSent(t *testing.T) {
	r := running()
	r.Status = "RESTORING\x1b[2J"
	if got := r.Line(start, 200); strings.Contains(got, "\x1b") {
		t.Errorf("escape sequence in %q", got)
	}
}

func TestReportsSpeakOfNewsAndEveryTenMinutes(t *testing.T) {
	var r Reports
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	step := func(n int, status string, submitted int) Running {
		r := running()
		r.Step, r.Status, r.SubmittedAt = n, status, at(submitted)
		return r
	}
	for _, c := range []struct {
		second  int
		running Running
		want    int
	}{
		{0, step(3, "", 0), 0},
		{30, step(3, "PRECHECKING", 0), 0}, // the line of the submission is recent
		{61, step(3, "RESTORING", 0), 1},
		{62, step(3, "RESTORING", 0), 0},
		{660, step(3, "RESTORING", 0), 0},
		{661, step(3, "RESTORING", 0), 1},
		{662, step(4, "", 662), 0},
		{1261, step(4, "", 662), 0},
		{1262, step(4, "", 662), 1},
	} {
		if got := r.News(at(c.second), []Running{c.running}); len(got) != c.want {
			t.Errorf("second %d: %q, want %d lines", c.second, got, c.want)
		}
	}
	other := step(1, "RESTORING", -7200)
	other.Plan = "ims-prod"
	if got := r.News(at(1263), []Running{other, step(4, "", 662)}); len(got) != 1 || !strings.Contains(got[0], "2h21m") {
		t.Errorf("a step that ran before this run began: %q", got)
	}
}

// screen is a terminal that can be on hold.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestLiveShowsEachRunningStepAndTextAbove(t *testing.T) {
	var s screen
	refresh := make(chan any)
	l := newLive(&s, mpb.WithOutput(&s), mpb.WithManualRefresh(refresh), mpb.WithWidth(80))
	other := running()
	other.Plan = "ims-prod"
	l.Show([]Running{running(), other})
	for !strings.Contains(s.String(), "crm-prod") || !strings.Contains(s.String(), "ims-prod") {
		refresh <- time.Now()
	}
	if _, err := l.Write([]byte("step 2 succeeded\n")); err != nil {
		t.Fatal(err)
	}
	refresh <- time.Now()
	l.Show([]Running{other})
	close(refresh)
	l.Close(5 * time.Second)
	if !strings.Contains(s.String(), "step 2 succeeded\n") {
		t.Errorf("no text above the lines in %q", s.String())
	}
	if n, err := l.Write([]byte("after\n")); n != 6 || err != nil || !strings.HasSuffix(s.String(), "after\n") {
		t.Errorf("after Close: %d, %v, %q", n, err, s.String())
	}
}

func TestLiveNeverWaitsForATerminalOnHold(t *testing.T) {
	var s screen
	s.mu.Lock()
	l := newLive(&s, mpb.WithOutput(&s), mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond), mpb.WithWidth(80))
	for range 100 {
		l.Show([]Running{running()})
		l.Show(nil)
	}
	l.Close(10 * time.Millisecond)
	s.mu.Unlock()
	<-l.ended
}
