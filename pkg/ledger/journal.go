package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A rollback journal holds the old content of every page that a transaction
// has changed: https://www.sqlite.org/fileformat2.html, section 3. While it
// exists the transaction is not committed, so undoing it gives the last
// committed state, whether its writer is dead or only slow.

// committed returns the last committed state of the database at path, from
// reading alone. A writer may be at work meanwhile: only what was read alike
// twice in a row is believed.
func committed(path string) ([]byte, error) {
	s, err := settled(func() (snapshot, error) { return takeSnapshot(path) })
	if err != nil {
		return nil, fmt.Errorf("reading the ledger %s: %w: run again", path, err)
	}
	return s.undo(path)
}

// settled takes snapshots until two in a row agree: the file stood still in
// between, or the journal of one transaction covers what was changed.
func settled(take func() (snapshot, error)) (snapshot, error) {
	for range 200 {
		once, err := take()
		if err != nil {
			return snapshot{}, err
		}
		twice, err := take()
		if err != nil || once.equal(twice) {
			return twice, err
		}
		time.Sleep(time.Millisecond)
	}
	return snapshot{}, errKeepsWriting
}

// errKeepsWriting shows a writer that is alive, whose locks SQLite respects.
var errKeepsWriting = errors.New("another process keeps writing")

// hasJournal says that a transaction is going on, or was when its writer died.
func hasJournal(path string) bool {
	info, err := os.Stat(path + "-journal")
	return err == nil && info.Size() > 0
}

type snapshot struct{ database, journal []byte }

func takeSnapshot(path string) (s snapshot, err error) {
	if s.journal, err = readRegular(path + "-journal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return snapshot{}, err
	}
	s.database, err = readRegular(path)
	return s, err
}

func (s snapshot) equal(t snapshot) bool {
	return bytes.Equal(s.journal, t.journal) && bytes.Equal(s.database, t.database)
}

func (s snapshot) undo(path string) ([]byte, error) {
	image, err := undo(s.database, s.journal)
	if err != nil {
		return nil, brokenFile(path, err.Error())
	}
	return image, nil
}

const journalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

const journalHeaderSize = 28

// journalHeader begins a segment of a journal.
type journalHeader struct {
	records  uint32 // to the end of the file when all bits are set
	nonce    uint32
	pages    int64 // of the database before the transaction
	sector   int64 // a header takes a whole one
	pageSize int64
}

// parseJournalHeader reports false where SQLite sees no header and stops.
func parseJournalHeader(b []byte, sector int64) (h journalHeader, ok bool) {
	if int64(len(b)) < max(sector, journalHeaderSize) || string(b[:8]) != journalMagic {
		return h, false
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[i:]) }
	return journalHeader{word(8), word(12), int64(word(16)), int64(word(20)), int64(word(24))}, true
}

// plausible is what SQLite asks of the sizes in the first header; it does not
// look at those of the others.
func (h journalHeader) plausible() bool {
	return powerWithin(h.sector, 32, 65536) && powerWithin(h.pageSize, 512, 65536)
}

func powerWithin(n, low, high int64) bool { return n >= low && n <= high && n&(n-1) == 0 }

// undo returns the database as it was before the transaction in the journal,
// by the rules of SQLite's own recovery: everything up to the first record
// that is cut off or has a wrong checksum. A header that says no records was
// never synced, and then no page was changed. The database is overwritten.
func undo(database, journal []byte) ([]byte, error) {
	first, ok := parseJournalHeader(journal, 512)
	if !ok || !first.plausible() {
		return database, nil
	}
	size := first.pages * first.pageSize
	if size > int64(len(database)+len(journal)) {
		return nil, errors.New("the journal is of a larger file")
	}
	database = resize(database, size)
	for at := int64(0); ok; {
		var h journalHeader
		if h, ok = parseJournalHeader(tail(journal, at), first.sector); !ok {
			break
		}
		h.sector, h.pageSize = first.sector, first.pageSize
		var n int64
		n, ok = undoSegment(database, tail(journal, at+h.sector), h)
		at = roundUp(at+h.sector+n, h.sector)
	}
	return database, nil
}

// undoSegment plays the records behind one header back and returns their
// length, and false at a record that is not whole.
func undoSegment(database, b []byte, h journalHeader) (length int64, ok bool) {
	size := h.pageSize + 8
	count := int64(h.records)
	if h.records == 0xffffffff {
		count = int64(len(b)) / size
	}
	for i := range count {
		r := tail(b, i*size)
		if int64(len(r)) < size || !undoPage(database, r[:size], h.nonce) {
			return 0, false
		}
	}
	return count * size, true
}

// undoPage plays one record back: page number, content, checksum.
func undoPage(database, r []byte, nonce uint32) bool {
	page := r[4 : len(r)-4]
	number := int64(binary.BigEndian.Uint32(r))
	if number == 0 || journalChecksum(page, nonce) != binary.BigEndian.Uint32(r[len(r)-4:]) {
		return false
	}
	if at := (number - 1) * int64(len(page)); at < int64(len(database)) {
		copy(database[at:], page)
	}
	return true
}

// journalChecksum adds every 200th byte, from the end, to the nonce.
func journalChecksum(page []byte, nonce uint32) uint32 {
	for i := len(page) - 200; i > 0; i -= 200 {
		nonce += uint32(page[i])
	}
	return nonce
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

func tail(b []byte, at int64) []byte {
	return b[min(at, int64(len(b))):]
}

func roundUp(n, unit int64) int64 { return (n + unit - 1) / unit * unit }
