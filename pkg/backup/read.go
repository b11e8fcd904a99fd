package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// headWindow is the first read of a file. The front of all files seen is in
// its first 14 KiB.
const headWindow = 64 << 10

// Read reads what a backup file of size bytes says of itself. It asks r for a
// few ranges at the beginning and at the end, two of 64 KiB for a file with
// one backup set, one after the other.
//
// A file in which no backup set can be read is an *UnreadableError. Any other
// error is r's. A file that breaks off after its first header is no error:
// Media.Complete is false then, and its last set is Provisional.
func Read(r io.ReaderAt, size int64) (*Media, error) {
	s := &source{r: r, size: size}
	m := &Media{Size: size}
	err := s.read(m)
	if s.failed != nil {
		return nil, s.failed
	}
	if err == nil && len(m.Sets) == 0 {
		err = unreadable(Damaged, "no backup set in it")
	}
	if err != nil {
		return nil, err
	}
	if m.Complete {
		m.doubt(s.sums)
	}
	m.Truncated = !m.Complete && !s.endsWithMark()
	if s.failed != nil {
		return nil, s.failed
	}
	m.Requests, m.BytesRead = s.requests, s.bytes
	return m, nil
}

// endsWithMark: every finished file ends with a filemark.
func (s *source) endsWithMark() bool {
	n := min(s.size, tailWindows[0])
	b, err := s.view(s.size-n, int(n))
	return err == nil && endsWithMark(b)
}

func (s *source) read(m *Media) error {
	if s.size <= 0 {
		return unreadable(Empty, "")
	}
	head, err := s.view(0, int(min(s.size, headWindow-readAhead)))
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte(containerMagic)):
		return s.readContainer(m, head)
	case isBlock(head) && string(head[:4]) == "TAPE":
		return s.readPlain(m)
	case isZero(head):
		return unreadable(Empty, "its first %d bytes are zeros", len(head))
	case bytes.HasPrefix(head, []byte("TAPE")) && len(head) < blockHeader:
		return unreadable(Truncated, "it has %d bytes", len(head))
	case bytes.HasPrefix(head, []byte("TAPE")):
		return unreadable(Damaged, "the checksum of its first block is wrong")
	}
	return unreadable(NotBackup, "%s", looksLike(head))
}

func (s *source) readPlain(m *Media) error {
	m.Container = MTF
	first, err := readTape(s, m)
	if err != nil {
		return explain(err, "its media header")
	}
	t, err := s.tailBefore(first, s.size)
	if err == nil && t.sets.claimed > maxSets {
		return unreadable(TooMuch, "its set map has %d backup sets, and %d are read at most", t.sets.claimed, maxSets)
	}
	if err == nil && s.byMap(m, first, t) {
		m.Complete = true
		return nil
	}
	return m.hop(s, first)
}

// byMap reads every set that the set map lists: its front at its address, its
// end before the next address. It reports false where anything does not fit.
func (s *source) byMap(m *Media, first int64, t tail) bool {
	all := t.sets.addresses
	if !t.sets.whole() || all[0] != first {
		return false
	}
	for i, address := range all {
		f, err := readFront(s, address)
		if err != nil || f.address != address || f.set.Position != i+1 {
			return false
		}
		own, end := t, s.size
		if i+1 < len(all) {
			end = all[i+1]
			if own, err = s.tailBefore(address, end); err != nil {
				return false
			}
		}
		isOther := !own.started.IsZero() && own.started != f.started
		if isOther || checkFront(f, nil, own.set) != nil || !s.fits(f.next, end) {
			return false
		}
		m.Sets = append(m.Sets, merge(f.set, &own.set))
	}
	return true
}

// fits: the first stream of the block after the header, the data, ends
// before the set does. Of the data, no more is looked at.
func (s *source) fits(off, end int64) bool {
	b, err := blockAt(s, off)
	if err != nil || b.kind == "SFMB" {
		return false
	}
	first, err := streamAt(s, off+int64(len(b.head)))
	return err == nil && first.off <= end && first.length <= end-first.off
}

// hop reads the sets from block to block. What it could not reach makes the
// media incomplete; no set at all is an error.
func (m *Media) hop(v viewer, first int64) error {
	m.Sets = nil
	h := &hopper{v: v, m: m}
	err := h.all(first)
	n := len(m.Sets)
	var header *headerError
	switch {
	case n == 0:
		return explain(err, "its first backup set")
	case err == nil:
		m.Complete = true
	case errors.As(err, &header):
		m.Incomplete = fmt.Sprintf("backup set %d: %v", n, header)
	case errors.Is(err, errLimit):
		m.Incomplete = fmt.Sprintf("it has more in it than is read of one file, behind the beginning of backup set %d", n)
	case h.trailing() > 0:
		m.Trailing = h.trailing()
		m.Incomplete = fmt.Sprintf("it has %s after the end of backup set %d: not a whole backup set", bytesText(m.Trailing), n)
	case errors.Is(err, errPastEnd) && m.Sets[n-1].Provisional:
		m.Incomplete = fmt.Sprintf("it ends inside backup set %d: it is truncated, or still being written", n)
	case errors.Is(err, errPastEnd):
		m.Incomplete = fmt.Sprintf("it ends behind the data of backup set %d, before its last block: it is truncated, or still being written", n)
	default:
		m.Incomplete = fmt.Sprintf("backup set %d has no valid end: at byte %d: %v", n, h.pos, err)
	}
	return nil
}

// readContainer reads a compressed file.
func (s *source) readContainer(m *Media, head []byte) error {
	m.Container = MSSQLBAK
	if err := supported(head); err != nil {
		return err
	}
	u := newUnpacker(s)
	first, err := readTape(u, m)
	if err != nil {
		return explain(err, "its media header")
	}
	u.filemark = m.filemark
	f, frontErr := readFront(u, first)
	t, err := s.chunkTail(m.filemark)
	isOne := err == nil && t.sets.claimed == 1 && f.off > 0 && checkFront(f, frontErr, t.set) == nil
	switch {
	case isOne:
		m.Sets, m.Complete = []Set{merge(f.set, &t.set)}, true
	case u.walk():
		err = m.hop(u, first)
	default:
		err = m.frontOnly(f, frontErr, t)
	}
	for i := range m.Sets {
		m.Sets[i].Compressed = true
	}
	return err
}

// frontOnly is for a large compressed file whose end does not fit: only its
// first set can be reached, and of that the front.
func (m *Media) frontOnly(f front, err error, t tail) error {
	if t.sets.claimed > 1 {
		return unreadable(TooMuch, "%d backup sets in one compressed file of %d bytes: only the first can be reached", t.sets.claimed, m.Size)
	}
	if err != nil {
		return explain(err, "its first backup set")
	}
	m.Sets = []Set{f.set}
	if other := checkFront(f, nil, t.set); t.sets.claimed == 1 && other != nil {
		m.Incomplete = other.Error()
		return nil
	}
	m.Incomplete = "the end of its backup set was not found: it is truncated, still being written, or of a kind not known here"
	return nil
}

// supported reads the header of the container.
func supported(head []byte) error {
	if len(head) < firstChunk {
		return unreadable(Truncated, "it has %d bytes", len(head))
	}
	version, bits := u32(head, containerVersion), u32(head, containerBits)
	switch {
	case bits&bitEncrypted != 0:
		return unreadable(Encrypted, "nothing in it can be read without the private key of its certificate")
	case bits&bitZstandard != 0:
		return unreadable(Unsupported, "compressed with ZSTD")
	case version != 2:
		return unreadable(Unsupported, "container version %d, and only 2 is known here", version)
	}
	return nil
}

func bytesText(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
