//go:build linux && amd64

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/migplan/migplan/pkg/ledger"
)

// diskFailure is a way in which a disk fails.
type diskFailure struct {
	errno syscall.Errno
	on    bool // at every call from the point on; otherwise at one call
}

func (s diskFailure) String() string {
	if s.on {
		return "from here on " + s.errno.Error()
	}
	return "once " + s.errno.Error()
}

// outcomes counts the passes in which the disk failed, by exit code and by
// what happened to the create.
type outcomes map[string]int

// If the disk is full or fails at any call, no create is sent before its intent
// is in the ledger, no job is lost, and the message says what to do.
func TestDiskFailureAtAnyCallMakesOneJobPerStep(t *testing.T) {
	points := slices.DeleteFunc(allPoints(t, withKeys), func(p point) bool { return p.path == "socket" })
	from := newStage(t, withKeys)
	for _, s := range []diskFailure{{syscall.ENOSPC, true}, {syscall.EIO, false}} {
		t.Run(s.String(), func(t *testing.T) {
			ta, codes := newTally(points), outcomes{}
			t.Run("at", func(t *testing.T) {
				for _, p := range sample(points, rates{1, 80, 30}) {
					ta.chosen[kind(p)]++
					t.Run(p.title(), func(t *testing.T) {
						t.Parallel()
						failOnce(t, from, p, s, ta, codes)
					})
				}
			})
			t.Logf("\n%s%d failures, %d jobs, doubts %v\nend of the pass: %v", ta.table(), ta.kills, ta.jobs, ta.settled, codes)
		})
	}
}

func failOnce(t *testing.T, from *stage, p point, s diskFailure, ta *tally, codes outcomes) {
	w := from.before(t, p.pass)
	before, r := w.failAt(p, s)
	what := w.checkFailure(before, r)
	ta.finish(w, p, true)
	ta.mu.Lock()
	defer ta.mu.Unlock()
	codes[fmt.Sprintf("%d, %s", r.code, what)]++
}

// failAt runs the pass in which the disk fails at the point. It returns how many
// jobs there were before, and the pass.
func (w *workspace) failAt(p point, failure diskFailure) (jobs int, r result) {
	w.t.Helper()
	jobs = len(w.sim.Jobs())
	n, hit := 0, false
	r = traced(w.t, w.env, w.folder, func(c call) action {
		n++
		if n < p.n || n > p.n && !failure.on || c.path == "socket" {
			return action{}
		}
		hit = true
		return action{errno: failure.errno}
	}, w.apply()...)
	if !hit {
		w.t.Fatal("the point was not reached")
	}
	return jobs, r
}

// checkFailure checks the exit code and the message of a pass whose disk failed,
// and returns what happened to the create.
func (w *workspace) checkFailure(before int, r result) string {
	w.t.Helper()
	sent := len(w.sim.Jobs()) > before
	recorded := len(w.state().StepOfJob) == len(w.sim.Jobs())
	switch {
	case r.code == 0:
	case r.code != 1 && r.code != 75:
		w.t.Errorf("a failing disk is neither 1 nor 75: %v", r)
	case !strings.Contains(r.stderr, "disk") && !strings.Contains(r.stderr, "space"):
		w.t.Errorf("the message does not say what to do: %v", r)
	}
	switch {
	case sent && !recorded:
		jobs := w.sim.Jobs()
		if id := jobs[len(jobs)-1].ID; r.code != 75 || !strings.Contains(r.stderr, id) {
			w.t.Errorf("job %s was made and could not be recorded: want 75 and its id: %v", id, r)
		}
		return "sent and not recorded"
	case sent:
		return "sent and recorded"
	}
	if w.stepInDoubt() > 0 {
		return "intended and not sent"
	}
	return "not sent"
}

// The same with a limit on the size of files, which the kernel enforces from
// the start of a pass.
func TestFileSizeLimitMakesOneJobPerStep(t *testing.T) {
	codes, ta := outcomes{}, newTally(nil)
	for before := range 4 {
		for _, blocks := range []int{1, 9, 26, 33} { // of 512 bytes: less than a page, a journal, the ledger
			t.Run(fmt.Sprintf("%d blocks after %d passes", blocks, before), func(t *testing.T) {
				w := newWorkspace(t, withKeys)
				w.passes(before)
				made := len(w.sim.Jobs())
				limit := []string{"sh", "-c", fmt.Sprintf(`ulimit -f %d && exec "$@"`, blocks), "sh"}
				r := execute(t, w.env, append(limit, w.apply()...)...)
				codes[fmt.Sprintf("%d, %s", r.code, w.checkFailure(made, r))]++
				ta.finish(w, point{call: call{"limit", "at the start"}}, r.code != 0)
			})
		}
	}
	t.Logf("%d limits, %d jobs, doubts %v, ends of passes %v", ta.kills, ta.jobs, ta.settled, codes)
}

// The disk becomes full during a request: each request of each pass.
func TestDiskFullDuringRequestMakesOneJobPerStep(t *testing.T) {
	codes, ta := outcomes{}, newTally(nil)
	for _, at := range []struct{ before, requests int }{{0, 3}, {1, 4}, {2, 4}, {3, 1}} {
		for n := 1; n <= at.requests; n++ {
			t.Run(fmt.Sprintf("request %d after %d passes", n, at.before), func(t *testing.T) {
				w := newWorkspace(t, withKeys)
				w.passes(at.before)
				made := len(w.sim.Jobs())
				r := w.fullAt(n)
				codes[fmt.Sprintf("%d, %s", r.code, w.checkFailure(made, r))]++
				ta.finish(w, point{call: call{"limit", "meanwhile"}}, r.code != 0)
			})
		}
	}
	t.Logf("%d limits, %d jobs, doubts %v, ends of passes %v", ta.kills, ta.jobs, ta.settled, codes)
	if codes["75, sent and not recorded"] != 3 || codes["1, not sent"] != 6 {
		t.Error("want 3 creates taken that could not be recorded, and 6 passes that could not write before one")
	}
}

// passes runs n passes that must succeed.
func (w *workspace) passes(n int) {
	w.t.Helper()
	for range n {
		if r := w.pass(); r.code != 0 {
			w.t.Fatal(r)
		}
	}
}

// fullAt runs a pass that cannot write to any file from its n-th request on.
func (w *workspace) fullAt(n int) result {
	w.t.Helper()
	pid := make(chan int, 1)
	var requests atomic.Int32
	w.beforeEach(func() {
		if requests.Add(1) == int32(n) {
			if err := unix.Prlimit(<-pid, unix.RLIMIT_FSIZE, &unix.Rlimit{}, nil); err != nil {
				w.t.Error(err)
			}
		}
	})
	defer w.beforeEach(func() {})
	return start(w.t, w.env, func(started int) { pid <- started }, w.apply()...)
}

// finish runs the plan to its end and adds the result to the tally.
func (ta *tally) finish(w *workspace, p point, hit bool) {
	w.t.Helper()
	asked := w.finish()
	w.checkJobs()
	ta.mu.Lock()
	defer ta.mu.Unlock()
	if hit {
		ta.hit[kind(p)]++
		ta.kills++
	}
	ta.jobs += len(w.sim.Jobs())
	ta.settled["by a person"] += asked
	for _, e := range w.events() {
		if e.Kind == ledger.Adopted || e.Kind == ledger.Absent {
			ta.settled[string(e.Kind)]++
		}
	}
}
