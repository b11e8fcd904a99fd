package executor

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// world runs one schedule: a simulated DRS, a ledger in memory, and runners
// that take turns. Time is the world's own, and only one runner moves at a
// time, so that a seed always gives the same history.
type world struct {
	schedule schedule
	planted  planted
	rng      *rand.Rand
	whims    *rand.Rand // of people: what was found with a seed stays found
	start    time.Time
	now      time.Time // the server's clock
	sim      *drssim.DRS
	ledger   *ledger.Ledger
	second   *ledger.Ledger // of the second runner, where there are two
	teams    []*team
	hosts    []*host
	host     *host          // whose turn it is
	counts   map[string]int // how often each place was passed
	pending  []event
	quiet    time.Time            // no runner starts before
	full     time.Time            // the disk of the ledger is, until then
	unseen   map[string]time.Time // jobs that DRS does not find until then
	checker  *checker
	log      func(format string, args ...any) // nil: no log
}

// host is a machine where a runner runs, is killed, and runs again: by cron, with
// a person at its terminal.
type host struct {
	*world
	id           int
	team         *team
	runner       *Runner // of the life in progress
	wake         time.Time
	yield        func(struct{}) bool
	next         func() (struct{}, bool)
	stop         func()
	skew         time.Duration // of the local clock
	killed       bool
	cancel       context.CancelFunc
	keys         Keys       // for the next pass
	given        Keys       // of the pass in progress
	made         int        // creates that had left before it
	sending      int        // the create that is on its way
	inGit        *plan.Plan // when the newest intent was about to be written
	passes       int
	lives        int
	last         Reason // of the stop before
	streak       int    // how often it came again
	extra        int    // passes after the plan was finished
	cred         string // which credential is in force
	other        string // a fault in the way of the next read
	saying       string // the decision under way
	done         bool
	lastPage     *drs.Page // what a stale list shows again
	intended     time.Time // when the last intent was written
	listed       time.Time // when the last listing began
	checked      time.Time // when the listing before the cutover began
	stranger     string    // another ledger's job that this pass was shown
	liveStranger string    // one that has not failed
	noticed      bool      // the run ended with a conflict; with two ledgers, all runs end
}

// crash and over end a runner by a panic: it was killed, or the schedule has
// ended.
type (
	crash struct{}
	over  struct{}
)

// maxPasses of one host: far more than any schedule needs to finish.
const maxPasses = 100

// maxTurns of a schedule: a pass that never ends takes more.
const maxTurns = 20_000

func newWorld(s schedule, f planted) *world {
	start := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)
	w := &world{
		schedule: s, planted: f, rng: rand.New(rand.NewPCG(s.seed, 7)), whims: rand.New(rand.NewPCG(s.seed, 11)), start: start, now: start, ledger: ledger.OpenMemory(), second: ledger.OpenMemory(),
		counts: map[string]int{}, pending: slices.Clone(s.events), unseen: map[string]time.Time{},
	}
	w.checker = &checker{world: w, shadows: map[string]shadow{}, sent: map[string]int{}, retried: map[chainStep]time.Time{}, untrue: map[chainStep]bool{}, gone: map[string]time.Time{}, held: map[string]time.Time{}, ended: map[string]time.Time{}, freed: map[string]bool{}}
	w.sim = drssim.New(s.config(w.clock))
	for i, shape := range s.plans {
		w.teams = append(w.teams, newTeam(shape, start))
		for range s.runners[i] {
			w.hosts = append(w.hosts, &host{world: w, id: len(w.hosts), team: w.teams[i], cred: "key-a", wake: start.Add(w.upTo(time.Minute))})
		}
	}
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

func (w *world) note(format string, args ...any) {
	if w.log == nil {
		return
	}
	id := -1
	if w.host != nil {
		id = w.host.id
	}
	w.log("%s r%d: %s", w.now.Sub(w.start).Round(time.Millisecond), id, fmt.Sprintf(format, args...))
}

// run lets the runners take turns until their plans are finished. It returns
// what was violated, "" for nothing.
func (w *world) run() string {
	defer func() { _ = w.ledger.Close() }()
	for _, s := range w.hosts {
		s.next, s.stop = iter.Pull(s.live)
		defer s.stop()
	}
	for turns := 0; w.checker.violation == ""; turns++ {
		if turns > maxTurns {
			w.checker.stuck("I11", "the runs do not end")
			break
		}
		s := w.earliest()
		if s == nil {
			w.checker.atEnd()
			break
		}
		if s.wake.After(w.now) {
			w.now = s.wake
		}
		w.host = s
		if _, more := s.next(); !more {
			s.done = true
		}
		w.checker.look()
	}
	return w.checker.violation
}

func (w *world) earliest() *host {
	var first *host
	for _, s := range w.hosts {
		if !s.done && (first == nil || s.wake.Before(first.wake)) {
			first = s
		}
	}
	return first
}
