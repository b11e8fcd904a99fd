package main

import (
	"slices"
	"testing"
	"time"
)

// turnsOf makes the plans of these instances due, in this order.
func turnsOf(lockWait time.Duration, instances ...string) (*turns, []*planRun) {
	t := newTurns(lockWait)
	var runs []*planRun
	for i, instance := range instances {
		runs = append(runs, &planRun{index: i, instance: instance})
		t.add(runs[i])
	}
	return t, runs
}

// served takes n turns at a time and returns the plans in the order in which they had
// theirs.
func served(t *turns, n int) (order []int) {
	now := time.Unix(0, 0)
	for {
		var under []*planRun
		for len(under) < n {
			run, _ := t.next(now)
			if run == nil {
				break
			}
			under, order = append(under, run), append(order, run.index)
		}
		if len(under) == 0 {
			return order
		}
		for _, run := range under {
			t.passed(run)
		}
	}
}

func TestTurnsKeepTheOrderOfTheCall(t *testing.T) {
	for _, c := range []struct {
		name      string
		instances []string
		parallel  int
		want      []int
	}{
		{"one at a time", []string{"a", "a", "b", "a", "c"}, 1, []int{0, 1, 2, 3, 4}},
		{"two at a time, never two of one instance", []string{"a", "a", "b", "a", "c"}, 2, []int{0, 2, 1, 4, 3}},
		{"one instance", []string{"a", "a", "a"}, 8, []int{0, 1, 2}},
		{"many instances", []string{"a", "b", "c", "d"}, 8, []int{0, 1, 2, 3}},
	} {
		turns, _ := turnsOf(0, c.instances...)
		if got := served(turns, c.parallel); !slices.Equal(got, c.want) || turns.any() {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTurnsBeginWithTheFirstPlanThatIsDue(t *testing.T) {
	turns, runs := turnsOf(0, "a", "b", "a")
	now := time.Unix(0, 0)
	turns.next(now)
	turns.next(now)
	turns.passed(runs[1])
	turns.add(runs[1])
	turns.passed(runs[0])
	turns.add(runs[0])
	if got := served(turns, 1); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("%v", got)
	}
}

// A locked instance is tried again when no other plan is due, and for the last time
// when the wait is over.
func TestTurnsTryALockedInstanceLast(t *testing.T) {
	for _, c := range []struct {
		wait time.Duration
		want []time.Duration // when plan 0 is tried
	}{
		{0, []time.Duration{0, 0}},
		{250 * time.Millisecond, []time.Duration{0, 0, 100 * time.Millisecond, 200 * time.Millisecond, 250 * time.Millisecond}},
	} {
		turns, _ := turnsOf(c.wait, "a", "b", "a")
		start := time.Unix(0, 0)
		var tried []time.Duration
		var order []int
		for now := start; turns.any(); {
			run, last := turns.next(now)
			switch {
			case run == nil:
				now = turns.nextTry()
				continue
			case run.instance == "b":
				turns.passed(run)
			case last:
				turns.passed(run)
			default:
				turns.foundLocked(run, now)
			}
			order = append(order, run.index)
			if run.index == 0 {
				tried = append(tried, now.Sub(start))
			}
		}
		if !slices.Equal(tried, c.want) {
			t.Errorf("wait %s: tried at %v, want %v", c.wait, tried, c.want)
		}
		if order[0] != 0 || order[1] != 1 || order[len(order)-1] != 2 {
			t.Errorf("wait %s: order %v", c.wait, order)
		}
	}
}
