package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
	"github.com/migplan/migplan/pkg/plan"
)

// longChain is a full and n logs, each of 8 KiB.
func longChain(t testing.TB, n int) (*memory, *plan.Plan) {
	m := &memory{files: map[string][]byte{"p/ims.bak": full()}}
	var logs []string
	for i := range n {
		key := fmt.Sprintf("LOG/%04d.bak", i)
		logs = append(logs, key)
		m.files["p/"+key] = logFile(8530+10*i, 8540+10*i)
	}
	return m, planOf(t, logs...)
}

// What a file costs does not depend on its size.
func TestCostOfALargeFile(t *testing.T) {
	folder := t.TempDir()
	writeLarge(t, filepath.Join(folder, "ims.bak"), 1<<30)
	m := &counted{Store: Folder{Path: folder, Prefix: "p/"}}
	r := Check(t.Context(), planOf(t), m, Options{})
	if shown(r) != "" || len(r.Files) != 1 || r.Files[0].Object.Size < 1<<30 {
		t.Fatalf("%s %+v", shown(r), r.Files)
	}
	if m.opens != 1 || m.reads > 2 || m.bytes >= 1<<20 {
		t.Errorf("%d opened, %d reads of %d bytes", m.opens, m.reads, m.bytes)
	}
}

// counted counts what is asked of a store by one reader.
type counted struct {
	Store
	opens, reads int
	bytes        int64
}

func (c *counted) Open(ctx context.Context, key string) (File, error) {
	c.opens++
	f, err := c.Store.Open(ctx, key)
	return &countedFile{f, c}, err
}

type countedFile struct {
	File
	c *counted
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	f.c.reads++
	f.c.bytes += int64(len(p))
	return f.File.ReadAt(p, off)
}

// writeLarge writes a full backup whose data is a hole of the file.
func writeLarge(t testing.TB, path string, size int64) {
	t.Helper()
	pieces, _ := backuptest.Sample().Layout()
	front, tail := backuptest.Join(pieces[:3]), backuptest.Join(pieces[3:])
	grown := (size + 511) / 512 * 512
	copy(front[len(front)-22:], backuptest.StreamHead("MQDA", uint64(8192+grown)))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at, part := range map[int64][]byte{0: front, int64(len(front)) + grown: tail} {
		if _, err := f.WriteAt(part, at); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkCheck1000Files(b *testing.B) {
	m, p := longChain(b, 999)
	b.ReportAllocs()
	for b.Loop() {
		if r := check(b, p, m); len(r.Findings) > 0 {
			b.Fatal(shown(r))
		}
	}
	n := float64(b.N * 1000)
	b.ReportMetric(float64(m.reads.Load())/n, "reads/file")
	b.ReportMetric(float64(m.bytes.Load())/n, "bytes/file")
}

func BenchmarkCheck1000FilesInAFolder(b *testing.B) {
	m, p := longChain(b, 999)
	folder := b.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "LOG"), 0o700); err != nil {
		b.Fatal(err)
	}
	s := Folder{Path: folder, Prefix: "p/"}
	for key, data := range m.files {
		if err := os.WriteFile(s.Name(key), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if r := Check(b.Context(), p, s, Options{}); len(r.Findings) > 0 {
			b.Fatal(shown(r))
		}
	}
}
