package bench_test

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var morePlans = flag.Int("plans", 0, "also a folder of this many plans")

// A pass over a folder in which there is nothing to do: the CPU of each plan is the
// same for 10 and for 2,000. Plans whose last backup is restored need no request.
func BenchmarkFolder(b *testing.B) {
	for _, state := range []string{"restored", "running"} {
		for _, plans := range []int{10, 100, 1000, 2000, *morePlans} {
			if plans == 0 {
				continue
			}
			b.Run(fmt.Sprintf("%d plans, %s", plans, state), func(b *testing.B) {
				w := newWorld(b, shape{plans: plans, steps: 2, restoreTime: time.Hour})
				w.restore(state == "running")
				var all costs
				for b.Loop() {
					all = append(all, spend(b, w.env, migplan(b), "apply", w.folder))
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(all.median(cpu), "ms-CPU")
				b.ReportMetric(all.median(cpu)/float64(plans), "ms-CPU/plan")
				b.ReportMetric(all.median(wall), "ms-wall")
				b.ReportMetric(all.median(peak), "MiB-peak")
				b.ReportMetric(float64(w.requests.Load())/float64(len(all)), "requests")
			})
		}
	}
}
