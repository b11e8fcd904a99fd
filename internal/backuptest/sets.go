package backuptest

import (
	"strings"
)

// Media is what a file of the tests says of its media.
type Media struct {
	Mark     int // bytes of a filemark
	Unit     int // blocks begin on its multiples; 512
	FamilyID uint32
	MediaSet string
	Stripes  int
	Stripe   int
	Password bool
	Name     string
}

func (m Media) Tape() []byte {
	b := Block("TAPE", 0x5e)
	b.U32(0x34, m.FamilyID)
	b.U16(0x40, m.Mark/512)
	b.U16(0x56, 4608)
	b = b.sizeOffset(0x44, m.Name)
	if m.Password {
		b.U16(0x3e, 5)
		b = b.sizeOffset(0x4c, "hashhash")
	}
	b = b.sizeOffset(0x50, "Microsoft SQL Server\x00\x00") // the only string with a terminator
	raid := NewBuf(32)
	raid.guid(0, m.MediaSet)
	raid.U16(20, m.Stripes)
	raid.U16(22, 1)
	raid.U16(24, m.Stripe)
	return Pad(addStream(b.Seal(), "RAID", raid), m.Unit)
}

// Set is a backup set of the tests.
type Set struct {
	Position    int
	Name, User  string
	Description string
	Machine     string
	Started     Date
	Zone        int
	SetGUID     string
	Layout      int    // where the strings of SCIN begin
	Front, Tail Header // the header record, twice
	Files       []DataFile
	Pages       int // of 8192 bytes, a file
}

// Header has the fields of SCIN that differ between the records.
type Header struct {
	Letter                          byte
	Flags                           uint32
	First, Last, Checkpoint, Backup LSN
	ForkPoint, ChainStart, Base     LSN
	Size, Compressed                uint64
	Finished                        Date
	Status                          uint32
	Major, Build                    int
	Database, Server                string
	Fork, OldFork, Binding          string
	BackupGUID, Family, BaseGUID    string
	Compatibility, Version          int
	Created, Started                Date
}

// withSize fills in the sizes that are not given: the bytes up to MSLS, and a
// filemark of 4,096 bytes or two of 512.
func (h Header) withSize(n uint64) Header {
	if h.Size == 0 {
		h.Size = n
	}
	if h.Compressed == 0 {
		h.Compressed = h.Size
	}
	return h
}

// scin is the stream SCIN. It is long because each field of the page has a line.
func (h Header) scin(layout int, files []DataFile) []byte {
	b := NewBuf(layout)
	copy(b, "SCIN")
	b.U32(0x08, h.Flags)
	b.U32(0x0c, uint32(len(files)-1))
	b.U32(0x10, 1)
	b.U16(0x18, h.Build)
	b.U8(0x1a, 0)
	b.U8(0x1b, h.Major)
	b.U32(0x1c, 9)
	b.lsn(0x20, h.First)
	b.lsn(0x2a, h.Last)
	b.lsn(0x34, h.Checkpoint)
	b.lsn(0x3e, h.Backup)
	b.Date(0x48, h.Created)
	b.Date(0x4d, h.Started)
	b.Date(0x52, h.Finished)
	b.U8(0x57, int(h.Letter))
	b.U8(0x58, 52)
	b.U16(0x59, 1)
	b.U8(0x5b, h.Compatibility)
	b.U16(0x5c, 7)
	b.U16(0x5e, h.Version)
	b.u64(0x60, h.Size)
	b.U32(0x74, 1033)
	b.U32(0x78, 196609)
	b.guid(0x7c, h.Binding)
	b.lsn(0x90, h.Last)
	b.guid(0x9c, h.Fork)
	b.lsn(0xac, h.ForkPoint)
	b.guid(0xb8, h.OldFork)
	b.guid(0xc8, h.BackupGUID)
	b.guid(0xe0, h.Family)
	b.U32(0xf4, h.Status)
	b.lsn(0xf8, h.ChainStart)
	b.lsn(0x104, h.Base)
	b.guid(0x110, h.BaseGUID)
	if layout > 0x158 {
		b.u64(0x158, h.Compressed)
	}
	b = b.sizeOffset(0x68, h.Database)
	b = b.sizeOffset(0x6c, h.Server)
	b.U32(0x04, uint32(len(b)))
	return b
}

// DataFile is a file of the database.
type DataFile struct {
	ID, Kind, Group    int
	Size               uint64
	Logical, Physical  string
	GroupName          string // starts a filegroup
	BaseLSN            LSN
	BaseGUID, UniqueID string
}

func (f DataFile) sfin() []byte {
	b := NewBuf(0xd0)
	copy(b, "SFIN")
	b.U32(0x10, 8192)
	b.U32(0x14, uint32(f.ID))
	b.U32(0x18, 3)
	b.U32(0x1c, uint32(f.Kind))
	b.U32(0x20, 512)
	b.U32(0x24, uint32(f.Group))
	b.u64(0x28, f.Size)
	b.lsn(0x9e, f.BaseLSN)
	b.guid(0xaa, f.BaseGUID)
	b.guid(0xba, f.UniqueID)
	b = b.sizeOffset(0x30, f.Logical)
	b = b.sizeOffset(0x34, f.Physical)
	b.U32(0x04, uint32(len(b)))
	return b
}

func sfgi(name string) []byte {
	b := NewBuf(0x20)
	copy(b, "SFGI")
	b = b.sizeOffset(0x10, name)
	b.U32(0x04, uint32(len(b)))
	return b
}

// mqci is the stream of MSCI and MSLS.
func (s Set) mqci(h Header) []byte {
	out := h.scin(s.Layout, s.Files)
	for _, f := range s.Files {
		if f.GroupName != "" {
			out = append(out, sfgi(f.GroupName)...)
		}
		out = append(out, f.sfin()...)
	}
	return out
}

func (s Set) sset(address int) []byte {
	b := Block("SSET", 0x64+21)
	b.U32(0x34, 4)
	b.U16(0x2c, 21)
	b.U16(0x2e, 0x64)
	b.U16(0x3c, 4608)
	b.U16(0x3e, s.Position)
	b.u64(0x50, uint64(address))
	b.Date(0x58, s.Started)
	b.U8(0x5d, s.Front.Major)
	b.U8(0x5f, s.Zone)
	b.guid(0x64, s.SetGUID)
	b = append(b, 0)
	b = b.sizeOffset(0x40, s.Name)
	b = b.sizeOffset(0x44, s.Description)
	b = b.sizeOffset(0x4c, s.User)
	return b.Seal()
}

func (s Set) volb() []byte {
	b := Block("VOLB", 0x48)
	return b.sizeOffset(0x40, s.Machine).Seal()
}

// eset repeats the start date, which is not the finish time.
func (s Set) eset() []byte {
	b := Block("ESET", 0x58)
	b.Date(0x50, s.Started)
	return b.Seal()
}

// tsmp lists the sets at these addresses. An entry says how long it is with
// its strings, and how many entries for volumes follow it: one.
func tsmp(familyID uint32, claimed int, addresses []int) []byte {
	b := NewBuf(8)
	b.U32(0, familyID)
	b.U16(4, claimed)
	for i, address := range addresses {
		e := NewBuf(0x5c)
		e.U16(2, 1)
		e.U32(0x08, 4)
		e.u64(0x0c, uint64(address))
		e.U16(0x1e, i+1)
		e.U16(0x3c, 1)
		e = e.sizeOffset(0x40, "nightly"+strings.Repeat("x", i%3))
		e = e.sizeOffset(0x4c, `CORP\dba`)
		e.U16(0, len(e))
		volume := NewBuf(0x42)
		copy(volume[2:], "VOLB")
		volume = append(volume, utf16le("HOST")...)
		volume.U16(0, len(volume))
		b = append(append(b, e...), volume...)
	}
	return b
}
