package backup

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// bitWriter writes as [MS-XCA] 2.1.4.3 does: a word is reserved before whole
// bytes that come after its first bit.
type bitWriter struct {
	out   []byte
	slots [2]int // where the next two words go
	bits  uint32
	free  int
}

func newBitWriter(table []byte) *bitWriter {
	w := &bitWriter{out: append([]byte{}, table...), free: 16}
	w.slots[0], w.slots[1] = len(w.out), len(w.out)+2
	w.out = append(w.out, 0, 0, 0, 0)
	return w
}

func (w *bitWriter) write(n int, value int) {
	if w.free >= n {
		w.free -= n
		w.bits = w.bits<<n + uint32(value)
		return
	}
	w.bits <<= w.free
	w.bits += uint32(value >> (n - w.free))
	w.free -= n
	w.out[w.slots[0]], w.out[w.slots[0]+1] = byte(w.bits), byte(w.bits>>8)
	w.slots[0], w.slots[1] = w.slots[1], len(w.out)
	w.out = append(w.out, 0, 0)
	w.free += 16
	w.bits = uint32(value)
}

func (w *bitWriter) flush() []byte {
	w.bits <<= w.free
	w.out[w.slots[0]], w.out[w.slots[0]+1] = byte(w.bits), byte(w.bits>>8)
	return w.out
}

// nineBits is the code in which all 512 symbols have 9 bits.
func nineBits() []byte { return bytes.Repeat([]byte{0x99}, 256) }

func (w *bitWriter) match(offset, length int) {
	bits := 0
	for offset>>(bits+1) > 0 {
		bits++
	}
	short := min(length-3, 15)
	w.write(9, 256+bits<<4+short)
	switch rest := length - 3; {
	case rest < 15:
	case rest-15 < 255:
		w.out = append(w.out, byte(rest-15))
	case rest < 1<<16:
		w.out = append(w.out, 255, byte(rest), byte(rest>>8))
	default:
		w.out = append(w.out, 255, 0, 0, byte(rest), byte(rest>>8), byte(rest>>16), 0)
	}
	w.write(bits, offset-1<<bits)
}

// A vector of [MS-XCA] section 3.2.
func TestDecompressTheAlphabet(t *testing.T) {
	table := make([]byte, 256)
	copy(table[0x30:], []byte{0x50, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x45, 0x44, 0x04})
	table[0x80] = 0x04
	bits, _ := hex.DecodeString("d8523ed794115be9195ff9d67cdf8d0400000000")
	got, err := decompress(append(table, bits...), 26)
	if err != nil || string(got) != "abcdefghijklmnopqrstuvwxyz" {
		t.Errorf("%q, %v", got, err)
	}
}

// The other vector: three literals and a match of 297 bytes.
func TestDecompressARepetition(t *testing.T) {
	table := make([]byte, 256)
	table[0x30], table[0x31] = 0x30, 0x23
	table[0x80], table[0x8f] = 0x02, 0x20
	bits, _ := hex.DecodeString("a8dc0000ff2601")
	got, err := decompress(append(table, bits...), 300)
	if err != nil || string(got) != strings.Repeat("abc", 100) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestDecompressFlat(t *testing.T) {
	plain := make([]byte, 4096)
	for i := range plain {
		plain[i] = byte(i * 7)
	}
	got, err := decompress(backuptest.Flat(plain), len(plain))
	if err != nil || !bytes.Equal(got, plain) {
		t.Error(err)
	}
}

func TestDecompressMatches(t *testing.T) {
	lengths := []int{3, 4, 17, 18, 19, 271, 272, 273, 274, 300, 40_000}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newBitWriter(nineBits())
		var plain []byte
		for len(plain) < 65_536 {
			length := lengths[r.IntN(len(lengths))]
			if len(plain) == 0 || r.IntN(3) == 0 || length > 65_536-len(plain) {
				c := byte(r.Uint32())
				w.write(9, int(c))
				plain = append(plain, c)
				continue
			}
			offset := 1 + r.IntN(len(plain))
			w.match(offset, length)
			for range length {
				plain = append(plain, plain[len(plain)-offset])
			}
		}
		got, err := decompress(w.flush(), len(plain))
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestDecompressRefuses(t *testing.T) {
	tooFar := newBitWriter(nineBits())
	tooFar.write(9, 'a')
	tooFar.match(2, 3)
	tooLong := newBitWriter(nineBits())
	tooLong.write(9, 'a')
	tooLong.match(1, 600)
	for _, test := range []struct {
		name string
		unit []byte
		n    int
	}{
		{"no table", make([]byte, 255), 512},
		{"an empty table", make([]byte, 400), 512},
		{"a table that is not full", append(bytes.Repeat([]byte{0x99}, 255), make([]byte, 500)...), 512},
		{"a table that is too full", append(bytes.Repeat([]byte{0x88}, 256), make([]byte, 500)...), 512},
		{"a match before the beginning", tooFar.flush(), 512},
		{"a match past the end", tooLong.flush(), 512},
		{"too few bits", backuptest.Flat(make([]byte, 400)), 512},
		{"a unit of more than 64 KiB", backuptest.Flat(make([]byte, 512)), 1 << 17},
	} {
		if got, err := decompress(test.unit, test.n); err == nil {
			t.Errorf("%s: %d bytes", test.name, len(got))
		}
	}
}
