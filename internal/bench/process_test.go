package bench_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// programs has the folder of the built programs, once a benchmark needs them.
var programs struct {
	sync.Mutex
	dir   string
	built map[string]bool
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if programs.dir != "" {
		_ = os.RemoveAll(programs.dir)
	}
	os.Exit(code)
}

const module = "github.com/migplan/migplan/"

// program builds a command of this module once and returns its path.
func program(b *testing.B, source string) string {
	b.Helper()
	programs.Lock()
	defer programs.Unlock()
	if programs.dir == "" {
		dir, err := os.MkdirTemp("", "migplan-bench-")
		if err != nil {
			b.Fatal(err)
		}
		programs.dir, programs.built = dir, map[string]bool{}
	}
	path := filepath.Join(programs.dir, filepath.Base(source))
	if !programs.built[source] {
		if out, err := exec.Command("go", "build", "-o", path, module+source).CombinedOutput(); err != nil {
			b.Fatalf("building %s: %v\n%s", source, err, out)
		}
		programs.built[source] = true
	}
	return path
}

func migplan(b *testing.B) string { return program(b, "cmd/migplan") }
func bare(b *testing.B) string    { return program(b, "internal/bench/bare") }

// cost is what a process cost, as bare measure prints it.
type cost struct {
	CPU     time.Duration `json:"cpu"`
	Wall    time.Duration `json:"wall"`
	PeakKiB int64         `json:"peak_kib"`
	Code    int           `json:"code"`
	Stdout  string        `json:"stdout"`
	Stderr  string        `json:"stderr"`
}

// spend runs a command with nothing in its environment but env. It must exit with 0.
func spend(b *testing.B, env []string, argv ...string) (c cost) {
	b.Helper()
	cmd := exec.Command(bare(b), append([]string{"measure"}, argv...)...)
	cmd.Env = env
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err != nil || c.Code != 0 {
		b.Fatalf("%v: %v, exit %d\n%s%s", argv, err, c.Code, c.Stdout, c.Stderr)
	}
	return c
}

// costs are those of the runs of one command.
type costs []cost

func (all costs) median(of func(cost) float64) float64 {
	var values []float64
	for _, c := range all {
		values = append(values, of(c))
	}
	return median(values)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func cpu(c cost) float64  { return c.CPU.Seconds() * 1000 }
func wall(c cost) float64 { return c.Wall.Seconds() * 1000 }
func peak(c cost) float64 { return float64(c.PeakKiB) / 1024 }

// compare reports the medians of two commands that ran in turn, and the median of
// the ratios of each pair.
func compare(b *testing.B, ours, theirs costs) {
	var ratios []float64
	for i := range ours {
		ratios = append(ratios, cpu(ours[i])/cpu(theirs[i]))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratios), "times-CPU")
	b.ReportMetric(ours.median(wall)/theirs.median(wall), "times-wall")
	b.ReportMetric(ours.median(cpu), "ms-CPU")
	b.ReportMetric(theirs.median(cpu), "ms-CPU-bare")
	b.ReportMetric(ours.median(peak), "MiB-peak")
	b.ReportMetric(theirs.median(peak), "MiB-peak-bare")
}

// inMemory is a folder in memory where there is one: a sync costs the same on every
// machine then, which is nothing.
func inMemory(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "migplan-bench-")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func write(b *testing.B, file, text string) {
	b.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(fmt.Errorf("writing a plan: %w", err))
	}
}
