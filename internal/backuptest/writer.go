package backuptest

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode/utf16"
)

// Buf is a record under construction.
type Buf []byte

// NewBuf makes one of n bytes.
func NewBuf(n int) Buf { return make(Buf, n) }

func (b Buf) U8(off int, v int)     { b[off] = byte(v) }
func (b Buf) U16(off int, v int)    { binary.LittleEndian.PutUint16(b[off:], uint16(v)) }
func (b Buf) U32(off int, v uint32) { binary.LittleEndian.PutUint32(b[off:], v) }
func (b Buf) u64(off int, v uint64) { binary.LittleEndian.PutUint64(b[off:], v) }

// lsn writes the three numbers of an LSN.
func (b Buf) lsn(off int, l LSN) {
	b.U32(off, uint32(l[0]))
	b.U32(off+4, uint32(l[1]))
	b.U16(off+8, l[2])
}

// LSN has the three numbers: virtual log file, block, slot.
type LSN [3]int

// guid writes the text of a GUID in mixed-endian order; "" is no GUID.
func (b Buf) guid(off int, text string) {
	if text == "" {
		return
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != 16 {
		panic(text)
	}
	order := []int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	for i, from := range order {
		b[off+i] = raw[from]
	}
}

// Date is year, month, day, hour, minute, second.
type Date [6]int

// Date writes 14, 4, 5, 5, 6 and 6 bits, high first, in 5 bytes.
func (b Buf) Date(off int, d Date) {
	bits := 0
	for i, width := range []int{14, 4, 5, 5, 6, 6} {
		bits = bits<<width | d[i]
	}
	for i := range 5 {
		b[off+i] = byte(bits >> (8 * (4 - i)))
	}
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// sizeOffset appends a string and writes its (size, offset) pair: blocks.
func (b Buf) sizeOffset(at int, s string) Buf {
	raw := utf16le(s)
	b.U16(at, len(raw))
	b.U16(at+2, len(b))
	return append(b, raw...)
}

// XorWords is the checksum of a block or stream header.
func XorWords(b []byte) int {
	sum := uint16(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum ^= binary.LittleEndian.Uint16(b[i:])
	}
	return int(sum)
}

// Block is the common header with n bytes in all; seal it when it is done.
func Block(kind string, n int) Buf {
	b := NewBuf(n)
	copy(b, kind)
	b.U8(0x0a, 0x0e)
	b.U8(0x0b, 1)
	b.U8(0x30, 2)
	return b
}

// Seal says where the first stream is, and writes the checksum.
func (b Buf) Seal() Buf {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b.U16(0x08, len(b))
	b.U16(0x32, XorWords(b[:0x32]))
	return b
}

// StreamHead is a stream header of 22 bytes.
func StreamHead(tag string, length uint64) Buf {
	b := NewBuf(22)
	copy(b, tag)
	b.u64(8, length)
	b.U16(20, XorWords(b[:20]))
	return b
}

// addStream appends a stream on the next multiple of 4.
func addStream(block []byte, tag string, body []byte) []byte {
	for len(block)%4 != 0 {
		block = append(block, 0)
	}
	return append(append(block, StreamHead(tag, uint64(len(body)))...), body...)
}

// Pad ends a block with a SPAD stream, at a multiple of unit.
func Pad(block []byte, unit int) []byte {
	for len(block)%4 != 0 {
		block = append(block, 0)
	}
	n := unit - (len(block)+22)%unit
	return append(append(block, StreamHead("SPAD", uint64(n))...), make([]byte, n)...)
}

// Filemark is the block of this many bytes.
func Filemark(size int) []byte {
	b := Block("SFMB", size)
	b.U16(0x08, size)
	b.U16(0x32, 0)
	b.U16(0x32, XorWords(b[:0x32]))
	return b
}
