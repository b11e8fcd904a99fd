package executor

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// looks polls a job of a length in virtual time. It returns how long after the job's
// end that was noticed, and how many requests it took.
func looks(length, expected time.Duration) (gap time.Duration, requests int) {
	at := time.Duration(0)
	for at < length {
		at += NextLook(at, expected)
		requests++
	}
	return at - length, requests
}

func TestNextLookFindsTheEndSoonWithFewRequests(t *testing.T) {
	for _, c := range []struct {
		name     string
		length   time.Duration
		known    bool
		gap      time.Duration // the median at most
		requests int           // the most at most
	}{
		{"0.5 s, unknown", 500 * time.Millisecond, false, 100 * time.Millisecond, 9},
		{"0.5 s, known", 500 * time.Millisecond, true, 100 * time.Millisecond, 9},
		{"30 s, unknown", 30 * time.Second, false, 8 * time.Second, 18},
		{"30 s, known", 30 * time.Second, true, time.Second, 40},
		{"20 min, unknown", 20 * time.Minute, false, 16 * time.Second, 80},
		{"20 min, known", 20 * time.Minute, true, 2 * time.Second, 60},
		{"6 h, known", 6 * time.Hour, true, 16 * time.Second, 750},
	} {
		rng := rand.New(rand.NewPCG(1, 2))
		var gaps []time.Duration
		most := 0
		for range 500 {
			expected, spread := time.Duration(0), 0.5
			if c.known {
				expected, spread = c.length, 0.02
			}
			length := time.Duration(float64(c.length) * (1 - spread + 2*spread*rng.Float64()))
			gap, requests := looks(length, expected)
			gaps, most = append(gaps, gap), max(most, requests)
		}
		slices.Sort(gaps)
		t.Logf("%-16s gap %v in the median, %v at most, %d requests at most", c.name, gaps[250], gaps[499], most)
		if gaps[250] > c.gap || most > c.requests {
			t.Errorf("%s: gap %v, %d requests; want at most %v and %d", c.name, gaps[250], most, c.gap, c.requests)
		}
	}
}

func TestNextLookStaysWithinBounds(t *testing.T) {
	for _, elapsed := range []time.Duration{-time.Hour, 0, time.Nanosecond, time.Second, time.Hour, 1 << 62} {
		for _, expected := range []time.Duration{0, time.Nanosecond, time.Second, 24 * time.Hour, 1 << 62} {
			if got := NextLook(elapsed, expected); got < shortestWait || got > longestWait {
				t.Errorf("NextLook(%v, %v) = %v", elapsed, expected, got)
			}
		}
	}
}

func TestExpectedIsTheMedianOfTheLastSteps(t *testing.T) {
	s := time.Second
	for _, c := range []struct {
		took []time.Duration
		want time.Duration
	}{
		{nil, 0},
		{[]time.Duration{4 * s}, 4 * s},
		{[]time.Duration{4 * s, 2 * s}, 2 * s},
		{[]time.Duration{90 * s, 90 * s, 90 * s, 90 * s, 1 * s, 2 * s, 900 * s, 2 * s, 3 * s}, 2 * s},
	} {
		before := slices.Clone(c.took)
		if got := Expected(c.took); got != c.want || !slices.Equal(before, c.took) {
			t.Errorf("Expected(%v) = %v, want %v", before, got, c.want)
		}
	}
}
