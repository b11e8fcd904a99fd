package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

var all = flag.Bool("all", false, "try every prefix and every bit of the ledger's files, not a sample of them")

// files are a ledger on disk; without a journal no transaction is open.
type files struct{ database, journal []byte }

// history is what a ledger says: the events of the chains A and B.
type history [2][]Event

// damage changes the files of a ledger.
type damage struct {
	name string
	do   func(files) files
}

// damages are every prefix and every flipped bit of one of the files.
func damages(name string, size int, change func(f files, do func([]byte) []byte) files) []damage {
	var out []damage
	for n := range size {
		out = append(out, damage{fmt.Sprintf("first %d bytes of the %s", n, name), func(f files) files {
			return change(f, func(b []byte) []byte { return b[:n] })
		}})
	}
	for n := range size * 8 {
		out = append(out, damage{fmt.Sprintf("bit %d of byte %d of the %s", n%8, n/8, name), func(f files) files {
			return change(f, func(b []byte) []byte {
				b = bytes.Clone(b)
				b[n/8] ^= 1 << (n % 8)
				return b
			})
		}})
	}
	return out
}

func inDatabase(f files, do func([]byte) []byte) files { return files{do(f.database), f.journal} }
func inJournal(f files, do func([]byte) []byte) files  { return files{f.database, do(f.journal)} }

// No prefix of the file and no flipped bit in it may change the history. Either
// the damage is detected, or the history is whole and can be appended to.
func TestEveryPrefixAndEveryBit(t *testing.T) {
	f, want := atRest(t)
	verdicts(t, f, damages("file", len(f.database), inDatabase), want)
}

// The same for a writer that died after its last write to the file and before it
// deleted its journal: the history is the one with the append or without it.
func TestEveryPrefixAndEveryBitOfAJournal(t *testing.T) {
	f, without, with := inACommit(t)
	verdicts(t, f, damages("journal", len(f.journal), inJournal), without, with)
	verdicts(t, f, damages("file beside a journal", len(f.database), inDatabase), without, with)
}

// atRest are the files of two chains, and their history.
func atRest(t *testing.T) (files, history) {
	t.Helper()
	l := mustOpen(t, t.TempDir())
	h := history{fill(t, l, chainA, 3), fill(t, l, chainB, 2)}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return files{database: contents(t, l.Path())}, h
}

// inACommit are the files of an append that was not finished: its pages are
// written and its journal is synced, but not deleted. What SQLite adds to a
// journal only in the commit is added here: the page with the counter of
// changes, and the header, which says that the records are synced.
func inACommit(t *testing.T) (f files, without, with history) {
	t.Helper()
	before, without := atRest(t)
	dir := t.TempDir()
	put(t, dir, before)
	l := mustOpen(t, dir)
	if _, err := sqlOf(l).Exec("begin immediate"); err != nil {
		t.Fatal(err)
	}
	e, err := l.Append(context.Background(), headOf(without[0]), testEvent(chainA, Accepted, 3))
	if err != nil {
		t.Fatal(err)
	}
	f.journal = contents(t, l.Path()+"-journal")
	if _, err := sqlOf(l).Exec("commit"); err != nil {
		t.Fatal(err)
	}
	f.database = contents(t, l.Path())

	const page = 4096
	first := before.database[:page]
	f.journal = append(binary.BigEndian.AppendUint32(f.journal, 1), first...)
	f.journal = binary.BigEndian.AppendUint32(f.journal, journalChecksum(first, binary.BigEndian.Uint32(f.journal[12:])))
	copy(f.journal, journalMagic)
	binary.BigEndian.PutUint32(f.journal[8:], uint32(len(f.journal)-512)/(page+8))
	image, err := snapshot(f).lastCommitted(context.Background(), l.Path())
	if err != nil || !bytes.Equal(image, before.database) {
		t.Fatalf("the journal does not undo the append: %v", err)
	}
	return f, without, history{append(slices.Clone(without[0]), e), without[1]}
}

// journalChecksum adds every 200th byte of a page, from the end, to the nonce.
func journalChecksum(page []byte, nonce uint32) uint32 {
	for i := len(page) - 200; i > 0; i -= 200 {
		nonce += uint32(page[i])
	}
	return nonce
}

// verdicts tries the damages on all processors, and counts how they end.
func verdicts(t *testing.T, f files, ds []damage, allowed ...history) {
	t.Helper()
	every := 1
	if !*all {
		every = 41 * sampleEvery
	}
	var next, tried, detected, whole atomic.Int64
	temporary := temporaryFolder(t, inMemory(t))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		dir := inMemory(t)
		wg.Go(func() {
			for i := int(next.Add(int64(every))) - every; i < len(ds); i = int(next.Add(int64(every))) - every {
				tried.Add(1)
				switch ok, err := survives(dir, ds[i].do(f), allowed); {
				case err != nil:
					t.Errorf("%s: %v", ds[i].name, err)
				case ok:
					whole.Add(1)
				default:
					detected.Add(1)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d damages tried: %d detected, %d without effect on the history, 0 other histories", tried.Load(), len(ds), detected.Load(), whole.Load())
	if names := listing(t, temporary); len(names) != 0 {
		t.Errorf("left in the temporary folder: %v", names)
	}
	if detected.Load() == 0 || whole.Load() == 0 {
		t.Error("the damages do not cover both results")
	}
}

// survives reports whether damaged files still give an allowed history, to a
// reader and to a writer, and take another event. The error says which forbidden
// history was accepted.
func survives(dir string, f files, allowed []history) (bool, error) {
	if err := place(dir, f); err != nil {
		return false, err
	}
	read, readErr := readAll(dir)
	written, last, writeErr := appendTo(dir)
	if readErr == nil && !slices.ContainsFunc(allowed, read.equal) {
		return false, fmt.Errorf("a reader accepts another history: %+v", read)
	}
	if writeErr != nil {
		return false, nil
	}
	if !slices.ContainsFunc(allowed, written.equal) {
		return false, fmt.Errorf("a writer accepts another history: %+v", written)
	}
	after := history{append(slices.Clone(written[0]), last), written[1]}
	if again, err := readAll(dir); err != nil || !again.equal(after) {
		return false, fmt.Errorf("after an append: %+v, %w", again, err)
	}
	return readErr == nil, nil
}

func (h history) equal(o history) bool { return reflect.DeepEqual(h, o) }

// readAll is what a reader finds.
func readAll(dir string) (history, error) {
	r, err := OpenReader(dir)
	if err != nil {
		return history{}, err
	}
	defer r.Close()
	return historyOf(r)
}

// appendTo is what a writer finds, and the event that it adds to chain A.
func appendTo(dir string) (history, Event, error) {
	l, err := Open(dir)
	if err != nil {
		return history{}, Event{}, err
	}
	defer l.Close()
	h, err := historyOf(l)
	if err != nil {
		return history{}, Event{}, err
	}
	e, err := l.Append(context.Background(), headOf(h[0]), testEvent(chainA, Refused, 4))
	return h, e, err
}

func historyOf(l *Ledger) (h history, err error) {
	var opened []Event
	for i, chain := range []string{chainA, chainB} {
		events, err := l.Events(context.Background(), chain)
		if err != nil {
			return h, err
		}
		h[i] = asAppended(events)
		opened = append(opened, h[i][:min(1, len(h[i]))]...)
	}
	got, err := l.Opened(context.Background())
	if err == nil && !reflect.DeepEqual(got, opened) {
		return history{got}, nil // what no ledger should say
	}
	return h, err
}

// inMemory is a folder where a sync costs nothing, if there is one.
func inMemory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "migplan-ledger-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// temporaryFolder makes dir the one for temporary files until the test ends.
func temporaryFolder(t *testing.T, dir string) string {
	t.Helper()
	t.Setenv("TMPDIR", dir)
	return dir
}

func put(t *testing.T, dir string, f files) {
	t.Helper()
	if err := place(dir, f); err != nil {
		t.Fatal(err)
	}
}

// place makes f the ledger in dir.
func place(dir string, f files) error {
	path := filepath.Join(dir, fileName)
	if err := os.WriteFile(path, f.database, 0o600); err != nil {
		return err
	}
	if f.journal == nil {
		return os.RemoveAll(path + "-journal")
	}
	return os.WriteFile(path+"-journal", f.journal, 0o600)
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
