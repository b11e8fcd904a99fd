package backup

import "errors"

// LZ77+Huffman of [MS-XCA], section 2.2: a unit is the code lengths of 512
// symbols, four bits each, then a bit stream in 16-bit words with whole bytes
// in between for long matches. A chunk is one unit of up to 64 KiB.
const (
	xpressTable   = 256
	xpressSymbols = 2 * xpressTable
	xpressMaxBits = 15
	xpressMatch   = 256 // the first symbol that is a match
	xpressLong    = 15  // match length that more bytes follow
	xpressLeast   = 3   // length of the shortest match
	xpressMaxUnit = 64 << 10
)

var errXpress = errors.New("invalid compressed data")

// isXpress reports that the table of a unit is a complete prefix code, as the
// tables of all valid units are.
func isXpress(unit []byte) bool {
	if len(unit) < xpressTable {
		return false
	}
	sum := 0
	for _, b := range unit[:xpressTable] {
		for _, length := range [2]byte{b & 15, b >> 4} {
			if length > 0 {
				sum += 1 << (xpressMaxBits - length)
			}
		}
	}
	return sum == 1<<xpressMaxBits
}

// decompress gives the n bytes that a unit holds.
func decompress(unit []byte, n int) ([]byte, error) {
	if n < 0 || n > xpressMaxUnit || !isXpress(unit) {
		return nil, errXpress
	}
	table := decodingTable(unit)
	in := newBitReader(unit[xpressTable:])
	out := make([]byte, 0, n)
	for len(out) < n {
		entry := table[in.peek(xpressMaxBits)]
		in.skip(uint(entry & 15))
		symbol := int(entry >> 4)
		if symbol < xpressMatch {
			out = append(out, byte(symbol))
		} else if !match(in, symbol-xpressMatch, &out, n) {
			return nil, errXpress
		}
		if in.overrun() {
			return nil, errXpress
		}
	}
	return out, nil
}

// decodingTable has for every 15 bits the symbol that they begin with, times
// 16, plus its length. Codes come in the order of their length, then of their
// symbol. The table is full, since the code is complete.
func decodingTable(unit []byte) *[1 << xpressMaxBits]uint16 {
	var next [xpressMaxBits + 2]int // where the next code of a length goes
	for symbol := range xpressSymbols {
		if length := codeLength(unit, symbol); length > 0 {
			next[length+1] += 1 << (xpressMaxBits - length)
		}
	}
	for length := range xpressMaxBits {
		next[length+1] += next[length]
	}
	var table [1 << xpressMaxBits]uint16
	for symbol := range xpressSymbols {
		if length := codeLength(unit, symbol); length > 0 {
			n := 1 << (xpressMaxBits - length)
			fill(table[next[length]:next[length]+n], uint16(symbol<<4|length))
			next[length] += n
		}
	}
	return &table
}

func codeLength(unit []byte, symbol int) int {
	return int(unit[symbol/2]>>(symbol%2*4)) & 15
}

// fill writes the same value everywhere; copy is faster than a loop.
func fill(part []uint16, value uint16) {
	part[0] = value
	for n := 1; n < len(part); n *= 2 {
		copy(part[n:], part[:n])
	}
}

// match copies from what was written already; the two may overlap.
func match(in *bitReader, symbol int, out *[]byte, n int) bool {
	length, ok := matchLength(in, symbol&15)
	offsetBits := uint(symbol >> 4)
	offset := 1<<offsetBits + int(in.peek(offsetBits))
	in.skip(offsetBits)
	if !ok || offset > len(*out) || length > n-len(*out) {
		return false
	}
	for range length {
		*out = append(*out, (*out)[len(*out)-offset])
	}
	return true
}

// matchLength reads the bytes that a long match has: one, or 255 and a word,
// or also a zero word and four bytes.
func matchLength(in *bitReader, short int) (int, bool) {
	if short < xpressLong {
		return short + xpressLeast, true
	}
	length := in.bytes(1)
	if length < 255 {
		return length + xpressLong + xpressLeast, true
	}
	if length = in.bytes(2); length == 0 {
		length = in.bytes(4)
	}
	return length + xpressLeast, length >= xpressLong
}

// bitReader takes bits from 16-bit words, the highest first. It holds at least
// 16 of them; whole bytes come from after the words that it took. After the
// end are zeros.
type bitReader struct {
	data []byte
	pos  int
	next uint32 // the bits, from the highest down
	free int    // how many there are besides the first 16
}

func newBitReader(data []byte) *bitReader {
	r := &bitReader{data: data}
	r.next = uint32(r.bytes(2)) << 16
	r.next |= uint32(r.bytes(2))
	r.free = 16
	return r
}

func (r *bitReader) peek(n uint) uint32 { return r.next >> (32 - n) }

func (r *bitReader) skip(n uint) {
	r.next <<= n
	r.free -= int(n)
	if r.free < 0 {
		r.next |= uint32(r.bytes(2)) << -r.free
		r.free += 16
	}
}

func (r *bitReader) bytes(n int) int {
	value := 0
	for i := range n {
		if r.pos < len(r.data) {
			value |= int(r.data[r.pos]) << (8 * i)
		}
		r.pos++
	}
	return value
}

// overrun: more was taken than there is, the 32 bits ahead apart.
func (r *bitReader) overrun() bool { return r.pos > len(r.data)+4 }
