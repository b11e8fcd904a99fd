//go:build linux && amd64

package proof_test

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

// point is the n-th of the watched calls of a plan's passes, counted over all
// of them from 1.
type point struct {
	call
	n     int
	after bool
}

// survey runs the whole plan without harm and returns its points.
func survey(t *testing.T, credential []string) []point {
	t.Helper()
	w := newWorld(t, credential)
	var points []point
	for passes := 1; !w.online(); passes++ {
		r := traced(t, w.env, w.folder, func(c call) fate {
			points = append(points, point{call: c, n: len(points) + 1})
			return fate{}
		}, w.apply()...)
		if r.code != 0 || passes > 4 {
			t.Fatalf("pass %d: %v", passes, r)
		}
	}
	w.judge()
	if len(points) < 200 {
		t.Fatalf("only %d calls were seen", len(points))
	}
	return points
}

// afterwards adds, for each call on a socket, the death right behind it: the
// server has the request and nobody hears the answer.
func afterwards(points []point) []point {
	for _, p := range slices.Clone(points) {
		if p.path == "socket" {
			p.after = true
			points = append(points, p)
		}
	}
	return points
}

// rates take one in so many of the points of a sort.
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

// killAt runs passes until the point is reached and the process dies there.
func (w *world) killAt(p point) (reached bool) {
	n := 0
	for range 6 {
		r := traced(w.t, w.env, w.folder, func(call) fate {
			n++
			return fate{kill: n == p.n && !p.after, after: n == p.n && p.after}
		}, w.apply()...)
		switch {
		case r.code == -1:
			return n >= p.n
		case r.code != 0:
			w.t.Fatalf("before the kill: %v", r)
		case w.online():
			return false
		}
	}
	return false
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

// The real command, killed wherever it touches the ledger or a socket, and run
// again until the plan is online, makes one job for each step.
func TestKilledEverywhere(t *testing.T) {
	for name, c := range map[string]struct {
		credential []string
		rates      rates
	}{"access key": {withKeys, rates{2, 30, 10}}, "token": {withToken, rates{6, 80, 20}}} {
		t.Run(name, func(t *testing.T) {
			points := afterwards(survey(t, c.credential))
			ta := newTally(points)
			t.Run("at", func(t *testing.T) {
				for _, p := range sample(points, c.rates) {
					ta.chosen[kind(p)]++
					t.Run(fmt.Sprintf("%d %s", p.n, kind(p)), func(t *testing.T) {
						t.Parallel()
						killOnce(t, c.credential, p, ta)
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

func killOnce(t *testing.T, credential []string, p point, ta *tally) {
	w := newWorld(t, credential)
	ta.finish(w, p, w.killAt(p))
}

// A run that dies between making the folder of the ledger and syncing its
// name leaves that to the next one, which does it before it sends anything.
func TestFolderIsDurableAfterAKill(t *testing.T) {
	w := newWorld(t, withKeys)
	parent := filepath.Dir(w.folder)
	r := traced(t, w.env, w.folder, func(c call) fate { return fate{after: c.name == "mkdirat"} }, w.apply()...)
	if _, err := os.Stat(w.folder); r.code != -1 || err != nil {
		t.Fatalf("%v, %v", r, err)
	}
	synced := false
	traced(t, w.env, w.folder, func(c call) fate {
		synced = synced || c.name == "fsync" && c.path == parent
		if c.name == "write" && c.path == "socket" && !synced {
			t.Error("a request left before the name of the folder was durable")
		}
		return fate{}
	}, w.apply()...)
	w.finish()
	w.judge()
}

// Runs that are killed one after the other, each at a random point.
func TestKilledAgainAndAgain(t *testing.T) {
	seeds := 3
	if *all {
		seeds = 100
	}
	var kills, jobs atomic.Int64
	t.Run("seed", func(t *testing.T) {
		for seed := range seeds {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, withKeys)
				kills.Add(w.killOften(rand.New(rand.NewPCG(uint64(seed), 7))))
				w.finish()
				w.judge()
				jobs.Add(int64(len(w.sim.Jobs())))
			})
		}
	})
	t.Logf("%d kills, %d jobs", kills.Load(), jobs.Load())
}

// killOften makes passes and kills most of them somewhere, answering as a
// person would in between.
func (w *world) killOften(random *rand.Rand) (kills int64) {
	for range 12 {
		at, n := 1+random.IntN(90), 0
		r := traced(w.t, w.env, w.folder, func(call) fate {
			n++
			return fate{kill: n == at}
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
