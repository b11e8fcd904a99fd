package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
)

// chainPlan is a full backup and three incrementals.
const chainPlan = `version: 1
name: ims-prod
target:
  region: ap-southeast-3
  project_id: "054ba152d480d55b2f5dc0069e7ddef0"
  instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"
source:
  obs:
    bucket: zyy-obs
    prefix: floder/
databases: [ims]
backups:
  - full: ims.bak
  - incremental: LOG/ims_log1.bak
  - incremental: LOG/ims_log2.bak
  - incremental: LOG/ims_log3.bak
`

// The fates of a run of the whole chain when a fault meets its second create,
// or a read before it.
const (
	finishes = 0  // whatever was accepted is found in the same run
	settles  = 75 // no job was made, which is not known yet
	refuses  = 77
)

// TestFaults runs the real command against a simulator with one fault each: no
// run and no later run makes a job twice, and from every end the plan finishes.
func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]int{
		"503-before-accept@2": settles, "502-before-accept@2": settles,
		"reset-before-accept@2": settles, "lost-before-accept@2": settles,
		"401@2": refuses, "429@2:retry-after=1": finishes,
		"reset-after-accept@2": finishes, "lost-after-accept@2": finishes,
		"500-after-accept@2": finishes, "503-after-accept@2": finishes, "504-after-accept@2": finishes,
		"truncated@2": finishes, "half-json@2": finishes, "no-job-id@2": finishes,
		"list-500@2": finishes, "list-lost@2": finishes, "show-500@2": finishes, "show-lost@3": finishes,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, fault)
			s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n"))
			s.apply(t, finishes)
			s.write(t, "plan.yaml", chainPlan)
			s.apply(t, want)
			switch want {
			case refuses: // one create only
				s.apply(t, finishes)
			case settles:
				s.apply(t, settles)
				s.migplan(t, 0, "resolve", "plan.yaml", "2", "--not-created", "--before-fence", "--reason", "seen in the server's log")
				s.apply(t, finishes)
			}
			if n := len(s.sim.Jobs()); n != 4 {
				t.Errorf("%d jobs in the end, want 4", n)
			}
		})
	}
}

// stage is a simulator, and a folder with a plan and a ledger.
type stage struct {
	sim *drssim.DRS
	dir string
	env []string
}

func newStage(t *testing.T, faults ...string) *stage {
	t.Helper()
	config := drssim.Config{Seed: 1, RestoreTime: 50 * time.Millisecond}
	for _, text := range faults {
		f, err := drssim.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		config.Faults = append(config.Faults, f)
	}
	sim := drssim.New(config)
	server := httptest.NewServer(sim)
	t.Cleanup(func() { sim.Close(); server.CloseClientConnections(); server.Close() })
	s := &stage{sim: sim, dir: t.TempDir()}
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/no-home", "TZ=UTC", "GORACE=atexit_sleep_ms=0",
		"HUAWEICLOUD_SDK_AK=ABCDEFGHIJKLMNOPQRST", "HUAWEICLOUD_SDK_SK=" + canary,
		"MIGPLAN_ENDPOINT=" + server.URL, "MIGPLAN_LEDGER=ledger",
	}
	return s
}

// canary is a secret that no output may show.
const canary = "canaryMNOPQRSTabcdefghijklmnopqrst0123456"

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// apply runs the plan to its end, and looks for jobs made twice.
func (s *stage) apply(t *testing.T, want int) {
	t.Helper()
	timeout := "60s"
	if want == settles {
		timeout = "3s"
	}
	s.migplan(t, want, "apply", "--wait", "--timeout", timeout, "plan.yaml")
	seen := map[string]string{}
	for _, j := range s.sim.Jobs() {
		if twin, twice := seen[j.Name]; twice {
			t.Fatalf("job %s was made twice: %s and %s", j.Name, twin, j.ID)
		}
		seen[j.Name] = j.ID
	}
}

// migplan runs the command and wants this exit code.
func (s *stage) migplan(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command("migplan", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, &out, &errs
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("migplan %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errs.String())
	}
	if strings.Contains(fmt.Sprint(out.String(), errs.String()), canary) {
		t.Errorf("migplan %s shows a secret", strings.Join(args, " "))
	}
	return out.String(), errs.String()
}
