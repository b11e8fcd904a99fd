//go:build linux && amd64

package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// point is a watched call of one of a plan's passes.
type point struct {
	call
	pass  int // how many passes come before
	n     int // in its pass, from 1
	after bool
}

func (p point) title() string { return fmt.Sprintf("pass %d, call %d, %s", p.pass+1, p.n, kind(p)) }

// allPoints runs the whole plan undisturbed and returns its points.
func allPoints(t *testing.T, credential []string) []point {
	t.Helper()
	w := newWorkspace(t, credential)
	var points []point
	for pass := 0; !w.online(); pass++ {
		n := 0
		r := traced(t, w.env, w.folder, func(c call) action {
			n++
			points = append(points, point{call: c, pass: pass, n: n})
			return action{}
		}, w.apply()...)
		if r.code != 0 || pass > 3 {
			t.Fatalf("pass %d: %v", pass+1, r)
		}
	}
	w.checkJobs()
	if len(points) < 200 {
		t.Fatalf("only %d calls were seen", len(points))
	}
	return points
}

// withKillAfter adds, for each call on a socket, a kill right after it: the server
// has the request and nobody reads the answer.
func withKillAfter(points []point) []point {
	for _, p := range slices.Clone(points) {
		if p.path == "socket" {
			p.after = true
			points = append(points, p)
		}
	}
	return points
}

// rates says which part of the points of a kind is sampled: one in so many.
type rates struct{ sockets, pages, others int }

func (r rates) of(p point) int {
	switch {
	case p.path == "socket":
		return r.sockets
	case p.name == "pwrite64":
		return r.pages
	}
	return r.others
}

// sample takes some of the points; with -all, every one.
func sample(points []point, r rates) (chosen []point) {
	count := map[int]int{}
	for _, p := range points {
		every := r.of(p)
		count[every]++
		if *all || count[every]%every == 0 {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// killAt runs the pass of the point until the process is killed there.
func (w *workspace) killAt(p point) (reached bool) {
	w.t.Helper()
	n := 0
	r := traced(w.t, w.env, w.folder, func(call) action {
		n++
		return action{kill: n == p.n && !p.after, after: n == p.n && p.after}
	}, w.apply()...)
	if r.code > 0 {
		w.t.Fatalf("before the kill: %v", r)
	}
	return r.code == -1
}

// tally counts, for each kind of call, the points seen, chosen and hit.
type tally struct {
	mu                sync.Mutex
	seen, chosen, hit map[string]int
	jobs, kills       int
	settled           map[string]int // how doubts ended
}

func newTally(points []point) *tally {
	ta := &tally{seen: map[string]int{}, chosen: map[string]int{}, hit: map[string]int{}, settled: map[string]int{}}
	for _, p := range points {
		ta.seen[kind(p)]++
	}
	return ta
}

func kind(p point) string {
	name := p.String()
	if at := strings.Index(name, ".new-"); at > 0 {
		name = name[:at] + ".new"
	}
	if p.after {
		name += ", after it"
	}
	return name
}

func (ta *tally) total() (n int) {
	for _, c := range ta.chosen {
		n += c
	}
	return n
}

func (ta *tally) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-40s %5s %6s %4s\n", "call", "seen", "chosen", "hit")
	var names []string
	for name := range ta.seen {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%-40s %5d %6d %4d\n", name, ta.seen[name], ta.chosen[name], ta.hit[name])
	}
	return b.String()
}

// The real command, killed at any call on the ledger or a socket and run again
// until the plan is online, makes one job for each step.
func TestKillAtAnyCallMakesOneJobPerStep(t *testing.T) {
	for name, c := range map[string]struct {
		credential []string
		rates      rates
	}{"access key": {withKeys, rates{6, 60, 20}}, "token": {withToken, rates{12, 120, 30}}} {
		t.Run(name, func(t *testing.T) {
			points := withKillAfter(allPoints(t, c.credential))
			ta, s := newTally(points), newStage(t, c.credential)
			t.Run("at", func(t *testing.T) {
				for _, p := range sample(points, c.rates) {
					ta.chosen[kind(p)]++
					t.Run(p.title(), func(t *testing.T) {
						t.Parallel()
						w := s.before(t, p.pass)
						ta.finish(w, p, w.killAt(p))
					})
				}
			})
			if ta.kills*100 < ta.total()*95 {
				t.Errorf("%d of %d chosen points were hit", ta.kills, ta.total())
			}
			t.Logf("\n%s%d kills, %d jobs, doubts %v", ta.table(), ta.kills, ta.jobs, ta.settled)
		})
	}
}

// If a run is killed after it made the ledger's folder and before it synced the
// folder's name, the next run syncs it before it sends anything.
func TestFolderIsSyncedAfterKill(t *testing.T) {
	w := newWorkspace(t, withKeys)
	parent := filepath.Dir(w.folder)
	r := traced(t, w.env, w.folder, func(c call) action { return action{after: c.name == "mkdirat"} }, w.apply()...)
	if _, err := os.Stat(w.folder); r.code != -1 || err != nil {
		t.Fatalf("%v, %v", r, err)
	}
	synced := false
	traced(t, w.env, w.folder, func(c call) action {
		synced = synced || c.name == "fsync" && c.path == parent
		if c.name == "write" && c.path == "socket" && !synced {
			t.Error("a request left before the name of the folder was durable")
		}
		return action{}
	}, w.apply()...)
	w.finish()
	w.checkJobs()
}

// Runs are killed one after the other, each at a random point.
func TestRepeatedKillsMakeOneJobPerStep(t *testing.T) {
	seeds := 3
	if *all {
		seeds = 100
	}
	var kills, jobs atomic.Int64
	t.Run("seed", func(t *testing.T) {
		for seed := range seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				w := newWorkspace(t, withKeys)
				kills.Add(w.killOften(rand.New(rand.NewPCG(uint64(seed), 7))))
				w.finish()
				w.checkJobs()
				jobs.Add(int64(len(w.sim.Jobs())))
			})
		}
	})
	t.Logf("%d kills, %d jobs", kills.Load(), jobs.Load())
}

// killOften runs passes, kills most of them somewhere, and does what a person
// would do in between.
func (w *workspace) killOften(random *rand.Rand) (kills int64) {
	for range 12 {
		at, n := 1+random.IntN(90), 0
		r := traced(w.t, w.env, w.folder, func(call) action {
			n++
			return action{kill: n == at}
		}, w.apply()...)
		switch r.code {
		case -1:
			kills++
		case 0:
		case 75:
			w.wait(46 * time.Minute)
		case 5:
			w.answer(r)
		default:
			w.t.Fatal(r)
		}
	}
	return kills
}
