package executor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime/debug"
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
	log      func(format string, args ...any) // nil: nobody reads it
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
	noticed      bool      // the run ended with a conflict; of two ledgers, nobody goes on
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

// pause lets others take their turns while this runner does nothing for d.
func (s *host) pause(d time.Duration) {
	if s.rest(d); s.killed {
		panic(crash{})
	}
}

// rest is a pause while no process runs that could be killed.
func (s *host) rest(d time.Duration) {
	s.killed, s.wake = false, s.now.Add(d)
	if !s.yield(struct{}{}) {
		panic(over{})
	}
}

// at is a place in the program where something may happen to it.
func (s *host) at(place string) {
	s.counts[place]++
	for i := 0; i < len(s.pending); i++ {
		e := s.pending[i]
		if e.place != place || e.nth != s.counts[place] {
			continue
		}
		s.pending = slices.Delete(s.pending, i, i+1)
		i--
		s.happen(e)
	}
	if s.schedule.dawdle && s.rng.IntN(12) == 0 && slices.Contains(places(), place) {
		s.pause(s.upTo(pick(s.rng, time.Minute, 2*time.Minute, time.Hour, 26*time.Hour)))
	}
}

// happen carries out an event.
func (s *host) happen(e event) {
	s.note("event %s", e)
	switch e.act {
	case "crash":
		panic(crash{})
	case "stop":
		s.pause(e.arg)
	case "last-seconds":
		s.awaitWindowEnd(e.arg)
	case "jump":
		s.skew += e.arg
	case "signal":
		if s.cancel != nil {
			s.cancel()
		}
	default:
		s.worldEvent(e)
	}
}

// live runs a host: passes, crashes, and what people do between them.
func (s *host) live(yield func(struct{}) bool) {
	s.yield = yield
	defer func() {
		if r := recover(); r != nil && r != any(over{}) {
			panic(r)
		}
	}()
	if !yield(struct{}{}) {
		return
	}
	for !s.finished() && !(s.noticed && s.schedule.ledgers == 2) {
		if s.passes > maxPasses {
			s.checker.stuck("I14", "%s is not finished after %d passes: %s", s.team.plan.Name, maxPasses, s.team.lastStop)
			return
		}
		s.rest(s.onePass())
	}
}

func (s *host) finished() bool {
	if !s.team.finished {
		s.extra = 0
		return false
	}
	s.extra++
	return s.extra > 1
}

// onePass is one pass and its consequences; it returns the pause after it.
func (s *host) onePass() (rest time.Duration) {
	defer func() {
		if r := recover(); r != nil {
			if r == any(over{}) {
				panic(r)
			}
			if r != any(crash{}) {
				s.checker.report("I7", "panic: %v\n%s", r, debug.Stack())
			}
			s.note("killed")
			rest = s.upTo(10 * time.Minute)
		}
	}()
	for s.quiet.After(s.now) || s.team.halted {
		s.pause(max(s.quiet.Sub(s.now), 10*time.Minute))
	}
	s.saying = ""
	s.at("pass")
	s.passes++
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	defer cancel()
	s.lives++
	s.checker.passBegins(s)
	s.runner = s.newRunner()
	r := s.planted.say(s.runner.Pass(ctx))
	s.checker.passEnds(s, r)
	s.team.lastStop = fmt.Sprintf("%s (%s)", r.Reason, r.Class())
	s.note("pass: %s %s step %d why %q detail %q sent %s err %v", r.Class(), r.Reason, r.Step, r.Why, r.Detail, r.Sent, r.Err)
	return s.follow(r)
}

func (s *host) newRunner() *Runner {
	d := s.team
	r := &Runner{
		Plan: d.plan, Ledger: s.ledgerOf(), Keys: s.keys, AskPerson: d.shape.askPerson,
		Identity: Identity{Endpoint: "https://drs.example.com", Principal: s.principal(), TokenAuth: d.shape.token},
		Who:      Who{User: "dba", Host: fmt.Sprintf("host%d", s.id)}, Run: fmt.Sprintf("run-%d-%d", s.id, s.lives),
		hooks: s.hooks(),
	}
	r.Jobs, r.Unchanged = &modelJobs{s}, func() error { return d.differsFrom(r.Plan) }
	s.planted.change(s, r)
	s.keys = Keys{}
	return r
}

// hooks put the events of the schedule between the steps of a pass.
func (s *host) hooks() hooks {
	return hooks{
		now:      func() time.Time { return s.now.Add(s.skew) },
		uptime:   func() time.Duration { s.at("uptime"); return s.now.Sub(s.start) },
		skipLock: s.schedule.noLock,
		next:     func(f Facts) Action { a := Next(f); s.at("decided"); return a },
		sleep: func(ctx context.Context, wait, spread time.Duration) bool {
			wait += s.upTo(spread)
			s.at("sleep")
			s.pause(wait * time.Duration(1+s.rng.IntN(5))) // a busy machine oversleeps
			return ctx.Err() == nil
		},
		append: s.append,
	}
}

// append appends an event, and lets events of the schedule happen before and
// after.
func (s *host) append(ctx context.Context, h ledger.Head, e ledger.Event, allow func(*ledger.Ledger) error) (ledger.Event, error) {
	if e.Kind == ledger.Intent {
		s.inGit = s.team.plan
	}
	s.at("append-" + string(e.Kind))
	s.at("append")
	s.pause(s.upTo(20*time.Millisecond + s.schedule.slow))
	if s.now.Before(s.full) {
		return e, errors.New("disk full")
	}
	out, err := (&Runner{Ledger: s.ledgerOf()}).appendToLedger(ctx, h, e, allow)
	if err == nil {
		s.checker.decided(s, e)
	}
	switch e.Kind {
	case ledger.Checked:
		s.checked = s.listed
	case ledger.Intent:
		s.intended = s.now
	}
	s.note("append %s step %d: %v", e.Kind, e.Step, err)
	if s.schedule.slow > 0 {
		s.pause(s.upTo(s.schedule.slow))
	}
	s.at("appended-" + string(e.Kind))
	s.at("appended")
	return out, err
}
