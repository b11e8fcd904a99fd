package backup

import (
	"errors"
	"fmt"
	"io"
)

// What is read of one file at most. A file with one set takes two reads of
// 64 KiB; the limits are for what lies about itself.
const (
	maxRequests = 2048
	maxBytes    = 64 << 20
	maxWindows  = 16 // held at a time
)

// readAhead bytes are read in addition to those asked for: they are needed next.
const readAhead = 16 << 10

// viewer gives bytes of a stream by their place in it. What it gives may not
// be changed and is valid until the stream is dropped.
type viewer interface {
	// view gives exactly n bytes, or errPastEnd.
	view(off int64, n int) ([]byte, error)
	// end reports that the stream ends at off and not after it.
	end(off int64) bool
}

// memory is a stream that is all there.
type memory []byte

func (m memory) view(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || int64(n) > int64(len(m))-off {
		return nil, errPastEnd
	}
	return m[off : off+int64(n) : off+int64(n)], nil
}

func (m memory) end(off int64) bool { return off == int64(len(m)) }

// readError is an answer of the io.ReaderAt: nothing follows from it about the
// file, so no other way of reading is tried after it.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// source is the file: the windows of it that were read, and what they cost.
type source struct {
	r        io.ReaderAt
	size     int64
	windows  []window
	requests int
	bytes    int64
	failed   error // the first readError: it ends the whole reading
	sums     checksums
}

type window struct {
	off  int64
	data []byte
}

func (w window) endOff() int64 { return w.off + int64(len(w.data)) }

func (s *source) end(off int64) bool { return off == s.size }

func (s *source) view(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || int64(n) > s.size-off {
		return nil, errPastEnd
	}
	need := off + int64(n)
	for _, w := range s.windows {
		if w.off <= off && need <= w.endOff() {
			return w.data[off-w.off : need-w.off : need-w.off], nil
		}
	}
	return s.fetch(off, need)
}

// fetch reads what no window holds of [off, need), and a little more.
func (s *source) fetch(off, need int64) ([]byte, error) {
	var front, back []byte
	lo, hi := off, min(s.size, need+readAhead)
	for _, w := range s.windows {
		switch {
		case w.off <= off && lo < w.endOff():
			front, lo = w.data[off-w.off:], w.endOff()
		case w.off < hi && need <= w.endOff() && w.off > off:
			back, hi = w.data, w.off
		}
	}
	if lo > hi { // the two windows overlap: no byte is missing between them
		back, hi = back[lo-hi:], lo
	}
	middle, err := s.request(lo, hi)
	if err != nil {
		return nil, err
	}
	data := append(append(front[:len(front):len(front)], middle...), back...)
	s.hold(window{off, data})
	return data[: need-off : need-off], nil
}

func (s *source) hold(w window) {
	if len(s.windows) == maxWindows {
		s.windows = s.windows[1:]
	}
	s.windows = append(s.windows, w)
}

// request reads [lo, hi) once.
func (s *source) request(lo, hi int64) ([]byte, error) {
	if s.failed != nil || lo == hi {
		return nil, s.failed
	}
	if s.requests >= maxRequests || s.bytes+hi-lo > maxBytes {
		return nil, errLimit
	}
	s.requests++
	s.bytes += hi - lo
	data := make([]byte, hi-lo)
	n, err := s.r.ReadAt(data, lo)
	if n == len(data) {
		return data, nil
	}
	s.failed = &readError{short(lo, hi, n, err)}
	return nil, s.failed
}

// short is the error of a read that gave fewer bytes than the size promises.
func short(lo, hi int64, n int, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read bytes %d to %d: got %d: %w", lo, hi-1, n, err)
}
