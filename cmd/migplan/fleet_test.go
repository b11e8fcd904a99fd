package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/executor"
)

// caller calls commands in this process, so that the race detector sees them.
type caller struct {
	sim    *drssim.DRS
	dir    string
	env    map[string]string
	opened *atomic.Int64 // connections to DRS
}

func newCaller(t *testing.T, config drssim.Config) *caller {
	sim := drssim.New(config)
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(sim)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(func() { sim.Close(); server.CloseClientConnections(); server.Close() })
	dir := t.TempDir()
	return &caller{sim, dir, map[string]string{
		"MIGPLAN_AUTH_TOKEN": "any", "MIGPLAN_ENDPOINT": server.URL, "MIGPLAN_LEDGER": filepath.Join(dir, "ledger"),
	}, &opened}
}

// write makes a plan of its own database with this many log backups.
func (c *caller) write(t *testing.T, i int, instance string, logs int) {
	t.Helper()
	text := fmt.Sprintf(`version: 1
name: plan-%03d
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: %q}
source: {obs: {bucket: zyy-obs}}
databases: [db%03d]
backups:
  - full: db%03d.bak
`, i, instance, i, i)
	for n := range logs {
		text += fmt.Sprintf("  - incremental: db%03d_log%d.bak\n", i, n+1)
	}
	if err := os.MkdirAll(filepath.Join(c.dir, "plans"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.dir, "plans", fmt.Sprintf("%03d.yaml", i)), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// call runs a command line.
func (c *caller) call(t *testing.T, args ...string) (class executor.Class, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a, _ := newApp(args, &out, &errs)
	a.env = func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }
	root := a.root()
	root.SetArgs(args)
	class = a.class(root.ExecuteContext(context.Background()))
	if err := a.stderr.close(time.Minute); err != nil {
		t.Fatal(err)
	}
	return class, out.String(), errs.String()
}

// Fifty plans on eight instances, eight passes at once: one job at a time on an
// instance, the plans begun in order, each step once.
func TestFleetRunsOneJobAtATimeOnEachInstance(t *testing.T) {
	t.Parallel()
	const plans, instances, logs = 50, 8, 1
	c := newCaller(t, drssim.Config{Seed: 1, RestoreTime: 5 * time.Millisecond, OneAtATime: true})
	for i := range plans {
		c.write(t, i, fmt.Sprintf("%031dain04", i*i%instances), logs)
	}
	class, _, stderr := c.call(t, "apply", "--wait", "--timeout", "5m", filepath.Join(c.dir, "plans"))
	if class != executor.OK || strings.Contains(stderr, "error") {
		t.Errorf("%s\n%s", class, stderr)
	}
	jobs := c.sim.Jobs()
	if len(jobs) != plans*(logs+1) {
		t.Errorf("%d jobs, want %d", len(jobs), plans*(logs+1))
	}
	last, begun, seen := map[string]drssim.Job{}, map[string]string{}, map[string]bool{}
	for _, j := range jobs {
		if before, ok := last[j.Instance]; ok && before.Finished.After(j.Created) {
			t.Errorf("%s from %s, but %s until %s", j.Name, j.Created, before.Name, before.Finished)
		}
		if seen[j.Name] || j.Status != drssim.Success {
			t.Errorf("job %s: again %t, %s", j.Name, seen[j.Name], j.Status)
		}
		if isFirst := j.Name[9:12] == "001"; isFirst {
			if j.Name < begun[j.Instance] {
				t.Errorf("%s began after %s", j.Name, begun[j.Instance])
			}
			begun[j.Instance] = j.Name
		}
		last[j.Instance], seen[j.Name] = j, true
	}
}

// What is printed does not depend on how many plans are worked on at once, and is in
// the order of the call.
func TestFleetPrintsInTheOrderOfTheCall(t *testing.T) {
	t.Parallel()
	var first string
	for _, parallel := range []string{"1", "8"} {
		c := newCaller(t, drssim.Config{Seed: 1, RestoreTime: time.Hour})
		for i := range 12 {
			c.write(t, i, fmt.Sprintf("%031dain04", i%5), 1)
		}
		c.sim.AddForeignJob(drssim.ForeignJob{Instance: fmt.Sprintf("%031dain04", 3), Databases: []string{"db003"}, Running: time.Hour})
		class, stdout, stderr := c.call(t, "apply", "--parallel", parallel, filepath.Join(c.dir, "plans"))
		if class != executor.Conflict {
			t.Errorf("%s\n%s%s", class, stdout, stderr)
		}
		got := strings.ReplaceAll(anyJob.ReplaceAllString(stdout+stderr, "JOB"), c.dir, "DIR")
		names := regexp.MustCompile(`(?m)^(?:error: )?(plan-\d+)`).FindAllStringSubmatch(stderr, -1)
		if !slices.IsSortedFunc(names, func(a, b []string) int { return strings.Compare(a[1], b[1]) }) || len(names) < 2 {
			t.Errorf("the stops are not in order:\n%s", stderr)
		}
		if first == "" {
			first = got
		} else if got != first {
			t.Errorf("--parallel %s:\n%s\nwith 1:\n%s", parallel, got, first)
		}
	}
}

// Plans that only wait for their jobs cost one list together, and a create still
// follows only on a look of its own. It is long because it is one scenario, step
// by step.
func TestFleetListsTheJobsThatItWaitsFor(t *testing.T) {
	t.Parallel()
	const plans = 12
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	c := newCaller(t, drssim.Config{Seed: 1, RestoreTime: time.Minute, Now: now})
	for i := range plans {
		c.write(t, i, fmt.Sprintf("%031dain04", i), 2)
	}
	// apply makes a pass over all plans and counts the requests.
	apply := func() (lists, shows, creates int) {
		before := len(c.sim.Requests())
		class, stdout, stderr := c.call(t, "apply", "--rate", "60000", filepath.Join(c.dir, "plans"))
		if class != executor.OK {
			t.Fatalf("%s\n%s%s", class, stdout, stderr)
		}
		for _, r := range c.sim.Requests()[before:] {
			switch r.Op {
			case "list":
				lists++
			case "show":
				shows++
			case "create":
				creates++
			}
		}
		return lists, shows, creates
	}
	apply()
	ahead.Add(int64(2 * time.Minute))
	apply()
	if lists, shows, creates := apply(); lists != 1 || shows != 0 || creates != 0 {
		t.Errorf("while all run: %d lists, %d shows, %d creates", lists, shows, creates)
	}
	ahead.Add(int64(2 * time.Minute))
	if lists, shows, creates := apply(); lists != 1+plans || shows != 2*plans || creates != plans {
		t.Errorf("when all have ended: %d lists, %d shows, %d creates", lists, shows, creates)
	}
	c.sim.Rename(c.sim.Jobs()[2*plans].ID, "by-hand")
	if lists, shows, _ := apply(); lists != 1 || shows != 1 {
		t.Errorf("after one was renamed: %d lists, %d shows", lists, shows)
	}
}

// Plans of one project log in once, however many passes are under way.
func TestFleetLogsInOnce(t *testing.T) {
	t.Parallel()
	c := newCaller(t, drssim.Config{Seed: 1, RestoreTime: time.Hour})
	var asked atomic.Int64
	iam := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", fmt.Sprintf("token%d", asked.Add(1)))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token":{"expires_at":%q}}`, time.Now().Add(24*time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z"))
	}))
	t.Cleanup(iam.Close)
	delete(c.env, "MIGPLAN_AUTH_TOKEN")
	c.env["HW_USER_NAME"], c.env["HW_USER_PASSWORD"], c.env["HW_DOMAIN_NAME"], c.env["HW_AUTH_URL"] = "ann", canary, "corp", iam.URL
	c.applyEach(t, 12, 3)
	if n := asked.Load(); n != 1 {
		t.Errorf("IAM was asked %d times, want 1", n)
	}
}

// All plans read over one connection, and each create has its own. With several
// passes at once there is no such number: net/http opens a connection for each read
// that finds none free, also where one becomes free before the new one is there.
func TestFleetReadsOverOneConnection(t *testing.T) {
	t.Parallel()
	const plans = 12
	c := newCaller(t, drssim.Config{Seed: 1, RestoreTime: time.Hour})
	c.applyEach(t, plans, 1)
	if n := c.opened.Load(); n != plans+1 {
		t.Errorf("%d connections for %d creates, want one more", n, plans)
	}
}

// applyEach makes one pass over plans on an instance each, which creates a job for
// each of them.
func (c *caller) applyEach(t *testing.T, plans, parallel int) {
	t.Helper()
	for i := range plans {
		c.write(t, i, fmt.Sprintf("%031dain04", i), 0)
	}
	class, _, stderr := c.call(t, "apply", "--parallel", fmt.Sprint(parallel), filepath.Join(c.dir, "plans"))
	if class != executor.OK || len(c.sim.Jobs()) != plans {
		t.Fatalf("%s, %d jobs\n%s", class, len(c.sim.Jobs()), stderr)
	}
}

var anyJob = regexp.MustCompile(`job [0-9a-z-]{30,}`)
