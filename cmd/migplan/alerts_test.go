package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/alerts"
	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/internal/view"
)

// TestPingsAndWebhooksTellTheEndOfEachRun is long because it is one scenario, step
// by step.
func TestPingsAndWebhooksTellTheEndOfEachRun(t *testing.T) {
	t.Parallel()
	s := newStage(t, "job-failed@1")
	r := withReceiver(t, s)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	check := func(when string, want ...string) {
		t.Helper()
		for i, w := range want {
			kind, rest, _ := strings.Cut(w, "/")
			want[i] = "/" + kind + "/" + canary + rest
		}
		got := r.take()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", when, got, want)
		}
	}
	s.applies(t, 0)
	check("a plan that begins well is no news", "ping//start", "ping//0")
	waitForEnd(t, s)
	s.applies(t, 4)
	check("a job failed", "ping//start", "ping//4", "hook/ blocked job-failed 4")
	s.applies(t, 4)
	check("the same stop", "ping//start", "ping//4")
	if _, said := s.migplan(t, 4, "status", "plan.yaml"); !strings.Contains(said, "2 passes since") {
		t.Errorf("a pass is recorded once more when the webhook was told, and must count once: %s", said)
	}
	s.migplan(t, 0, "retry", "plan.yaml", "1", "--reason", "again")
	r.answer(http.StatusInternalServerError)
	_, stderr := s.applies(t, 0)
	check("the stop is over, and nobody listens", "ping//start", "ping//0", "hook/ seeding job-running 0")
	if !strings.Contains(stderr, "answered with status 500") {
		t.Errorf("no warning in %q", stderr)
	}
	r.answer(0)
	waitForEnd(t, s)
	s.applies(t, 0)
	check("what was not delivered comes with the next pass", "ping//start", "ping//0", "hook/ waiting for the next backup next-backup 0")
	s.applies(t, 0)
	check("nothing changed", "ping//start", "ping//0")
	s.migplan(t, 0, "plan", "plan.yaml")
	s.migplan(t, 0, "apply", "--dry-run", "plan.yaml")
	check("a dry run tells nobody")
}

// docs/alerts.md shows what the webhook receives, with line breaks; -update writes it.
func TestAlertsDocShowsARealWebhook(t *testing.T) {
	t.Parallel()
	s := newStage(t, "job-failed@2:Failed to obtain the restoration file information.")
	r := withReceiver(t, s)
	s.write(t, "plan.yaml", imsPlan(oneLog))
	s.applies(t, 4, "--wait", "--timeout", "60s")
	strict(t, "webhook", string(r.last), &alerts.WebhookBody{})
	var b bytes.Buffer
	if err := json.Indent(&b, r.last, "", "  "); err != nil {
		t.Fatal(err)
	}
	page := shows(t, readPage(t, alertsDoc), "webhook", "\n```json\n"+alike(s, b.String())+"\n```\n")
	if *update {
		if err := os.WriteFile(alertsDoc, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// waitForEnd waits until no job of the stage runs.
func waitForEnd(t *testing.T, s *stage) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for slices.ContainsFunc(s.sim.Jobs(), func(j drssim.Job) bool { return j.Status != "SUCCESS" && j.Status != "FAILED" }) {
		if time.Now().After(deadline) {
			t.Fatal("a job does not end")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestAlertsThatCannotBeSentDoNotFailAPass(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	s.env = append(s.env, "MIGPLAN_PING_URL="+canary, "MIGPLAN_WEBHOOK_URL_FILE=absent")
	_, stderr := s.applies(t, 0, "--metrics-file", "absent/migplan.prom")
	for _, want := range []string{"MIGPLAN_PING_URL", "MIGPLAN_WEBHOOK_URL_FILE", "absent/migplan.prom"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no warning about %s in %q", want, stderr)
		}
	}
	if jobs := s.sim.Jobs(); len(jobs) != 1 {
		t.Errorf("%d jobs, want 1", len(jobs))
	}
}

func TestMetricsFileHoldsThePlansOfACall(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	s.write(t, "broken.yaml", "version: 1\n")
	s.migplan(t, 3, "apply", "plan.yaml", "broken.yaml", "--metrics-file", "m.prom")
	text, err := os.ReadFile(filepath.Join(s.dir, "m.prom"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"migplan_run_exit_code 3", `migplan_plan_exit_code{plan="ims-prod"} 0`, `migplan_plan_exit_code{plan="broken.yaml"} 3`,
		`migplan_plan_state{plan="ims-prod",state="seeding"} 1`, `migplan_plan_running_since_timestamp_seconds{plan="ims-prod"} `,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// A query must see each state that status can show.
func TestMetricsKnowEveryState(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.prom")
	if err := alerts.WriteMetrics(file, alerts.Run{}, []alerts.Plan{{Name: "p", State: "none"}}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range view.States() {
		if want := `migplan_plan_state{plan="p",state="` + state + `"} 0`; !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestReminderPrintsAnUnchangedStopOnlyWhenDue(t *testing.T) {
	t.Parallel()
	s := newStage(t, "job-failed@1")
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	s.applies(t, 0)
	waitForEnd(t, s)
	for i, c := range []struct {
		flags []string
		says  bool
	}{
		{[]string{"--remind", "6h"}, true},
		{[]string{"--remind", "6h"}, false},
		{nil, true},
		{[]string{"--remind", "1ns"}, true},
		{[]string{"--remind", "6h"}, false},
	} {
		if _, stderr := s.applies(t, 4, c.flags...); (stderr != "") != c.says {
			t.Errorf("pass %d, %v: printed %q", i+1, c.flags, stderr)
		}
	}
	s.migplan(t, 0, "hold", "plan.yaml", "--reason", "no")
	s.migplan(t, 0, "release", "plan.yaml", "--reason", "yes")
	if _, stderr := s.applies(t, 4, "--remind", "6h"); stderr != "" {
		t.Errorf("the same stop after a hold: printed %q", stderr)
	}
	s.migplan(t, 64, "apply", "plan.yaml", "--remind", "-1h")
}

func TestReminderNeverHidesANewStop(t *testing.T) {
	t.Parallel()
	s := newStage(t, "job-failed@1:no space left", "job-failed@2:the log chain is broken")
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	for _, want := range []string{"no space left", "the log chain is broken"} {
		if _, stderr := s.applies(t, 4, "--wait", "--remind", "6h"); !strings.Contains(stderr, want) {
			t.Errorf("no %q in %q", want, stderr)
		}
		s.migplan(t, 0, "retry", "plan.yaml", "1", "--reason", "again")
	}
}

func TestMetricsFileReplacesNothingElse(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	s.write(t, "bad\xff.yaml", "version: 1\n")
	_, stderr := s.migplan(t, 64, "apply", "--metrics-file", "plan.yaml", "bad\xff.yaml")
	if !strings.Contains(stderr, ".prom") {
		t.Errorf("printed %q", stderr)
	}
	s.migplan(t, 0, "validate", "plan.yaml")
	s.migplan(t, 3, "apply", "plan.yaml", "bad\xff.yaml", "--metrics-file", "m.prom")
	text, err := os.ReadFile(filepath.Join(s.dir, "m.prom"))
	if err != nil || !strings.Contains(string(text), "migplan_run_exit_code 3") {
		t.Errorf("metrics %q, %v", text, err)
	}
}

func TestPingTellsTheExitCodeOfTheProcess(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := withReceiver(t, s)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	writeFile(t, filepath.Join(s.dir, "sub/plan.yaml"), imsPlan("  - full: ims.bak\n"))
	writeFile(t, filepath.Join(s.dir, "ledger/ledger.db"), "no database")
	s.migplan(t, 1, "apply", ".", "--metrics-file", "m.prom")
	if err := os.RemoveAll(filepath.Join(s.dir, "ledger")); err != nil {
		t.Fatal(err)
	}
	s.migplan(t, 64, "apply", ".", "--timeout", "-1s")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	defer full.Close()
	cmd := exec.Command("migplan", "apply", "plan.yaml", "-o", "json")
	cmd.Dir, cmd.Env, cmd.Stdout = s.dir, s.env, full
	if _ = cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit code %d, want 1", cmd.ProcessState.ExitCode())
	}
	var ends []string
	for _, got := range r.take() {
		if path, isPing := strings.CutPrefix(got, "/ping/"+canary+"/"); isPing && path != "start" {
			ends = append(ends, path)
		}
	}
	if strings.Join(ends, " ") != "1 64 1" {
		t.Errorf("pinged %q", ends)
	}
}

func TestStatusOfUnreadableLastPassIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
	if err := os.MkdirAll(filepath.Join(s.dir, "ledger/passes.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(s.dir, "ledger"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.migplan(t, 0, "apply", "plan.yaml")
	s.migplan(t, 1, "status", "plan.yaml")
	s.migplan(t, 0, "plan", "plan.yaml")
}

func TestWebhookIsToldOfInvalidPlans(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	r := withReceiver(t, s)
	valid := imsPlan("  - full: ims.bak\n")
	hooks := func(when, want string) {
		t.Helper()
		got := slices.DeleteFunc(r.take(), func(what string) bool { return strings.HasPrefix(what, "/ping/") })
		if text := strings.ReplaceAll(strings.Join(got, ", "), "/hook/"+canary+" ", ""); text != want {
			t.Errorf("%s: posted %q, want %q", when, text, want)
		}
	}
	s.write(t, "plan.yaml", "version: 1\n")
	s.applies(t, 3)
	hooks("without a ledger", "")
	s.write(t, "plan.yaml", valid)
	s.applies(t, 0)
	waitForEnd(t, s)
	hooks("a plan that begins well", "")
	s.write(t, "plan.yaml", "version: 1\n")
	r.answer(http.StatusInternalServerError)
	s.applies(t, 3)
	hooks("it is not valid any more, and nobody listens", "blocked plan-invalid 3")
	r.answer(0)
	s.applies(t, 3)
	hooks("the next pass tells it", "blocked plan-invalid 3")
	s.applies(t, 3)
	hooks("still not valid", "")
	s.write(t, "plan.yaml", valid)
	s.applies(t, 0)
	hooks("it is valid again", "waiting for the next backup next-backup 0")
	s.applies(t, 0)
	hooks("it stays valid", "")
	s.write(t, "plan.yaml", "version: 1\n")
	s.write(t, "other.yaml", strings.Replace(strings.Replace(valid, "ims-prod", "crm-prod", 1), "[ims]", "[crm]", 1))
	s.applies(t, 3, "other.yaml")
	hooks("beside a valid one", "blocked plan-invalid 3")
}
