package backuptest

import (
	"bytes"
)

// Piece is a part of the plain stream; a compressed file has a chunk for it.
type Piece struct {
	Data []byte
	Mark bool // a filemark: a raw chunk
	Seek bool // a chunk that the seek table lists
	MSLS bool // the last chunk before the seek table
}

// File is a whole file: the media and its sets.
type File struct {
	Media   Media
	Sets    []Set
	Claimed int   // sets that the last map claims; 0: as many as there are
	Mapped  []int // addresses in the last map, where they are not the true ones
}

// msda is the block of one file's pages, which begin on the second sector.
func msda(unit int, pages []byte) (head, rest []byte) {
	b := Block("MSDA", unit-22)
	b.U16(0x08, len(b))
	b.U16(0x32, XorWords(b[:0x32]))
	head = append(b, StreamHead("MQDA", uint64(len(pages)))...)
	sum := NewBuf(8)
	return head, Pad(addStream(append([]byte{}, pages...), "CSUM", sum), unit)
}

// mstl is the block of the log. Its SPAD stream begins on a sector: in a
// compressed file the chunk with MSLS begins with it.
func mstl(unit int) (head, rest []byte) {
	b := Block("MSTL", 0x40).Seal()
	head = addStream(b, "MQTL", bytes.Repeat([]byte{7}, 512-0x40-22))
	return head, Pad(append([]byte{}, head...), unit)[len(head):]
}

func (s Set) recordBlock(kind string, unit int, h Header) []byte {
	b := Block(kind, 0x38).Seal()
	return Pad(addStream(b, "MQCI", s.mqci(h)), unit)
}

// pieces is one set at address; its map has these addresses.
func (s Set) pieces(m Media, address, claimed int, addresses []int) []Piece {
	unit := m.Unit
	front := append(Pad(s.sset(address), unit), Pad(s.volb(), unit)...)
	front = append(front, s.recordBlock("MSCI", unit, s.Front)...)
	var out []Piece
	for i := range s.Pages {
		head, rest := msda(unit, bytes.Repeat([]byte{byte(i + 1)}, 8192))
		if i == 0 {
			out = append(out, Piece{Data: append(front, head...)}, Piece{Data: rest})
		} else {
			out = append(out, Piece{Data: append(head, rest...), Seek: true})
		}
	}
	if s.Pages == 0 {
		out = append(out, Piece{Data: front})
	}
	head, rest := mstl(unit)
	out = append(out, Piece{Data: head, Seek: true})
	tail := s.Tail.withSize(uint64(Length(out) + len(rest) + max(2*512, m.Mark)))
	out = append(out, Piece{Data: append(rest, s.recordBlock("MSLS", unit, tail)...), Seek: true, MSLS: true})
	out = append(out, Piece{Data: Filemark(m.Mark), Mark: true})
	ends := Pad(addStream(s.eset(), "TSMP", tsmp(m.FamilyID, claimed, addresses)), unit)
	ends = append(ends, Pad(s.eset(), unit)...)
	return append(out, Piece{Data: ends}, Piece{Data: Filemark(m.Mark), Mark: true})
}

// Length is that of the pieces together.
func Length(all []Piece) int {
	n := 0
	for _, p := range all {
		n += len(p.Data)
	}
	return n
}

// Layout gives the pieces of the whole file.
func (p File) Layout() (all []Piece, addresses []int) {
	all = []Piece{{Data: p.Media.Tape()}, {Data: Filemark(p.Media.Mark), Mark: true}}
	for i, s := range p.Sets {
		addresses = append(addresses, Length(all))
		claimed, mapped := i+1, addresses
		if i == len(p.Sets)-1 {
			if p.Claimed > 0 {
				claimed = p.Claimed
			}
			if p.Mapped != nil {
				mapped = p.Mapped
			}
		}
		all = append(all, s.pieces(p.Media, addresses[i], claimed, mapped)...)
	}
	return all, addresses
}

// Plain is the file as plain MTF.
func (p File) Plain() []byte {
	all, _ := p.Layout()
	return Join(all)
}

// Join puts the pieces together.
func Join(all []Piece) (out []byte) {
	for _, piece := range all {
		out = append(out, piece.Data...)
	}
	return out
}

// ContainerHead is the header of a compressed file.
func ContainerHead(version, bits uint32) Buf {
	b := NewBuf(0x1e0)
	copy(b, "MSSQLBAK")
	b.U32(0x08, version)
	b.U32(0x0c, bits)
	return b
}

// Flat compresses with the code in which every byte is itself in 8 bits: the
// table says 8 for the symbols 0 to 255, and the bits come in 16-bit words.
func Flat(plain []byte) []byte {
	out := append(bytes.Repeat([]byte{0x88}, 128), make([]byte, 128)...)
	for i := 0; i+1 < len(plain); i += 2 {
		out = append(out, plain[i+1], plain[i])
	}
	return out
}

// Chunked writes one compressed chunk for every 32 KiB.
func Chunked(out, plain []byte) []byte {
	for len(plain) > 0 {
		n := min(len(plain), 32<<10)
		unit := Flat(plain[:n])
		h := NewBuf(28)
		h.U8(0, 0x21)
		h.U8(1, n/512)
		h.U16(2, len(unit))
		copy(h[4:], "uninitialised memory") // no reader may look at it
		h.U32(24, chunkSum(unit))
		out = append(append(out, h...), unit...)
		plain = plain[n:]
	}
	return out
}

// chunkSum goes through the words of a chunk; an odd end is filled with zeros.
func chunkSum(unit []byte) uint32 {
	sum := uint32(0)
	for i := 0; i < len(unit); i += 4 {
		word := uint32(0)
		for j := range min(4, len(unit)-i) {
			word |= uint32(unit[i+j]) << (8 * j)
		}
		sum = (sum<<1 | sum>>31) ^ word
	}
	return sum
}

// RawMark writes a raw chunk: its size is the distance from byte 24 of its
// header to the filemark, which is on the next multiple of its size.
func RawMark(out, mark []byte) []byte {
	at := len(out)
	payload := (at + 28 + len(mark) - 1) / len(mark) * len(mark)
	h := NewBuf(28)
	h.U8(0, 0x24)
	h.U16(2, payload-at-24)
	out = append(out, h...)
	out = append(out, make([]byte, payload-len(out))...)
	return append(out, mark...)
}

// SeekEntry has two offsets: in the plain stream from the SSET, in the file.
type SeekEntry [2]int

// SeekMark writes a seek table, and the filemark behind it.
func SeekMark(out, mark []byte, entries []SeekEntry) []byte {
	h := NewBuf(40)
	h.U8(0, 0x2c)
	h.U16(24, 1)
	h.U16(26, 1)
	h.U32(28, uint32(len(entries)))
	h.U32(32, 0x231)
	h.U32(36, 0xc90f28e5)
	for _, e := range entries {
		b := NewBuf(16)
		b.u64(0, uint64(e[0]))
		b.u64(8, uint64(e[1]))
		h = append(h, b...)
	}
	out = append(out, h...)
	for len(out)%len(mark) != 0 {
		out = append(out, 0)
	}
	return append(out, mark...)
}

// Compressed is the file as a container.
func (p File) Compressed() []byte {
	return Pack(p.Layout())
}

// Pack compresses the pieces into a container.
func Pack(all []Piece, addresses []int) []byte {
	out := []byte(ContainerHead(2, 3))
	var entries []SeekEntry
	plain, set := 0, 0
	for i, piece := range all {
		if set < len(addresses) && plain == addresses[set] {
			set, entries = set+1, nil
		}
		if piece.Seek {
			entries = append(entries, SeekEntry{plain - addresses[set-1], len(out)})
		}
		switch {
		case piece.Mark && all[i-1].MSLS:
			out = SeekMark(out, piece.Data, entries)
		case piece.Mark:
			out = RawMark(out, piece.Data)
		default:
			out = Chunked(out, piece.Data)
		}
		plain += len(piece.Data)
	}
	return out
}
