package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// rereader is a run whose plan file a test changes while the run waits; its
// clock moves only when the run sleeps.
type rereader struct {
	a              *app
	run            *planRun
	file           string
	stdout, stderr bytes.Buffer
	slept          time.Duration
	during         map[time.Duration]string // what is written after so much sleep; "" removes the file
}

func newRereader(t *testing.T, text string) *rereader {
	r := &rereader{file: filepath.Join(t.TempDir(), "plan.yaml"), during: map[time.Duration]string{}}
	r.write(t, text)
	v := loadPlan(r.file)
	r.run = &planRun{Migration: v, runner: &executor.Runner{Plan: v.Plan}}
	r.run.now.Store(v.Plan)
	r.a = &app{stdout: &r.stdout, stderr: newMessages(&r.stderr), now: time.Now, sleep: func(ctx context.Context, d time.Duration) bool {
		r.slept += d
		if text, ok := r.during[r.slept]; ok {
			r.write(t, text)
		}
		return ctx.Err() == nil
	}}
	return r
}

func (r *rereader) write(t *testing.T, text string) {
	t.Helper()
	err := os.Remove(r.file)
	if text != "" {
		err = os.WriteFile(r.file, []byte(text), 0o600)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func (r *rereader) reread(ctx context.Context, others ...*planRun) *executor.Stop {
	return r.a.reread(ctx, r.run, append(others, r.run), applyOptions{planOptions: planOptions{output: "text"}})
}

// TestReread is long because it contains a table.
func TestReread(t *testing.T) {
	const half = 500 * time.Millisecond
	one, two := imsPlan(fullOnly), imsPlan(oneLog)
	replace := func(old, new string) string { return strings.Replace(one, old, new, 1) }
	for name, c := range map[string]struct {
		now     string // what the file holds when the pass begins; "" for no file
		during  map[time.Duration]string
		class   executor.Class
		reason  executor.Reason
		detail  string
		differs *executor.Difference
		steps   int
		slept   time.Duration
	}{
		"as it was":            {now: one, steps: 1},
		"a log added":          {now: two, steps: 2},
		"a comment added":      {now: one + "# night shift\n", steps: 1},
		"missing for a moment": {during: map[time.Duration]string{half: one}, steps: 1, slept: half},
		"missing, then longer": {during: map[time.Duration]string{half: two}, steps: 2, slept: half},
		"half written":         {now: one[:len(one)/2], during: map[time.Duration]string{half: two}, steps: 2, slept: half},
		"half written, then missing": {now: one[:len(one)/2], during: map[time.Duration]string{half: "", 2 * half: two},
			steps: 2, slept: 2 * half},
		"whole in the last moment": {during: map[time.Duration]string{rereadFor: two}, steps: 2, slept: rereadFor},
		"missing":                  {class: executor.Invalid, reason: executor.PlanInvalid, detail: "the file cannot be read: no such file or directory", steps: 1, slept: rereadFor},
		"invalid":                  {now: one + "nonsense: 1\n", class: executor.Invalid, reason: executor.PlanInvalid, detail: `unknown key "nonsense"`, steps: 1, slept: rereadFor},
		"empty":                    {now: "\n", class: executor.Invalid, reason: executor.PlanInvalid, detail: "the file contains no plan", steps: 1, slept: rereadFor},
		"another name":             {now: replace("ims-prod", "ims-test"), class: executor.Conflict, reason: executor.PlanReplaced, differs: &executor.Difference{Value: executor.ValueName, Want: "ims-prod", Got: "ims-test"}, steps: 1},
		"another generation":       {now: replace("target:", "generation: 2\ntarget:"), class: executor.Conflict, reason: executor.PlanReplaced, differs: &executor.Difference{Value: executor.ValueGeneration, Want: "1", Got: "2"}, steps: 1},
		"another region":           {now: replace("ap-southeast-3", "ap-southeast-1"), class: executor.Conflict, reason: executor.PlanReplaced, differs: &executor.Difference{Value: executor.ValueRegion, Want: "ap-southeast-3", Got: "ap-southeast-1"}, steps: 1},
		"another project": {now: replace("054ba152", "154ba152"), class: executor.Conflict, reason: executor.PlanReplaced,
			differs: &executor.Difference{Value: executor.ValueProject, Want: "054ba152d480d55b2f5dc0069e7ddef0", Got: "154ba152d480d55b2f5dc0069e7ddef0"}, steps: 1},
		"another instance": {now: replace("0a318260", "1a318260"), class: executor.Conflict, reason: executor.PlanReplaced,
			differs: &executor.Difference{Value: executor.ValueTargetInstance, Want: "0a3182607bc549bcb46cc9a8755761a6in04", Got: "1a3182607bc549bcb46cc9a8755761a6in04"}, steps: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRereader(t, one)
			r.write(t, c.now)
			r.during = c.during
			s := r.reread(context.Background())
			if s == nil {
				s = &executor.Stop{}
			}
			if s.Class() != cmp.Or(c.class, executor.OK) || s.Reason != c.reason || s.Detail != c.detail || !reflect.DeepEqual(s.Differs, c.differs) {
				t.Errorf("stop %+v, want %s %s %q", s, c.class, c.reason, c.detail)
			}
			if len(r.run.Plan.Steps) != c.steps || len(r.run.runner.Plan.Steps) != c.steps || r.run.runner.Plan != r.run.Plan || r.slept != c.slept {
				t.Errorf("%d steps, %d of the runner, slept %s", len(r.run.Plan.Steps), len(r.run.runner.Plan.Steps), r.slept)
			}
		})
	}
}

// What a changed file warns of is said once, and an unchanged file says nothing.
func TestRereadSaysWarningsOnce(t *testing.T) {
	odd := strings.Replace(imsPlan(fullOnly), "ims.bak", "ims.dat", 1)
	r := newRereader(t, imsPlan(fullOnly))
	for _, text := range []string{odd, odd, odd + "# a comment\n"} {
		r.write(t, text)
		if s := r.reread(context.Background()); s != nil {
			t.Fatalf("%+v", s)
		}
	}
	if err := r.a.stderr.close(time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(r.stderr.String(), "bak-suffix"); n != 1 {
		t.Errorf("the warning is said %d times:\n%s", n, r.stderr.String())
	}
	if n := strings.Count(r.stdout.String(), "the plan file was changed; going on with 1 step\n"); n != 2 {
		t.Errorf("two changes are said %d times:\n%s", n, r.stdout.String())
	}
}

// A signal ends the wait for the file; the pass says so and sends nothing.
func TestRereadEndsWithTheRun(t *testing.T) {
	r := newRereader(t, imsPlan(fullOnly))
	r.write(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if s := r.reread(ctx); s != nil || r.slept != rereadPause {
		t.Errorf("%+v after %s", s, r.slept)
	}
}

// A change that gives two plans of one call the same database is refused as at
// the start of the run.
func TestRereadChecksPlansTogether(t *testing.T) {
	crm := strings.NewReplacer("ims-prod", "crm-prod", "[ims]", "[crm]").Replace(imsPlan(fullOnly))
	r, other := newRereader(t, crm), newRereader(t, imsPlan(fullOnly))
	r.write(t, strings.Replace(crm, "[crm]", "[ims]", 1))
	if s := r.reread(context.Background(), other.run); s == nil || s.Reason != executor.PlanInvalid {
		t.Errorf("%+v", s)
	}
	if r.run.Plan.Databases.Names[0] != "crm" {
		t.Errorf("the run goes on with the changed plan")
	}
}

// A file that changes during every pass does not keep a run going.
func TestPassesOfAPlanThatKeepsChanging(t *testing.T) {
	r := newRereader(t, imsPlan(fullOnly))
	asked := 0
	r.run.runner.Ledger, r.run.runner.Jobs, r.run.runner.Run = ledger.OpenMemory(), nothingListed{}, "run"
	r.run.runner.Unchanged = func() error { asked++; return errors.New("it changed") }
	got := r.a.passOverPlan(context.Background(), r.run, []*planRun{r.run}, applyOptions{})
	if got.Reason != executor.PlanChanged || got.Class() != executor.TryAgain || asked != maxChanges {
		t.Errorf("%+v after %d passes", got, asked)
	}
	if e := r.run.Explain(); e.What != "the plan file was changed during each pass: it changed" || e.Known != "nothing more was sent" {
		t.Errorf("%+v", e)
	}
}

// nothingListed is a target without jobs. A create would panic.
type nothingListed struct{ executor.Jobs }

func (nothingListed) ListReplicationJobs(context.Context, string) (drs.Listing, error) {
	return drs.Listing{Complete: true}, nil
}
