package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// cronDay is a day of a cron line that runs apply every five minutes.
type cronDay struct {
	*testing.T
	stage    *stage
	receiver *receiver
	midnight time.Time
	now      time.Time
	runs     int
	code     int // of the last run
	// The runs that printed something, which cron sends as mails: a stop, or else
	// what they did.
	stops, changes []time.Time
	hooks          []string
}

// TestCronDay: a log backup every two hours, the one of 08:00 fails, and at 14:00 a
// person has it sent again. With --remind 2h that is three mails about the stop.
func TestCronDay(t *testing.T) {
	t.Parallel()
	d := newCronDay(t)
	plan := fullOnly
	for range 288 {
		since := d.now.Sub(d.midnight)
		if since%(2*time.Hour) == 0 && since > 0 {
			plan += fmt.Sprintf("  - incremental: LOG/ims_log%02d.bak\n", int(since.Hours()))
		}
		d.stage.write(t, "plan.yaml", imsPlan(plan))
		if since == 14*time.Hour {
			d.run("retry", filepath.Join(d.stage.dir, "plan.yaml"), "5", "--reason", "uploaded again")
		}
		d.receiver.answer(0)
		if since == 8*time.Hour+25*time.Minute {
			d.receiver.answer(http.StatusInternalServerError) // of the first one about the stop
		}
		d.pass()
		d.now = d.now.Add(5 * time.Minute)
	}
	t.Logf("%d runs; %d mails about a stop, at %v after midnight; %d mails about progress; webhook: %q",
		d.runs, len(d.stops), d.sinceMidnight(d.stops), len(d.changes), d.hooks)
	if got, want := fmt.Sprint(d.sinceMidnight(d.stops)), "[8h25m0s 10h25m0s 12h25m0s]"; got != want {
		t.Errorf("mails about the stop %s, want %s", got, want)
	}
	if d.runs != 288 || len(d.changes) != 22 {
		t.Errorf("%d runs and %d mails about progress, want 288 and 22", d.runs, len(d.changes))
	}
	d.compareHooks()
}

func newCronDay(t *testing.T) *cronDay {
	midnight := time.Now().Add(-25 * time.Hour).Truncate(time.Second)
	d := &cronDay{T: t, stage: newStage(t), midnight: midnight, now: midnight}
	sim := drssim.New(drssim.Config{
		Seed: 1, RestoreTime: 25 * time.Minute, Now: func() time.Time { return d.now }, Faults: []drssim.Fault{{Kind: "job-failed", N: 5}},
	})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	d.receiver = withReceiver(t, d.stage)
	d.stage.env = append(d.stage.env, "HUAWEICLOUD_SDK_AK=", "HUAWEICLOUD_SDK_SK=", "MIGPLAN_AUTH_TOKEN=any", // a signature has the date of today
		"MIGPLAN_ENDPOINT="+server.URL, "MIGPLAN_LEDGER="+filepath.Join(d.stage.dir, "ledger"))
	return d
}

func (d *cronDay) sinceMidnight(all []time.Time) (since []time.Duration) {
	for _, at := range all {
		since = append(since, at.Sub(d.midnight))
	}
	return since
}

// run runs a command in this process at the time of the day.
func (d *cronDay) run(args ...string) (code int, stdout, stderr string) {
	d.Helper()
	var out, errs bytes.Buffer
	a, o := newApp(args, &out, &errs)
	a.now = func() time.Time { return d.now }
	a.env = func(name string) (string, bool) {
		for _, e := range slices.Backward(d.stage.env) { // the last one counts
			if is, ok := strings.CutPrefix(e, name+"="); ok {
				return is, true
			}
		}
		return "", false
	}
	code = a.run(o)
	return code, out.String(), errs.String()
}

// pass runs apply as cron does, and compares the metrics with what it did. It is
// long because it compares each output of the run.
func (d *cronDay) pass() {
	d.Helper()
	metrics := filepath.Join(d.stage.dir, "m.prom")
	code, stdout, stderr := d.run("apply", filepath.Join(d.stage.dir, "plan.yaml"), "--remind", "2h", "--metrics-file", metrics)
	d.runs++
	switch {
	case strings.Contains(stderr, "error: "):
		d.stops = append(d.stops, d.now)
	case stdout != "":
		d.changes = append(d.changes, d.now)
	}
	for _, got := range d.receiver.take() {
		if hook, ok := strings.CutPrefix(got, "/hook/"+canary+" "); ok {
			d.hooks = append(d.hooks, hook)
		}
	}
	if d.runs == 1 && code != 0 {
		d.Fatalf("the first run ends with %d: %s", code, stderr)
	}
	text, err := os.ReadFile(metrics)
	if err != nil {
		d.Fatal(err)
	}
	if code == d.code && stdout == "" && d.now.Minute() != d.midnight.Minute() {
		return // the same as in the run before
	}
	d.code = code
	state := d.state()
	succeeded := 0
	for _, st := range state.Steps {
		if st.State == ledger.StepSucceeded {
			succeeded++
		}
	}
	for _, want := range []string{
		fmt.Sprintf("migplan_run_exit_code %d\n", code), fmt.Sprintf("migplan_plan_steps_succeeded{plan=\"ims-prod\"} %d\n", succeeded),
		fmt.Sprintf("migplan_run_end_timestamp_seconds %v\n", float64(d.now.Unix())),
	} {
		if !strings.Contains(string(text), want) {
			d.Fatalf("after %d runs, exit code %d: no line %q in\n%s", d.runs, code, want, text)
		}
	}
	if stopped := strings.Contains(string(text), "migplan_plan_stop{"); stopped != (code != 0) {
		d.Fatalf("exit code %d, and the metrics have a stop: %v", code, stopped)
	}
}

// events are the plan's, from the ledger.
func (d *cronDay) events() []ledger.Event {
	d.Helper()
	l, err := ledger.OpenReader(filepath.Join(d.stage.dir, "ledger"))
	if err != nil {
		d.Fatal(err)
	}
	defer l.Close()
	opened, err := l.Opened(context.Background())
	if err != nil {
		d.Fatal(err)
	}
	events, err := l.Events(context.Background(), opened[0].Chain)
	if err != nil {
		d.Fatal(err)
	}
	return events
}

func (d *cronDay) state() *ledger.State {
	d.Helper()
	events := d.events()
	state, err := ledger.Fold(events[0].Chain, events)
	if err != nil {
		d.Fatal(err)
	}
	return state
}

// compareHooks: the ledger has one failure and one retry, and the webhook was told of
// each once. The first that was posted got no answer, so the next run posted it again.
func (d *cronDay) compareHooks() {
	d.Helper()
	var want []string
	for _, e := range d.events() {
		switch {
		case e.Kind == ledger.JobFailed:
			want = append(want, "blocked job-failed 4", "blocked job-failed 4")
		case e.Kind == ledger.Decision:
			want = append(want, "catching up job-running 0")
		}
	}
	if len(want) != 3 || strings.Join(d.hooks, ", ") != strings.Join(want, ", ") {
		d.Errorf("webhooks %q, want %q", d.hooks, want)
	}
}
