package bench_test

import (
	"fmt"
	"testing"
	"time"
)

// A pass with nothing to do, next to a client that asks for one job: at most five
// times its CPU, and 48 MiB.
func BenchmarkNothingToDo(b *testing.B) {
	for _, steps := range []int{4, 1001} {
		for _, state := range []string{"restored", "running"} {
			b.Run(fmt.Sprintf("%d steps, %s", steps, state), func(b *testing.B) {
				w := newWorld(b, shape{plans: 1, steps: steps, restoreTime: time.Hour})
				job := w.restore(state == "running")[w.plans[0].Chain()]
				var ours, theirs costs
				for b.Loop() {
					ours = append(ours, spend(b, w.env, migplan(b), "apply", w.file(0)))
					theirs = append(theirs, spend(b, w.env, bare(b), "get", w.url+path+"/"+job))
				}
				compare(b, ours, theirs)
				b.ReportMetric(float64(int(w.requests.Load())-len(theirs))/float64(len(ours)), "requests")
			})
		}
	}
}

// Planning log backups, next to a client that marshals as many requests and prints
// them: at most ten times its CPU for 1,000, and linear.
func BenchmarkPlan(b *testing.B) {
	for _, bodies := range []string{"next", "raw"} {
		for _, steps := range []int{1000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%d steps, bodies %s", steps, bodies), func(b *testing.B) {
				w := newWorld(b, shape{plans: 1, steps: steps})
				var ours, theirs costs
				for b.Loop() {
					ours = append(ours, spend(b, w.env, migplan(b), "plan", "--bodies", bodies, w.file(0)))
					theirs = append(theirs, spend(b, w.env, bare(b), "dry", fmt.Sprint(steps)))
				}
				compare(b, ours, theirs)
			})
		}
	}
}
