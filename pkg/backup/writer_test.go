package backup

// A writer of backup files for the tests. It follows the description of the
// format, with every offset written out again, and shares nothing with the
// reader: not its constants, not its structures.

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode/utf16"
)

// buf is a record under construction.
type buf []byte

func newBuf(n int) buf { return make(buf, n) }

func (b buf) u8(off int, v int)     { b[off] = byte(v) }
func (b buf) u16(off int, v int)    { binary.LittleEndian.PutUint16(b[off:], uint16(v)) }
func (b buf) u32(off int, v uint32) { binary.LittleEndian.PutUint32(b[off:], v) }
func (b buf) u64(off int, v uint64) { binary.LittleEndian.PutUint64(b[off:], v) }

// lsn writes the three numbers of an LSN.
func (b buf) lsn(off int, l lsn3) {
	b.u32(off, uint32(l[0]))
	b.u32(off+4, uint32(l[1]))
	b.u16(off+8, l[2])
}

type lsn3 [3]int

// guid writes the text of a GUID in mixed-endian order; "" is no GUID.
func (b buf) guid(off int, text string) {
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

// date6 is year, month, day, hour, minute, second.
type date6 [6]int

// date writes 14, 4, 5, 5, 6 and 6 bits, high first, in 5 bytes.
func (b buf) date(off int, d date6) {
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
func (b buf) sizeOffset(at int, s string) buf {
	raw := utf16le(s)
	b.u16(at, len(raw))
	b.u16(at+2, len(b))
	return append(b, raw...)
}

func xorWords(b []byte) int {
	sum := uint16(0)
	for i := 0; i+1 < len(b); i += 2 {
		sum ^= binary.LittleEndian.Uint16(b[i:])
	}
	return int(sum)
}

// mtfBlock is the common header with n bytes in all; seal it when it is done.
func mtfBlock(kind string, n int) buf {
	b := newBuf(n)
	copy(b, kind)
	b.u8(0x0a, 0x0e)
	b.u8(0x0b, 1)
	b.u8(0x30, 2)
	return b
}

// seal says where the first stream is, and writes the checksum.
func (b buf) seal() buf {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b.u16(0x08, len(b))
	b.u16(0x32, xorWords(b[:0x32]))
	return b
}

// streamHead is a stream header of 22 bytes.
func streamHead(tag string, length uint64) buf {
	b := newBuf(22)
	copy(b, tag)
	b.u64(8, length)
	b.u16(20, xorWords(b[:20]))
	return b
}

// addStream appends a stream on the next multiple of 4.
func addStream(block []byte, tag string, body []byte) []byte {
	for len(block)%4 != 0 {
		block = append(block, 0)
	}
	return append(append(block, streamHead(tag, uint64(len(body)))...), body...)
}

// pad ends a block with a SPAD stream, at a multiple of unit.
func pad(block []byte, unit int) []byte {
	for len(block)%4 != 0 {
		block = append(block, 0)
	}
	n := unit - (len(block)+22)%unit
	return append(append(block, streamHead("SPAD", uint64(n))...), make([]byte, n)...)
}

func filemark(size int) []byte {
	b := mtfBlock("SFMB", size)
	b.u16(0x08, size)
	b.u16(0x32, 0)
	b.u16(0x32, xorWords(b[:0x32]))
	return b
}

// paperMedia is what a file of the tests says of its media.
type paperMedia struct {
	mark     int // bytes of a filemark
	unit     int // blocks begin on its multiples; 512
	familyID uint32
	mediaSet string
	stripes  int
	stripe   int
	password bool
	name     string
}

func (m paperMedia) tape() []byte {
	b := mtfBlock("TAPE", 0x5e)
	b.u32(0x34, m.familyID)
	b.u16(0x40, m.mark/512)
	b.u16(0x56, 4608)
	b = b.sizeOffset(0x44, m.name)
	if m.password {
		b.u16(0x3e, 5)
		b = b.sizeOffset(0x4c, "hashhash")
	}
	b = b.sizeOffset(0x50, "Microsoft SQL Server")
	raid := newBuf(32)
	raid.guid(0, m.mediaSet)
	raid.u16(20, m.stripes)
	raid.u16(22, 1)
	raid.u16(24, m.stripe)
	return pad(addStream(b.seal(), "RAID", raid), m.unit)
}

// paperSet is a backup set of the tests.
type paperSet struct {
	position    int
	name, user  string
	description string
	machine     string
	started     date6
	zone        int
	setGUID     string
	layout      int         // where the strings of SCIN begin
	front, tail paperHeader // the header record, twice
	files       []paperFile
	pages       int // of 8192 bytes, a file
}

// paperHeader has the fields of SCIN that differ between the records.
type paperHeader struct {
	letter                          byte
	flags                           uint32
	first, last, checkpoint, backup lsn3
	forkPoint, chainStart, base     lsn3
	size, compressed                uint64
	finished                        date6
	status                          uint32
	major, build                    int
	database, server                string
	fork, oldFork, binding          string
	backupGUID, family, baseGUID    string
	compatibility, version          int
	created, started                date6
}

func (h paperHeader) scin(layout int, files []paperFile) []byte {
	b := newBuf(layout)
	copy(b, "SCIN")
	b.u32(0x08, h.flags)
	b.u32(0x0c, uint32(len(files)-1))
	b.u32(0x10, 1)
	b.u16(0x18, h.build)
	b.u8(0x1a, 0)
	b.u8(0x1b, h.major)
	b.u32(0x1c, 9)
	b.lsn(0x20, h.first)
	b.lsn(0x2a, h.last)
	b.lsn(0x34, h.checkpoint)
	b.lsn(0x3e, h.backup)
	b.date(0x48, h.created)
	b.date(0x4d, h.started)
	b.date(0x52, h.finished)
	b.u8(0x57, int(h.letter))
	b.u8(0x58, 52)
	b.u16(0x59, 1)
	b.u8(0x5b, h.compatibility)
	b.u16(0x5c, 7)
	b.u16(0x5e, h.version)
	b.u64(0x60, h.size)
	b.u32(0x74, 1033)
	b.u32(0x78, 196609)
	b.guid(0x7c, h.binding)
	b.lsn(0x90, h.last)
	b.guid(0x9c, h.fork)
	b.lsn(0xac, h.forkPoint)
	b.guid(0xb8, h.oldFork)
	b.guid(0xc8, h.backupGUID)
	b.guid(0xe0, h.family)
	b.u32(0xf4, h.status)
	b.lsn(0xf8, h.chainStart)
	b.lsn(0x104, h.base)
	b.guid(0x110, h.baseGUID)
	if layout > 0x158 {
		b.u64(0x158, h.compressed)
	}
	b = b.sizeOffset(0x68, h.database)
	b = b.sizeOffset(0x6c, h.server)
	b.u32(0x04, uint32(len(b)))
	return b
}

// paperFile is a file of the database.
type paperFile struct {
	id, kind, group   int
	size              uint64
	logical, physical string
	groupName         string // starts a filegroup
	baseLSN           lsn3
	baseGUID, unique  string
}

func (f paperFile) sfin() []byte {
	b := newBuf(0xd0)
	copy(b, "SFIN")
	b.u32(0x10, 8192)
	b.u32(0x14, uint32(f.id))
	b.u32(0x18, 3)
	b.u32(0x1c, uint32(f.kind))
	b.u32(0x20, 512)
	b.u32(0x24, uint32(f.group))
	b.u64(0x28, f.size)
	b.lsn(0x9e, f.baseLSN)
	b.guid(0xaa, f.baseGUID)
	b.guid(0xba, f.unique)
	b = b.sizeOffset(0x30, f.logical)
	b = b.sizeOffset(0x34, f.physical)
	b.u32(0x04, uint32(len(b)))
	return b
}

func sfgi(name string) []byte {
	b := newBuf(0x20)
	copy(b, "SFGI")
	b = b.sizeOffset(0x10, name)
	b.u32(0x04, uint32(len(b)))
	return b
}

// mqci is the stream of MSCI and MSLS.
func (s paperSet) mqci(h paperHeader) []byte {
	out := h.scin(s.layout, s.files)
	for _, f := range s.files {
		if f.groupName != "" {
			out = append(out, sfgi(f.groupName)...)
		}
		out = append(out, f.sfin()...)
	}
	return out
}

func (s paperSet) sset(address int) []byte {
	b := mtfBlock("SSET", 0x64+21)
	b.u32(0x34, 4)
	b.u16(0x2c, 21)
	b.u16(0x2e, 0x64)
	b.u16(0x3c, 4608)
	b.u16(0x3e, s.position)
	b.u64(0x50, uint64(address))
	b.date(0x58, s.started)
	b.u8(0x5d, s.front.major)
	b.u8(0x5f, s.zone)
	b.guid(0x64, s.setGUID)
	b = append(b, 0)
	b = b.sizeOffset(0x40, s.name)
	b = b.sizeOffset(0x44, s.description)
	b = b.sizeOffset(0x4c, s.user)
	return b.seal()
}

func (s paperSet) volb() []byte {
	b := mtfBlock("VOLB", 0x48)
	return b.sizeOffset(0x40, s.machine).seal()
}

// eset repeats the start date, which is not the finish time.
func (s paperSet) eset() []byte {
	b := mtfBlock("ESET", 0x58)
	b.date(0x50, s.started)
	return b.seal()
}

// tsmp lists the sets at these addresses; behind an entry are strings and an
// entry for the volume.
func tsmp(familyID uint32, claimed int, addresses []int) []byte {
	b := newBuf(8)
	b.u32(0, familyID)
	b.u16(4, claimed)
	for i, address := range addresses {
		e := newBuf(0x60)
		e.u16(0, 0x60)
		e.u16(2, 1)
		e.u32(0x08, 4)
		e.u64(0x0c, uint64(address))
		e.u16(0x1e, i+1)
		e = append(e, utf16le("BACKUP `"+strings.Repeat("x", i%3))...)
		volume := newBuf(0x34)
		volume.u16(0, 0x34)
		volume = append(volume, utf16le("HOST")...)
		b = append(append(b, e...), volume...)
	}
	return b
}
