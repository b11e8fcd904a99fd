package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf16"
)

// Microsoft Tape Format 1.00a: a file is a row of blocks, a block a header and
// a row of streams. All integers are little-endian.
const (
	sector          = 512 // blocks begin on its multiples
	blockHeader     = 52
	blockSum        = 0x32 // checksum, over the words in front of it
	firstStreamOff  = 0x08
	osDataOff       = 0x2e
	stringTypeOff   = 0x30
	streamHeader    = 22
	streamLength    = 8
	streamSum       = 20
	maxBlockStreams = 256
	maxStreamRead   = 4 << 20 // of a stream whose body is read
)

var (
	errNoBlock  = errors.New("no block with a valid checksum")
	errNoStream = errors.New("no stream with a valid checksum")
)

func u16(b []byte, off int) int    { return int(binary.LittleEndian.Uint16(b[off:])) }
func u32(b []byte, off int) uint32 { return binary.LittleEndian.Uint32(b[off:]) }
func u64(b []byte, off int) uint64 { return binary.LittleEndian.Uint64(b[off:]) }

// block is the descriptor block at off.
type block struct {
	kind string
	off  int64
	head []byte // up to its first stream; of a filemark, its header
	size int64  // of a filemark
}

// stream is one of a block's streams; its body is at off.
type stream struct {
	tag    string
	off    int64
	length int64
}

// blockAt reads the block at off, whose checksum must be right.
func blockAt(v viewer, off int64) (block, error) {
	head, err := v.view(off, blockHeader)
	if err != nil {
		return block{}, err
	}
	if !isBlock(head) {
		return block{}, errNoBlock
	}
	b := block{kind: string(head[:4]), off: off, head: head}
	first := u16(head, firstStreamOff)
	if b.kind == "SFMB" {
		b.size, err = filemarkSize(first)
		return b, err
	}
	if first < blockHeader {
		return block{}, fmt.Errorf("%s block: its first stream is at %d, inside its header", b.kind, first)
	}
	b.head, err = v.view(off, first)
	return b, err
}

// filemarkSize reads the size that a filemark says of itself. It has 16 bits,
// so a filemark of 64 KiB can only say 0.
func filemarkSize(said int) (int64, error) {
	switch {
	case said == 0:
		return 1 << 16, nil
	case said%sector != 0:
		return 0, fmt.Errorf("SFMB block: a filemark of %d bytes", said)
	}
	return int64(said), nil
}

// isBlock: four letters and the XOR of the 25 words. The checksum alone would
// take 52 zeros for a block.
func isBlock(head []byte) bool {
	return len(head) >= blockHeader && isTag(head) && xor(head, blockSum) == uint16(u16(head, blockSum))
}

func isStream(head []byte) bool {
	return isTag(head) && xor(head, streamSum) == uint16(u16(head, streamSum))
}

func isTag(b []byte) bool {
	for _, c := range b[:4] {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func xor(b []byte, n int) uint16 {
	sum := uint16(0)
	for i := 0; i < n; i += 2 {
		sum ^= binary.LittleEndian.Uint16(b[i:])
	}
	return sum
}

// streams hops over the streams of a block, by length and without reading
// them, and gives the place of the next block.
func streams(v viewer, b block) (all []stream, next int64, err error) {
	if b.kind == "SFMB" {
		return nil, b.off + b.size, nil
	}
	off := b.off + int64(len(b.head))
	for range maxBlockStreams {
		s, err := streamAt(v, off)
		switch {
		case errors.Is(err, errNoStream) && off%sector == 0 && len(all) > 0:
			return all, off, nil // no padding was needed: a block may follow
		case err != nil:
			return nil, 0, fmt.Errorf("%s block: %w", b.kind, err)
		case s.tag == "SPAD":
			return all, s.off + s.length, nil // the last one; the block ends with it
		}
		all = append(all, s)
		off = align(s.off+s.length, 4)
	}
	return nil, 0, errLimit
}

func streamAt(v viewer, off int64) (stream, error) {
	head, err := v.view(off, streamHeader)
	if err != nil {
		return stream{}, err
	}
	if !isStream(head) {
		return stream{}, errNoStream
	}
	length := u64(head, streamLength)
	if length > math.MaxInt64/2 || off > math.MaxInt64/2-streamHeader {
		return stream{}, fmt.Errorf("%s stream of %d bytes: %w", head[:4], length, errPastEnd)
	}
	return stream{tag: string(head[:4]), off: off + streamHeader, length: int64(length)}, nil
}

// body reads all of a stream.
func body(v viewer, s stream) ([]byte, error) {
	if s.length > maxStreamRead {
		if _, err := v.view(s.off+s.length-1, 1); errors.Is(err, errPastEnd) {
			return nil, err
		}
		return nil, fmt.Errorf("%s stream of %d bytes: %w", s.tag, s.length, errLimit)
	}
	return v.view(s.off, int(s.length))
}

func find(all []stream, tag string) (stream, bool) {
	for _, s := range all {
		if s.tag == tag {
			return s, true
		}
	}
	return stream{}, false
}

func align(off, to int64) int64 { return (off + to - 1) / to * to }

// text reads the string that a block's (size, offset) pair at off names.
func (b block) text(off int) (string, error) {
	if off+4 > len(b.head) {
		return "", fmt.Errorf("%s block ends before its string at 0x%x", b.kind, off)
	}
	raw, err := slice(b.head, u16(b.head, off+2), u16(b.head, off))
	if err != nil {
		return "", fmt.Errorf("%s block: string at 0x%x: %w", b.kind, off, err)
	}
	if b.head[stringTypeOff] == 1 { // one byte a character
		return string(raw), nil
	}
	return utf16Text(raw), nil
}

// note is a text that may as well be missing.
func (b block) note(off int) string {
	text, err := b.text(off)
	if err != nil {
		return ""
	}
	return text
}

// slice is b[off:off+n], checked. Of an empty one the offset does not count.
func slice(b []byte, off, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if off < 0 || n < 0 || n > len(b)-off {
		return nil, fmt.Errorf("bytes %d to %d are outside its %d", off, off+n, len(b))
	}
	return b[off : off+n], nil
}

// utf16Text decodes a string. Some end with zeros, which are not part of it.
func utf16Text(raw []byte) string {
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(units)), "\x00")
}
