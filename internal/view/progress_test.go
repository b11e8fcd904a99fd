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
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	next := running()
	next.Step = 4
	other := running()
	other.Plan = "ims-prod"
	lines := 0
	for _, c := range []struct {
		minute  int
		running []Running
		want    int
	}{
		{0, []Running{running()}, 1},
		{1, []Running{running()}, 0},
		{9, []Running{running(), other}, 1},
		{10, []Running{running(), other}, 1},
		{11, []Running{next, other}, 1},
		{240, nil, 0},
	} {
		got := r.News(at(c.minute), c.running)
		if len(got) != c.want {
			t.Errorf("minute %d: %q, want %d lines", c.minute, got, c.want)
		}
		lines += len(got)
	}
	if lines != 4 {
		t.Errorf("%d lines", lines)
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
