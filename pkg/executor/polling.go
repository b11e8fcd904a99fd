package executor

import (
	"slices"
	"time"
)

// The bounds of the time between two looks at a running job.
const (
	shortestWait = 75 * time.Millisecond
	longestWait  = 30 * time.Second
)

// NextLook returns how long to wait before the next look at a job that has run for
// elapsed and is expected to take as long as expected; 0 where nothing is known.
//
// A job of unknown length is looked at often at first: each wait is half of the time
// that has passed, up to 30 s. Where the length is known, the waits are short near
// the expected end, one 650th of it, and grow with the distance from it, but never
// beyond what an unknown job gets: a job may fail early or take far longer. A
// negative elapsed time means that the clock was set back: the wait is the longest.
func NextLook(elapsed, expected time.Duration) time.Duration {
	if elapsed < 0 {
		return longestWait
	}
	wait := elapsed / 2
	if expected > 0 {
		distance := (elapsed - expected).Abs()
		wait = max(expected/650, distance/4)
	}
	return min(max(wait, shortestWait), longestWait)
}

// Expected returns how long a step is likely to take: the median of the last steps
// of its kind in the chain, since log backups of one database differ little in size,
// and a single long one says nothing about the next.
func Expected(took []time.Duration) time.Duration {
	const last = 5
	if len(took) > last {
		took = took[len(took)-last:]
	}
	return median(took)
}

// median is the lower one of an even number, 0 of none.
func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)-1)/2]
}
