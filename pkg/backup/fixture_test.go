package backup

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

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
func large(p backuptest.File, size int64) *sparse {
	all, addresses := p.Layout()
	head := backuptest.Length(all[:3]) // TAPE, SFMB, and the front up to the first page
	var front, tail []byte
	for i, piece := range all {
		if i < 3 {
			front = append(front, piece.Data...)
		} else {
			tail = append(tail, piece.Data...)
		}
	}
	grown := (size - int64(head+len(tail)) + 511) / 512 * 512
	stream := backuptest.StreamHead("MQDA", uint64(8192+grown))
	copy(front[len(front)-22:], stream)
	if len(addresses) != 1 {
		panic("one set only")
	}
	at := int64(head) + grown
	return &sparse{size: at + int64(len(tail)), parts: map[int64][]byte{0: front, at: tail}}
}
