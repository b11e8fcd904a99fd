package bench_test

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

// A full backup and ten log backups of half a second each, next to a client that
// asks every 50 ms and to Huawei's SDK at one second.
func BenchmarkRestores(b *testing.B) {
	sdk := program(b, "internal/bench/testdata/sdk")
	for _, client := range []string{"migplan", "bare, 50 ms", "SDK, 1 s"} {
		b.Run(client, func(b *testing.B) {
			var all costs
			var requests int64
			for b.Loop() {
				w := newWorld(b, shape{plans: 1, steps: 11, restoreTime: 500 * time.Millisecond})
				switch client {
				case "migplan":
					all = append(all, spend(b, w.env, migplan(b), "apply", "--wait", w.file(0)))
				case "bare, 50 ms":
					all = append(all, spend(b, w.env, bare(b), "submit", w.url+path, w.bodies(0), "50ms"))
				default:
					all = append(all, spend(b, w.env, sdk, "submit", w.url, w.bodies(0), "1s"))
				}
				requests += w.requests.Load()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(all.median(wall)/1000, "s-wall")
			b.ReportMetric(float64(requests)/float64(len(all)), "requests")
			b.ReportMetric(all.median(cpu), "ms-CPU")
			b.ReportMetric(all.median(peak), "MiB-peak")
		})
	}
}

var fleet = flag.Int("fleet", 40, "how many plans of 20 steps BenchmarkFleet restores")

// Plans of 20 steps of 200 ms on 8 and on 100 instances. No run can be faster than
// the steps on the busiest instance, one after another.
func BenchmarkFleet(b *testing.B) {
	const steps, restoreTime = 20, 200 * time.Millisecond
	for _, instances := range []int{8, 100} {
		b.Run(fmt.Sprintf("%d plans on %d instances", *fleet, instances), func(b *testing.B) {
			var all costs
			var requests int64
			for b.Loop() {
				w := newWorld(b, shape{plans: *fleet, steps: steps, instances: instances, restoreTime: restoreTime})
				all = append(all, spend(b, w.env, migplan(b), "apply", "--wait", "--parallel", "100", w.folder))
				requests += w.requests.Load()
			}
			jobs := float64(*fleet * steps)
			busiest := (*fleet + instances - 1) / instances * steps
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(all.median(wall)/1000, "s-wall")
			b.ReportMetric((time.Duration(busiest) * restoreTime).Seconds(), "s-bound")
			b.ReportMetric(float64(requests)/float64(len(all))/jobs, "requests/job")
			b.ReportMetric(all.median(cpu)/jobs, "ms-CPU/job")
			b.ReportMetric(all.median(peak), "MiB-peak")
		})
	}
}
