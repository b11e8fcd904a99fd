package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// Beside a journal, even one that is cut off or damaged, a reader finds the same
// events as the next writer.
func TestReaderAndNextWriterRollBackToTheSameState(t *testing.T) {
	hot, _ := interrupted(t)
	database, err := os.ReadFile(filepath.Join(hot, fileName))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(hot, fileName+"-journal"))
	if err != nil {
		t.Fatal(err)
	}
	temporaryFolder(t, inMemory(t))
	dir, compared := t.TempDir(), 0
	for name, journal := range damagedJournals(whole) {
		got, err := snapshot{database, journal}.lastCommitted(context.Background(), "ledger")
		if err != nil {
			continue // SQLite would make a file of any size
		}
		compared++
		if want := recovered(t, dir, database, journal); !bytes.Equal(got, want) {
			t.Errorf("%s: differs from SQLite (%d and %d bytes)", name, len(got), len(want))
		}
	}
	if compared < 100 {
		t.Errorf("only %d compared", compared)
	}
}

func damagedJournals(whole []byte) map[string][]byte {
	journals := map[string][]byte{"whole": whole}
	random := rand.New(rand.NewPCG(1, 2))
	second := bytes.LastIndex(whole, []byte(journalMagic))
	cuts := []int{1, 7, 8, 27, 28, 511, 512, 513, 516, 4612, 4619, 4620, second, second + 28, second + 512, len(whole) - 1}
	for range 20 {
		cuts = append(cuts, random.IntN(len(whole)))
	}
	for _, n := range cuts {
		journals[fmt.Sprint("cut at ", n)] = whole[:n]
	}
	for n := range 24 { // magic, count, nonce, pages, sector; the page size is tried below
		journals[fmt.Sprint("header byte ", n)] = flipped(whole, n)
		journals[fmt.Sprint("second header byte ", n)] = flipped(whole, second+n)
	}
	for range 40 {
		n := 512 + random.IntN(len(whole)-512)
		journals[fmt.Sprint("byte ", n)] = flipped(whole, n)
	}
	zero := bytes.Clone(whole)
	clear(zero[:28])
	journals["header zeroed, as after journal_mode=persist"] = zero
	unsynced := bytes.Clone(whole)
	binary.BigEndian.PutUint32(unsynced[8:], 0)
	journals["count zero, as before the first sync"] = unsynced
	toEnd := bytes.Clone(whole)
	binary.BigEndian.PutUint32(toEnd[8:], 0xffffffff)
	journals["count to the end"] = toEnd
	for _, size := range []uint32{1, 256, 1 << 17, 4097} {
		odd := bytes.Clone(whole)
		binary.BigEndian.PutUint32(odd[24:], size)
		journals[fmt.Sprint("page size ", size)] = odd
	}
	return journals
}

func flipped(b []byte, n int) []byte {
	b = bytes.Clone(b)
	b[n] ^= 1
	return b
}

// recovered lets SQLite roll back the journal, and returns the file.
func recovered(t *testing.T, dir string, database, journal []byte) []byte {
	t.Helper()
	path := filepath.Join(dir, fileName)
	write(t, path, string(database))
	write(t, path+"-journal", string(journal))
	db, err := connect(fileDSN(path, "rw"))
	if err != nil {
		t.Fatal(err)
	}
	// An error says that the result is not a sound database; it stays the result.
	_, _ = column(context.Background(), db, "select count(*) from sqlite_schema")
	db.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// No journal makes a reader fail without an error, or read more than the two
// files hold.
func FuzzLastCommitted(f *testing.F) {
	dir, _ := interrupted(f)
	database, _ := os.ReadFile(filepath.Join(dir, fileName))
	journal, _ := os.ReadFile(filepath.Join(dir, fileName+"-journal"))
	f.Add(database, journal)
	f.Add(database, journal[:600])
	f.Add([]byte{}, journal)
	huge := bytes.Clone(journal)
	binary.BigEndian.PutUint32(huge[16:], 0xffffffff)
	f.Add(database, huge)
	f.Fuzz(func(t *testing.T, database, journal []byte) {
		got, _ := snapshot{database, journal}.lastCommitted(context.Background(), "ledger")
		if len(got) > len(database)+len(journal) {
			t.Errorf("%d bytes out of %d and %d", len(got), len(database), len(journal))
		}
	})
}
