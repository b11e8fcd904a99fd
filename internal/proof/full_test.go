//go:build linux && amd64

package proof_test

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

// sick is a way in which a disk fails.
type sick struct {
	errno syscall.Errno
	on    bool // from the point on, until the process ends; otherwise once
}

func (s sick) String() string {
	if s.on {
		return "from here on " + s.errno.Error()
	}
	return "once " + s.errno.Error()
}

// outcomes counts the passes in which the disk failed, by exit code and by
// what had become of the create.
type outcomes map[string]int

// A disk that is full or fails at any call: no create leaves before its intent
// is in the ledger, nothing is lost after, and the message says what to do.
func TestDiskFailsEverywhere(t *testing.T) {
	points := slices.DeleteFunc(survey(t, withKeys), func(p point) bool { return p.path == "socket" })
	for _, s := range []sick{{syscall.ENOSPC, true}, {syscall.EIO, false}} {
		t.Run(s.String(), func(t *testing.T) {
			ta, codes := newTally(points), outcomes{}
			t.Run("at", func(t *testing.T) {
				for _, p := range sample(points, rates{1, 40, 15}) {
					ta.chosen[kind(p)]++
					t.Run(fmt.Sprintf("%d %s", p.n, kind(p)), func(t *testing.T) {
						t.Parallel()
						failOnce(t, p, s, ta, codes)
					})
				}
			})
			t.Logf("\n%s%d failures, %d jobs, doubts %v\nend of the pass: %v", ta.table(), ta.kills, ta.jobs, ta.settled, codes)
		})
	}
}

func failOnce(t *testing.T, p point, s sick, ta *tally, codes outcomes) {
	w := newWorld(t, withKeys)
	before, r := w.failAt(p, s)
	what := w.failedWell(before, r)
	ta.finish(w, p, true)
	ta.mu.Lock()
	defer ta.mu.Unlock()
	codes[fmt.Sprintf("%d, %s", r.code, what)]++
}

// failAt runs passes until the point is reached and the disk fails there. It
// returns how many jobs there were before that pass, and the pass.
func (w *world) failAt(p point, s sick) (jobs int, r ran) {
	n := 0
	for range 6 {
		jobs = len(w.sim.Jobs())
		hit := false
		r = traced(w.t, w.env, w.folder, func(c call) fate {
			n++
			if n < p.n || n > p.n && !s.on || c.path == "socket" {
				return fate{}
			}
			hit = true
			return fate{errno: s.errno}
		}, w.apply()...)
		if hit {
			return jobs, r
		}
	}
	w.t.Fatal("the point was not reached")
	return 0, r
}

// failedWell holds the end of a pass whose disk failed against the contract
// and says what became of the create.
func (w *world) failedWell(before int, r ran) string {
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
	if w.doubtful() > 0 {
		return "intended and not sent"
	}
	return "not sent"
}

// The same by a limit on the size of files, which the kernel enforces, from
// the start of each of the passes.
func TestLimitOnFiles(t *testing.T) {
	codes, ta := outcomes{}, newTally(nil)
	for before := range 4 {
		for _, blocks := range []int{1, 9, 26, 33} { // of 512 bytes: less than a page, a journal, the ledger
			t.Run(fmt.Sprintf("%d blocks after %d passes", blocks, before), func(t *testing.T) {
				w := newWorld(t, withKeys)
				w.passes(before)
				made := len(w.sim.Jobs())
				limit := []string{"sh", "-c", fmt.Sprintf(`ulimit -f %d && exec "$@"`, blocks), "sh"}
				r := execute(t, w.env, append(limit, w.apply()...)...)
				codes[fmt.Sprintf("%d, %s", r.code, w.failedWell(made, r))]++
				ta.finish(w, point{call: call{"limit", "at the start"}}, r.code != 0)
			})
		}
	}
	t.Logf("%d limits, %d jobs, doubts %v, ends of passes %v", ta.kills, ta.jobs, ta.settled, codes)
}

// The disk fills up while the server answers: at each request of each pass.
func TestDiskFillsMeanwhile(t *testing.T) {
	codes, ta := outcomes{}, newTally(nil)
	for _, at := range []struct{ before, requests int }{{0, 3}, {1, 4}, {2, 4}, {3, 1}} {
		for n := 1; n <= at.requests; n++ {
			t.Run(fmt.Sprintf("request %d after %d passes", n, at.before), func(t *testing.T) {
				w := newWorld(t, withKeys)
				w.passes(at.before)
				made := len(w.sim.Jobs())
				r := w.fullAt(n)
				codes[fmt.Sprintf("%d, %s", r.code, w.failedWell(made, r))]++
				ta.finish(w, point{call: call{"limit", "meanwhile"}}, r.code != 0)
			})
		}
	}
	t.Logf("%d limits, %d jobs, doubts %v, ends of passes %v", ta.kills, ta.jobs, ta.settled, codes)
	if codes["75, sent and not recorded"] != 3 || codes["1, not sent"] != 6 {
		t.Error("want 3 creates taken that could not be recorded, and 6 passes that could not write before one")
	}
}

// passes makes passes that go well.
func (w *world) passes(n int) {
	w.t.Helper()
	for range n {
		if r := w.pass(); r.code != 0 {
			w.t.Fatal(r)
		}
	}
}

// fullAt makes a pass that may write no file from its n-th request on.
func (w *world) fullAt(n int) ran {
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

// finish lets a plan end and adds what happened to the tally.
func (ta *tally) finish(w *world, p point, hit bool) {
	w.t.Helper()
	asked := w.finish()
	w.judge()
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
