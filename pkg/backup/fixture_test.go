package backup

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// The GUIDs of the tests: no two parts alike, so that a wrong byte order shows.
const (
	guidMedia   = "01020304-0506-0708-090A-0B0C0D0E0F10"
	guidSet     = "A1A2A3A4-A5A6-A7A8-A9AA-ABACADAEAFB0"
	guidBinding = "B1B2B3B4-B5B6-B7B8-B9BA-BBBCBDBEBFC0"
	guidFork    = "C1C2C3C4-C5C6-C7C8-C9CA-CBCCCDCECFD0"
	guidOldFork = "D1D2D3D4-D5D6-D7D8-D9DA-DBDCDDDEDFE0"
	guidFull    = "E1E2E3E4-E5E6-E7E8-E9EA-EBECEDEEEFF0"
	guidFamily  = "F1F2F3F4-F5F6-F7F8-F9FA-FBFCFDFEFF01"
	guidBase    = "11121314-1516-1718-191A-1B1C1D1E1F20"
	guidUnique  = "21222324-2526-2728-292A-2B2C2D2E2F30"
)

// paperOf is a file with one full backup of a SQL Server 2017 database.
func paperOf() paper {
	h := paperHeader{
		letter: 'D', flags: 0x210, first: lsn3{42, 8512, 37}, last: lsn3{42, 8536, 1}, checkpoint: lsn3{42, 8512, 36},
		backup: lsn3{41, 7000, 3}, forkPoint: lsn3{20, 243, 1}, chainStart: lsn3{19, 215, 1}, base: lsn3{9, 9, 9},
		status: 0x10000, major: 14, build: 3456, database: "ims", server: `HOST\SQL`,
		fork: guidFork, oldFork: guidOldFork, binding: guidBinding, backupGUID: guidFull, family: guidFamily, baseGUID: guidBase,
		compatibility: 140, version: 869, created: date6{2019, 2, 3, 4, 5, 6}, started: date6{2027, 2, 28, 21, 44, 59},
	}
	tail := h
	tail.finished, tail.size, tail.compressed = date6{2027, 2, 28, 21, 45, 2}, 500_000, 500_000
	return paper{
		media: paperMedia{mark: 512, unit: 512, familyID: 0x51423344, mediaSet: guidMedia, stripes: 1, stripe: 1},
		sets: []paperSet{{
			position: 1, name: "ims full", user: `CORP\dba`, machine: "HOST", description: "nightly",
			started: date6{2027, 2, 28, 21, 44, 59}, zone: 32, setGUID: guidSet, layout: 0x190, front: h, tail: tail, pages: 2,
			files: []paperFile{
				{id: 1, kind: 1, group: 1, size: 8 << 20, logical: "ims", physical: `D:\data\ims.mdf`, groupName: "PRIMARY", unique: guidUnique},
				{id: 3, kind: 1, group: 2, size: 5 << 30, logical: "ims_2", physical: `E:\data\ims_2.ndf`, groupName: "ARCHIVE", baseLSN: lsn3{1, 2, 3}, baseGUID: guidBase},
				{id: 2, kind: 2, size: 1 << 20, logical: "ims_log", physical: `L:\log\ims.ldf`},
			},
		}},
	}
}

// provisional2019 changes the LSNs of the front as SQL Server 2019 does.
func (p paper) provisional2019() paper {
	s := &p.sets[0]
	s.front.major, s.tail.major = 15, 15
	s.front.first, s.front.last, s.front.checkpoint = lsn3{42, 8000, 5}, lsn3{42, 8100, 1}, lsn3{42, 8000, 5}
	return p
}

// read reads bytes, and holds the reader to its bounds.
func read(t testing.TB, data []byte) (*Media, error) {
	t.Helper()
	return readAt(t, bytes.NewReader(data), int64(len(data)))
}

type readerAt interface {
	ReadAt(p []byte, off int64) (int, error)
}

func readAt(t testing.TB, r readerAt, size int64) (*Media, error) {
	t.Helper()
	m, err := Read(r, size)
	switch {
	case err == nil && (m == nil || len(m.Sets) == 0):
		t.Fatal("no set and no error")
	case err == nil && (m.Requests > maxRequests || m.BytesRead > maxBytes):
		t.Fatalf("%d requests, %d bytes", m.Requests, m.BytesRead)
	case err == nil && m.Complete != (m.Incomplete == ""):
		t.Fatalf("Complete is %v and Incomplete %q", m.Complete, m.Incomplete)
	case err != nil && m != nil:
		t.Fatal("both a media and an error")
	}
	if err == nil && m.Complete {
		for _, s := range m.Sets {
			if s.Provisional {
				t.Fatal("complete, with a provisional set")
			}
		}
	}
	return m, err
}

func mustRead(t testing.TB, data []byte) *Media {
	t.Helper()
	m, err := read(t, data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reason is that of an UnreadableError, or what else the error is.
func reason(err error) Reason {
	var e *UnreadableError
	if errors.As(err, &e) {
		return e.Reason
	}
	return Reason(fmt.Sprint(err))
}

// sparse is a file with bytes at some places and zeros elsewhere.
type sparse struct {
	size  int64
	parts map[int64][]byte
	reads int
	bytes int64
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	s.reads++
	s.bytes += int64(len(p))
	clear(p)
	for at, part := range s.parts {
		for i := max(off, at); i < min(off+int64(len(p)), at+int64(len(part))); i++ {
			p[i-off] = part[i-at]
		}
	}
	return len(p), nil
}

// large is a file whose first data stream is as long as it takes to make the
// file size bytes or a little more.
func large(p paper, size int64) *sparse {
	all, addresses := p.layout()
	head := length(all[:3]) // TAPE, SFMB, and the front up to the first page
	var front, tail []byte
	for i, piece := range all {
		if i < 3 {
			front = append(front, piece.data...)
		} else {
			tail = append(tail, piece.data...)
		}
	}
	grown := (size - int64(head+len(tail)) + 511) / 512 * 512
	stream := streamHead("MQDA", uint64(8192+grown))
	copy(front[len(front)-22:], stream)
	if len(addresses) != 1 {
		panic("one set only")
	}
	at := int64(head) + grown
	return &sparse{size: at + int64(len(tail)), parts: map[int64][]byte{0: front, at: tail}}
}
