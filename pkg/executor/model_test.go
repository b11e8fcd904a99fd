package executor

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	flagSchedules = flag.Int("schedules", modelSchedules, "how many schedules the model runs")
	flagSeed      = flag.Uint64("seed", 1, "seed of the first schedule; the next ones follow it")
)

// runSchedule runs one schedule, and says what it violated.
func runSchedule(s schedule, f planted, log func(string, ...any)) string {
	w := newWorld(s, f)
	w.log = log
	return w.run()
}

// TestModel runs seeded schedules of everything that may go wrong around the
// real decision, fold and settling, against the simulated DRS in memory.
func TestModel(t *testing.T) {
	collectRarely(t)
	began := time.Now()
	inside, ran, outside := atomic.Int64{}, atomic.Int64{}, tally{}
	each(*flagSchedules, func(i int) bool {
		s := generate(*flagSeed + uint64(i))
		why := s.outside()
		violation := runSchedule(s, planted{}, nil)
		ran.Add(1)
		switch {
		case why != "":
			outside.add(why, violation)
		case violation != "":
			inside.Add(1)
			fail(t, s, violation)
			return inside.Load() < 8
		}
		return true
	})
	took := time.Since(began)
	t.Logf("%d schedules in %s, %.0f a second, %d violations inside A1 to A6", ran.Load(), took.Round(time.Millisecond), float64(ran.Load())/took.Seconds(), inside.Load())
	outside.write(t)
}

// collectRarely lets the heap grow to half a gigabyte before it is collected:
// the schedules leave far more garbage than data.
func collectRarely(t *testing.T) {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(64<<20)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
}

// TestModelCatchesFaults plants faults in the protocol, one at a time, and
// counts the schedules within A1 to A6 until the first violation.
func TestModelCatchesFaults(t *testing.T) {
	if modelUnderRace {
		t.Skip("the faults are planted in `make model`, which .ci/run runs")
	}
	collectRarely(t)
	all := faults()
	found := make([]string, len(all))
	t.Run("", func(t *testing.T) {
		for i, f := range all {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				found[i] = catch(t, f)
			})
		}
	})
	t.Log("fault, schedules until it was caught, and by what:")
	for i, f := range all {
		t.Logf("%-52s %s", f.name, found[i])
	}
}

// catch runs schedules until one shows the fault by more than standing still,
// and holds that schedule against the protocol without the fault.
func catch(t *testing.T, f planted) string {
	n := 0
	for seed := *flagSeed; n < modelPatience; seed++ {
		s := generateNear(seed, f)
		if s.outside() != "" {
			continue
		}
		n++
		violation := runSchedule(s, f, nil)
		if violation == "" || strings.HasPrefix(violation, "I11") || strings.HasPrefix(violation, "I14") {
			continue
		}
		if honest := runSchedule(s, planted{}, nil); honest != "" {
			fail(t, s, "without the fault "+f.name+": "+honest)
		}
		return fmt.Sprintf("%6d  %.70s", n, violation)
	}
	t.Errorf("%s: not caught in %d schedules", f.name, n)
	return "never"
}

// each calls f with 0 to n-1 on all processors, until it returns false.
func each(n int, f func(int) bool) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if !f(i) {
					next.Store(int64(n))
				}
			}
		})
	}
	wg.Wait()
}

// fail prints the seed, and the schedule without what is not needed.
func fail(t *testing.T, s schedule, violation string) {
	t.Helper()
	short := shorten(s, planted{})
	var story []string
	runSchedule(short, planted{}, func(format string, args ...any) { story = append(story, fmt.Sprintf(format, args...)) })
	t.Errorf("seed %d: %s\n%s\nhistory:", s.seed, violation, short)
	for _, line := range story[max(0, len(story)-historyLines):] {
		t.Log("  ", line)
	}
}

// historyLines is how much of a history is printed.
const historyLines = 30

// shorten drops events while something is still violated.
func shorten(s schedule, f planted) schedule {
	for i := 0; i < len(s.events); {
		less := s
		less.events = slices.Delete(slices.Clone(s.events), i, i+1)
		if less.outside() == "" && runSchedule(less, f, nil) != "" {
			s, i = less, 0
			continue
		}
		i++
	}
	return s
}

// tally counts what schedules outside the assumptions came to.
type tally struct {
	mu     sync.Mutex
	counts map[string]map[string]int
}

func (c *tally) add(why, violation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]map[string]int{}
	}
	if c.counts[why] == nil {
		c.counts[why] = map[string]int{}
	}
	what := "no harm"
	if violation != "" {
		what = violation[:min(3, len(violation))]
	}
	c.counts[why][what]++
}

func (c *tally) write(t *testing.T) {
	var whys []string
	for why := range c.counts {
		whys = append(whys, why)
	}
	sort.Strings(whys)
	for _, why := range whys {
		t.Logf("outside, %s: %v", why, c.counts[why])
	}
}
