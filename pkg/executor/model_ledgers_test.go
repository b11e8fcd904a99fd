package executor

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// Two runners of one plan have a ledger each: A6 does not hold, and a step may
// be sent twice. It must be noticed: a run that is shown the other's job ends
// with a conflict, sends nothing, and does not report the plan as online.

// TestModelTwoLedgersAreNoticed runs schedules in which nobody knows of the
// other ledger.
func TestModelTwoLedgersAreNoticed(t *testing.T) {
	n := max(100, *flagSchedules/25)
	var twice, noticed atomic.Int64
	each(n, func(i int) bool {
		w := newWorld(generateTwo(*flagSeed+uint64(i)), planted{})
		if violation := w.run(); violation != "" {
			fail(t, w.schedule, violation)
			return false
		}
		if w.checker.sentTwice() {
			twice.Add(1)
		}
		if slices.ContainsFunc(w.hosts, func(s *host) bool { return s.noticed }) {
			noticed.Add(1)
		}
		return true
	})
	t.Logf("%d schedules with two ledgers: a step was sent twice in %d, a run noticed in %d", n, twice.Load(), noticed.Load())
	if twice.Load() == 0 || noticed.Load() == 0 {
		t.Error("nothing was sent twice, or nobody noticed: these schedules show nothing")
	}
}

// TestModelTwoLedgersFaultIsCaught removes what notices the other ledger.
func TestModelTwoLedgersFaultIsCaught(t *testing.T) {
	for _, f := range []planted{
		{name: "no listing before the plan is called online", plant: onFacts(func(f *Facts) {
			c := *f.State
			c.CheckPending = false
			f.State = &c
		})},
		{name: "no look for jobs of the chain that the ledger does not know", plant: onFacts(func(f *Facts) {
			if f.target != nil {
				f.target.Unknown = nil
			}
		})},
	} {
		t.Run(f.name, func(t *testing.T) {
			for seed := *flagSeed; seed < modelPatience; seed++ {
				if violation := runSchedule(generateTwo(seed), f, nil); violation != "" {
					t.Logf("%6d  %.70s", seed, violation)
					return
				}
			}
			t.Error("not caught")
		})
	}
}

// generateTwo makes a schedule of two ledgers. Its listings lag, but are
// complete.
func generateTwo(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 5))
	s := schedule{
		seed: seed, ledgers: 2, noLock: true, unique: r.IntN(6) == 0, single: r.IntN(6) == 0, dawdle: r.IntN(6) == 0,
		restore: pick(r, time.Second, time.Minute, 20*time.Minute), lag: pick(r, 0, time.Second, 3*time.Second, 20*time.Second, 2*time.Minute, listingLag),
		plans: []shape{randomShape(r, "alpha")}, runners: []int{2},
	}
	for range r.IntN(4) {
		create := 1 + r.IntN(5)
		s.events = append(s.events, pick(r,
			event{pick(r, createFaults()...), "sim", create, 0},
			event{pick(r, "job-failed", "job-precheck-failed"), "sim", create, 0},
			event{"crash", pick(r, places()...), create, 0},
			event{"stop", pick(r, places()...), create, pick(r, 50*time.Second, 16*time.Minute, 3*time.Hour)},
			event{"unseen", pick(r, places()...), create, pick(r, time.Minute, 20*time.Minute)}))
	}
	return s
}

// ledgerOf is the ledger that a host has.
func (s *host) ledgerOf() *ledger.Ledger {
	if s.schedule.ledgers == 2 && s.id == 1 {
		return s.second
	}
	return s.ledger
}

// strangers are jobs of the plan's chain that the host's ledger does not know.
// While a step is in doubt there are none: a pass searches for its job first,
// and the next pass for others.
func (s *host) strangers() []drssim.Job {
	c, err := LoadChain(context.Background(), s.ledgerOf(), s.team.plan)
	if err != nil {
		return nil
	}
	if _, doubt := doubtful(c.State); doubt {
		return nil
	}
	return slices.DeleteFunc(s.sim.Jobs(), func(j drssim.Job) bool {
		made := s.checker.shadows[j.ID]
		_, known := c.State.StepOfJob[j.ID]
		return known || made.Chain != s.team.plan.Chain()
	})
}

// shown records the other ledger's job in a listing.
func (j *checker) shown(s *host, l drs.Listing) {
	if s.schedule.ledgers != 2 {
		return
	}
	strange := map[string]bool{}
	for _, job := range s.strangers() {
		strange[job.ID] = true
	}
	for _, job := range l.Jobs {
		if !strange[job.ID] {
			continue
		}
		s.stranger = job.ID
		if !hasFailed(job) { // one that failed can wait for the next create
			s.liveStranger = job.ID
		}
	}
}

// twoEnd checks the end of a pass if there are two ledgers.
func (j *checker) twoEnd(s *host, r Result) {
	if s.liveStranger != "" && r.Class() == OK {
		j.report("A6", "a pass was shown job %s of another ledger and ends with %s %s", s.liveStranger, r.Class(), r.Reason)
	}
	s.noticed = s.noticed || r.Class() == Conflict
	if r.Reason != Online {
		return
	}
	at := s.checked
	if at.IsZero() {
		at = j.world.now
	}
	for _, job := range s.strangers() {
		if !job.Listed.After(at) {
			j.report("A6", "the plan is called online, and job %s of another ledger could be seen", job.ID)
		}
	}
}

// sentTwice reports whether a step has two jobs, neither of which had failed
// before the other was created.
func (j *checker) sentTwice() bool {
	for _, a := range j.jobs {
		for _, b := range j.jobs {
			x, y := j.shadows[a.ID], j.shadows[b.ID]
			if a.ID < b.ID && x.Chain == y.Chain && x.Step == y.Step && !strings.HasSuffix(a.Name, "-a2") && !strings.HasSuffix(b.Name, "-a2") {
				return true
			}
		}
	}
	return false
}
