package executor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/drssim"
)

// schedule is everything that happens in one history, and the seed of the
// rest.
type schedule struct {
	seed    uint64
	plans   []shape
	runners []int // of each plan
	noLock  bool  // the politeness lock does not hold: two hosts, a lost connection
	ledgers int   // 2: each runner has its own, and A6 does not hold
	private bool  // a credential sees only the jobs that it made
	restore time.Duration
	lag     time.Duration // of the listing
	unique  bool
	single  bool
	slow    time.Duration // most that the ledger is busy around an append
	dawdle  bool          // runners pause anywhere, for any time
	odd     bool          // statuses in lower case, Booleans as strings, times as numbers
	events  []event
}

// event happens when a place is passed for the nth time. The place "sim"
// counts the requests of a kind at the server.
type event struct {
	act, place string
	nth        int
	arg        time.Duration
}

func (e event) String() string {
	s := fmt.Sprintf("%s@%s#%d", e.act, e.place, e.nth)
	if e.arg != 0 {
		s += ":" + e.arg.String()
	}
	return s
}

func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "restore=%s lag=%s unique=%t single=%t odd=%t nolock=%t private=%t dawdle=%t slow=%s", s.restore, s.lag, s.unique, s.single, s.odd, s.noLock, s.private, s.dawdle, s.slow)
	for i, p := range s.plans {
		fmt.Fprintf(&b, "\n  plan %+v, %d runners", p, s.runners[i])
	}
	for _, e := range s.events {
		fmt.Fprintf(&b, "\n  %s", e)
	}
	return b.String()
}

// config is the simulated DRS of a schedule.
func (s schedule) config(now func() time.Time) drssim.Config {
	c := drssim.Config{
		Seed: s.seed, Now: now, RestoreTime: s.restore, ListLag: s.lag, UniqueNames: s.unique, OneAtATime: s.single,
		LowerStatus: s.odd, StringBools: s.odd, NumberTimes: s.odd, Databases: map[string][]string{}, OwnJobsOnly: s.private,
	}
	for _, p := range s.plans {
		c.Objects = append(c.Objects, p.objects()...)
		if p.overwrite {
			c.Databases[modelInstance] = append(c.Databases[modelInstance], p.name)
		}
	}
	for _, e := range s.events {
		if e.place == "sim" {
			f := drssim.Fault{Kind: e.act, N: e.nth}
			if e.arg != 0 {
				f.Arg = e.arg.String()
			}
			c.Faults = append(c.Faults, f)
		}
	}
	return c
}

// outside names what of A1 to A6 a schedule breaks, "" if nothing.
func (s schedule) outside() string {
	lost, blind, lies := false, false, 0
	for _, e := range s.events {
		if why := e.outside(); why != "" {
			return why
		}
		if e.act == "false-failed" {
			lies++
		}
		lost = lost || e.act == "lose-ledger" || e.act == "roll-back"
		blind = blind || e.act == "principal" && s.private
	}
	if lost && blind {
		return "ledger lost, and a credential that does not see its jobs"
	}
	if lies > 1 {
		return "DRS calls a job failed twice that is not"
	}
	for _, e := range s.events {
		if lost && (strings.HasPrefix(e.act, "delete") || e.act == "list-empty") {
			return "ledger and job records lost together"
		}
	}
	return ""
}

// lateInside is the latest time after its arrival at which a request still
// becomes a job within A2 and A3: it may have taken a minute to arrive.
const lateInside = signatureLife + processingTime - 2*time.Minute

func (e event) outside() string {
	switch e.act {
	case "twice":
		return "A1: a hop replays the POST"
	case "late-accept", "late-accept-lost":
		if e.arg > lateInside {
			return "A2, A3: a create is taken late"
		}
	case "late-accept-504":
		if e.arg > processingTime {
			return "A3: an answered create is taken late"
		}
	case "list-lag":
		if e.arg > listingLag {
			return "A3: a listing lags"
		}
	case "list-omits-newest":
		return "A3: a listing omits a job"
	case "list-date-jump":
		return "the server's clock is wrong"
	case "delete-in-doubt":
		return "A4: a record is deleted in doubt"
	case "too-early":
		return "a person resolves before the fence"
	case "lose-ledger-running", "roll-back-running":
		return "ledger lost, and runners not stopped"
	}
	return ""
}

// generate makes the schedule of a seed.
func generate(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 3))
	s := schedule{
		seed: seed, noLock: r.IntN(3) == 0, private: r.IntN(4) == 0, unique: r.IntN(2) == 0, single: r.IntN(2) == 0, odd: r.IntN(4) == 0,
		restore: pick(r, time.Second, time.Minute, 20*time.Minute), lag: pick(r, 0, 0, 3*time.Second, 2*time.Minute, listingLag),
	}
	s.plans = append(s.plans, randomShape(r, "alpha"))
	s.runners = append(s.runners, 1+r.IntN(2))
	if r.IntN(5) == 0 {
		s.plans, s.runners = append(s.plans, randomShape(r, "beta")), append(s.runners, 1)
	}
	for range 1 + r.IntN(6) {
		s.events = append(s.events, randomEvent(r))
	}
	if r.IntN(8) == 0 {
		s.events = append(s.events, outsideEvent(r))
	}
	s.dawdle = r.IntN(5) == 0
	if r.IntN(4) == 0 {
		s.events = append(s.events, stallEvent(r))
	}
	if r.IntN(3) == 0 {
		s.events = append(s.events, move(r)...)
	}
	if slow := r.IntN(10) == 0; slow && !s.dawdle { // both at once leave no minute for a create
		s.slow = pick(r, 2*time.Second, 10*time.Second, 30*time.Second)
	}
	return s
}

// stallEvent is a disk or a person that delays a run.
func stallEvent(r *rand.Rand) event {
	return pick(r,
		event{"disk-full", pick(r, places()...), 1 + r.IntN(5), pick(r, time.Second, time.Minute, time.Hour)},
		event{"last-seconds", "list", 1 + r.IntN(8), time.Duration(r.Int64N(int64(10 * time.Second)))})
}

// generateNear makes the schedule of a seed, with a bias towards a fault.
func generateNear(seed uint64, f planted) schedule {
	s := generate(seed)
	r := rand.New(rand.NewPCG(seed, 4))
	if f.apart {
		s.private, s.noLock, s.runners[0] = true, true, 2
	}
	if f.pair && len(s.plans) == 1 {
		s.plans, s.runners = append(s.plans, randomShape(r, "beta")), append(s.runners, 1)
	}
	for _, e := range f.near {
		if r.IntN(3) > 0 {
			s.events = append(s.events, e)
		}
	}
	return s
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomEvent is one within A1 to A6.
func randomEvent(r *rand.Rand) event {
	create, list := 1+r.IntN(5), 1+r.IntN(15)
	switch r.IntN(12) {
	case 0, 1, 2:
		return event{pick(r, createFaults()...), "sim", create, 0}
	case 3:
		return pick(r,
			event{pick(r, "late-accept", "late-accept-lost"), "sim", create, pick(r, time.Second, 40*time.Second, 5*time.Minute, 14*time.Minute, lateInside)},
			event{"late-arrival", "sim", create, pick(r, time.Minute, 14*time.Minute, time.Hour)},
			event{"late-accept-504", "sim", create, pick(r, time.Second, time.Minute, processingTime)},
			event{"list-lag", "sim", create, pick(r, time.Minute, listingLag)})
	case 4:
		return pick(r,
			event{"job-failed", "sim", create, 0}, event{"job-precheck-failed", "sim", create, 0},
			event{"slow-by", "sim", create, pick(r, time.Minute, 50*time.Minute, 5*time.Hour)})
	case 5:
		return event{pick(r, readFaults()...), "sim", list, 0}
	case 6:
		return pick(r, event{"list-empty", "sim", list, 0}, event{"list-omits-new", "sim", list, 0}, event{"stale-list", "list", list, 0})
	case 7, 8:
		return event{"crash", pick(r, places()...), create, 0}
	case 9:
		return event{"stop", pick(r, places()...), create, pick(r, 50*time.Second, 2*time.Minute, 16*time.Minute, 50*time.Minute, 3*time.Hour, 26*time.Hour)}
	case 10:
		return pick(r,
			event{"jump", pick(r, places()...), create, pick[time.Duration](r, 1, -1) * pick(r, time.Minute, time.Hour, 3*365*24*time.Hour)},
			event{"signal", pick(r, places()...), create, 0},
			event{"principal", "pass", list, 0}, event{"false-failed", "show", list, 0})
	}
	return event{pick(r, "delete", "rename", "describe", "generation", "edit", "shorten", "window", "unmark", "overwrite", "lose-ledger", "roll-back", "foreign", "twin", "hold"),
		pick(r, "pass", "listed", "answer", "appended", "followed"), list, 0}
}

// outsideEvent breaks an assumption.
func outsideEvent(r *rand.Rand) event {
	create := 1 + r.IntN(4)
	return pick(r,
		event{"twice", "sim", create, 0},
		event{"late-accept", "sim", create, pick(r, time.Hour, 5*time.Hour)},
		event{"late-accept-504", "sim", create, time.Hour},
		event{"list-lag", "sim", create, pick(r, 30*time.Minute, 3*time.Hour)},
		event{"list-omits-newest", "sim", 1 + r.IntN(20), pick(r, time.Minute, 2*time.Hour)},
		event{"list-date-jump", "sim", 1 + r.IntN(10), 0},
		event{"delete-in-doubt", "asked", 1, 0},
		event{"too-early", "asked", 1, 0},
		event{pick(r, "lose-ledger-running", "roll-back-running"), pick(r, "answer", "appended"), create, 0})
}

// places are where a runner may be killed or stopped.
func places() []string {
	return []string{
		"dial", "answer", "decided", "list", "listed", "show", "shown", "sleep", "append", "appended", "uptime", "pass",
		"append-intent", "appended-intent", "append-accepted", "appended-accepted", "append-searched", "append-decision", "appended-decision",
		"append-answered", "append-opened", "appended-opened", "appended-closed", "append-succeeded", "append-adopted", "append-absent", "appended-absent",
	}
}

func createFaults() []string {
	return []string{
		"lost-after-accept", "reset-after-accept", "stall-after-accept", "truncated", "delayed", "lost-before-accept",
		"reset-before-accept", "stall-before-accept", "503-before-accept", "502-before-accept", "500-after-accept", "502-after-accept",
		"503-after-accept", "504-after-accept", "429", "drs-throttle", "401", "403", "refused", "generic-400", "no-job-id", "error-in-200",
		"202-after-accept", "202-before-accept", "busy-after-accept", "400-after-accept", "half-json", "garbage", "redirect", "name-exists-after-accept", "lost-after-accept", "lost-before-accept", "stall-before-accept",
	}
}

func readFaults() []string {
	return []string{
		"list-500", "list-429", "list-html", "list-garbage", "list-lost", "list-no-date", "list-cached", "list-wrong-count", "list-half-json", "list-repeats", "show-500", "show-429",
		"show-html", "show-garbage", "show-lost", "show-wrong-id", "show-status", "show-not-found", "list-no-date",
	}
}

func randomShape(r *rand.Rand, name string) shape {
	p := shape{name: name, steps: 1 + r.IntN(4), cutover: r.IntN(3) > 0, overwrite: r.IntN(3) == 0, askPerson: r.IntN(6) == 0, token: r.IntN(8) == 0}
	p.window = p.cutover && r.IntN(3) == 0
	p.unattended = p.window && r.IntN(2) == 0
	return p
}
