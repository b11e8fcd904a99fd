package backup

import (
	"bytes"
)

// piece is a part of the plain stream; a compressed file has a chunk for it.
type piece struct {
	data []byte
	mark bool // a filemark: a raw chunk
	seek bool // a chunk that the seek table lists
	msls bool // the last chunk before the seek table
}

// paper is a whole file: the media and its sets.
type paper struct {
	media   paperMedia
	sets    []paperSet
	claimed int   // sets that the last map claims; 0: as many as there are
	mapped  []int // addresses in the last map, where they are not the true ones
}

// msda is the block of one file's pages, which begin on the second sector.
func msda(unit int, pages []byte) (head, rest []byte) {
	b := mtfBlock("MSDA", unit-22)
	b.u16(0x08, len(b))
	b.u16(0x32, xorWords(b[:0x32]))
	head = append(b, streamHead("MQDA", uint64(len(pages)))...)
	sum := newBuf(8)
	return head, pad(addStream(append([]byte{}, pages...), "CSUM", sum), unit)
}

func mstl(unit int) []byte {
	b := mtfBlock("MSTL", 0x40).seal()
	return pad(addStream(b, "MQTL", bytes.Repeat([]byte{7}, 100)), unit)
}

func (s paperSet) recordBlock(kind string, unit int, h paperHeader) []byte {
	b := mtfBlock(kind, 0x38).seal()
	return pad(addStream(b, "MQCI", s.mqci(h)), unit)
}

// pieces is one set at address; its map has these addresses.
func (s paperSet) pieces(m paperMedia, address, claimed int, addresses []int) []piece {
	unit := m.unit
	front := append(pad(s.sset(address), unit), pad(s.volb(), unit)...)
	front = append(front, s.recordBlock("MSCI", unit, s.front)...)
	var out []piece
	for i := range s.pages {
		head, rest := msda(unit, bytes.Repeat([]byte{byte(i + 1)}, 8192))
		if i == 0 {
			out = append(out, piece{data: append(front, head...)}, piece{data: rest})
		} else {
			out = append(out, piece{data: append(head, rest...), seek: true})
		}
	}
	if s.pages == 0 {
		out = append(out, piece{data: front})
	}
	out = append(out, piece{data: mstl(unit), seek: true})
	out = append(out, piece{data: s.recordBlock("MSLS", unit, s.tail), seek: true, msls: true})
	out = append(out, piece{data: filemark(m.mark), mark: true})
	ends := pad(addStream(s.eset(), "TSMP", tsmp(m.familyID, claimed, addresses)), unit)
	ends = append(ends, pad(s.eset(), unit)...)
	return append(out, piece{data: ends}, piece{data: filemark(m.mark), mark: true})
}

func length(all []piece) int {
	n := 0
	for _, p := range all {
		n += len(p.data)
	}
	return n
}

// layout gives the pieces of the whole file.
func (p paper) layout() (all []piece, addresses []int) {
	all = []piece{{data: p.media.tape()}, {data: filemark(p.media.mark), mark: true}}
	for i, s := range p.sets {
		addresses = append(addresses, length(all))
		claimed, mapped := i+1, addresses
		if i == len(p.sets)-1 {
			if p.claimed > 0 {
				claimed = p.claimed
			}
			if p.mapped != nil {
				mapped = p.mapped
			}
		}
		all = append(all, s.pieces(p.media, addresses[i], claimed, mapped)...)
	}
	return all, addresses
}

// plain is the file as plain MTF.
func (p paper) plain() []byte {
	all, _ := p.layout()
	return join(all)
}

func join(all []piece) (out []byte) {
	for _, piece := range all {
		out = append(out, piece.data...)
	}
	return out
}

// containerHead is the header of a compressed file.
func containerHead(version, bits uint32) buf {
	b := newBuf(0x1e0)
	copy(b, "MSSQLBAK")
	b.u32(0x08, version)
	b.u32(0x0c, bits)
	return b
}

// flat compresses with the code in which every byte is itself in 8 bits: the
// table says 8 for the symbols 0 to 255, and the bits come in 16-bit words.
func flat(plain []byte) []byte {
	out := append(bytes.Repeat([]byte{0x88}, 128), make([]byte, 128)...)
	for i := 0; i+1 < len(plain); i += 2 {
		out = append(out, plain[i+1], plain[i])
	}
	return out
}

// chunked writes one compressed chunk for every 32 KiB.
func chunked(out, plain []byte) []byte {
	for len(plain) > 0 {
		n := min(len(plain), 32<<10)
		unit := flat(plain[:n])
		h := newBuf(28)
		h.u8(0, 0x21)
		h.u8(1, n/512)
		h.u16(2, len(unit))
		copy(h[4:], "uninitialised memory") // no reader may look at it
		h.u32(24, 0xdeadbeef)
		out = append(append(out, h...), unit...)
		plain = plain[n:]
	}
	return out
}

// rawMark writes a raw chunk: its size is the distance from byte 24 of its
// header to the filemark, which is on the next multiple of its size.
func rawMark(out, mark []byte) []byte {
	at := len(out)
	payload := (at + 28 + len(mark) - 1) / len(mark) * len(mark)
	h := newBuf(28)
	h.u8(0, 0x24)
	h.u16(2, payload-at-24)
	out = append(out, h...)
	out = append(out, make([]byte, payload-len(out))...)
	return append(out, mark...)
}

// seekEntry has two offsets: in the plain stream from the SSET, in the file.
type seekEntry [2]int

// seekMark writes a seek table, and the filemark behind it.
func seekMark(out, mark []byte, entries []seekEntry) []byte {
	h := newBuf(40)
	h.u8(0, 0x2c)
	h.u16(24, 1)
	h.u16(26, 1)
	h.u32(28, uint32(len(entries)))
	h.u32(32, 0x231)
	h.u32(36, 0xc90f28e5)
	for _, e := range entries {
		b := newBuf(16)
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

// compressed is the file as a container.
func (p paper) compressed() []byte {
	return pack(p.layout())
}

func pack(all []piece, addresses []int) []byte {
	out := []byte(containerHead(2, 3))
	var entries []seekEntry
	plain, set := 0, 0
	for i, piece := range all {
		if set < len(addresses) && plain == addresses[set] {
			set, entries = set+1, nil
		}
		if piece.seek {
			entries = append(entries, seekEntry{plain - addresses[set-1], len(out)})
		}
		switch {
		case piece.mark && all[i-1].msls:
			out = seekMark(out, piece.data, entries)
		case piece.mark:
			out = rawMark(out, piece.data)
		default:
			out = chunked(out, piece.data)
		}
		plain += len(piece.data)
	}
	return out
}
