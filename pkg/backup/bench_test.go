package backup

import (
	"fmt"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// longChain is a full and n logs, with as many files of another database and
// as many later ones beside it.
func longChain(n int) ([]Backup, Options) {
	chain := []Backup{full()}
	var others []Backup
	for i := range n {
		chain = append(chain, logOf(20+i, 21+i, func(s *Set) { s.BackupSetGUID = GUID{1, byte(i), byte(i >> 8), byte(i >> 16)} }))
		others = append(others, logOf(20+i, 21+i, family(familyB)), logOf(20+n+i, 21+n+i))
	}
	return chain, Options{Database: "ims", Others: others}
}

func BenchmarkCheckChain(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			chain, options := longChain(n)
			b.ReportAllocs()
			for b.Loop() {
				if all := CheckChain(chain, options); len(all) != n {
					b.Fatal(len(all), all[0])
				}
			}
		})
	}
}

// Allocations are a measure of the work that a busy machine does not change.
func TestCheckChainGrowsLinearly(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations differ under the race detector")
	}
	allocations := func(n int) float64 {
		chain, options := longChain(n)
		return testing.AllocsPerRun(1, func() { CheckChain(chain, options) })
	}
	if small, large := allocations(1000), allocations(10_000); large > 12*small {
		t.Errorf("1,000 sets take %.0f allocations, 10,000 take %.0f", small, large)
	}
}

func BenchmarkRead(b *testing.B) {
	for name, file := range map[string]*sparse{
		"plain": large(backuptest.Sample(), 1<<30), "compressed": bigContainer(backuptest.Sample(), 1<<30),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m, err := Read(file, file.size)
				if err != nil || !m.Complete {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(file.reads)/float64(b.N), "requests")
			b.ReportMetric(float64(file.bytes)/float64(b.N), "bytes")
		})
	}
	for name, data := range samples() {
		b.Run(fmt.Sprint("small ", name), func(b *testing.B) {
			for b.Loop() {
				if _, err := read(b, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
