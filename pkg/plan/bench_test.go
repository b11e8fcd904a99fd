package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/pkg/plan"
)

// planOf is a plan of n backups and the cutover.
func planOf(n int) []byte {
	var b strings.Builder
	b.WriteString(base[:strings.Index(base, "  - incremental")])
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "  - incremental: LOG/2027-03-01/ims_log%06d.bak\n", i)
	}
	b.WriteString("  - cutover\n")
	return []byte(b.String())
}

// compile turns a plan file into the bytes of its requests.
func compile(tb testing.TB, data []byte) int {
	p, ds := plan.Load("bench.yaml", data)
	if p == nil || len(ds) > 0 {
		tb.Fatal(ds)
	}
	all := steps(tb, p)
	for _, s := range all {
		if _, err := s.Request(1); err != nil {
			tb.Fatal(err)
		}
	}
	return len(all)
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			data := planOf(n)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				compile(b, data)
			}
		})
	}
}

// BenchmarkYAMLNode measures yaml.v3 alone on the same files.
func BenchmarkYAMLNode(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			data := planOf(n)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				var node yaml.Node
				if err := yaml.Unmarshal(data, &node); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompileByYAMLNode alternates both, so that a busy machine slows both
// equally, and reports the ratio.
func BenchmarkCompileByYAMLNode(b *testing.B) {
	data := planOf(1000)
	var whole, node time.Duration
	for b.Loop() {
		start := time.Now()
		compile(b, data)
		whole += time.Since(start)
		start = time.Now()
		var n yaml.Node
		if err := yaml.Unmarshal(data, &n); err != nil {
			b.Fatal(err)
		}
		node += time.Since(start)
	}
	b.ReportMetric(float64(whole)/float64(node), "times")
}

// Work must grow linearly with the file. Allocations measure it independently of
// the load of the machine.
func TestCompileGrowsLinearly(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations differ under the race detector")
	}
	allocations := func(n int) float64 {
		data := planOf(n)
		return testing.AllocsPerRun(1, func() { compile(t, data) })
	}
	if small, large := allocations(1000), allocations(10_000); large > 12*small {
		t.Errorf("1,000 backups take %.0f allocations, 10,000 take %.0f", small, large)
	}
}
