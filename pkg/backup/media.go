package backup

import (
	"fmt"
	"math"
)

// Container says how a file holds its backup sets.
type Container string

// The containers of native backups.
const (
	MTF      Container = "mtf"      // plain Microsoft Tape Format
	MSSQLBAK Container = "mssqlbak" // the same in compressed chunks
)

// Media is one backup file: one family of a media set. Fields named as the
// columns of RESTORE LABELONLY mean the same.
type Media struct {
	Size                 int64     `json:"Size"`      // of the file, in bytes
	Container            Container `json:"Container"` //
	MediaName            string    `json:"MediaName,omitempty"`
	MediaDescription     string    `json:"MediaDescription,omitempty"`
	SoftwareName         string    `json:"SoftwareName"` // Microsoft SQL Server
	SoftwareVendorID     int       `json:"SoftwareVendorId"`
	MediaSetID           GUID      `json:"MediaSetId"`           // the same on all stripes
	MediaFamilyID        uint32    `json:"MediaFamilyId"`        //
	FamilyCount          int       `json:"FamilyCount"`          // stripes; 1 is a backup in one file
	FamilySequenceNumber int       `json:"FamilySequenceNumber"` // which of the stripes this file is, from 1
	MirrorCount          int       `json:"MirrorCount"`          //
	HasPassword          bool      `json:"HasPassword"`          // MEDIAPASSWORD is set; seen in one file only

	// Complete: the file ends as every finished backup file does, and the final
	// record of each set was read. Incomplete says what is wrong otherwise, in
	// a sentence without its subject. Truncated: the file does not even end with
	// a filemark, so it was cut off or is still being written.
	Complete   bool   `json:"Complete"`
	Incomplete string `json:"Incomplete,omitempty"`
	Truncated  bool   `json:"Truncated,omitempty"`
	// Trailing is how many bytes follow the end of the last whole backup set and
	// are no whole set. It is known of plain files only.
	Trailing int64 `json:"Trailing,omitempty"`
	// Missing is how many bytes fewer the file has than its backup sets take by
	// their headers. Of a stripe and of a mirror it is not known.
	Missing int64 `json:"Missing,omitempty"`

	Sets []Set `json:"Sets"` // at least one, in the order of the file

	// What reading it cost.
	Requests  int   `json:"-"`
	BytesRead int64 `json:"-"`

	filemark int64 // size of a filemark, by the first block
}

// Striped reports that other files belong to the same backup.
func (m *Media) Striped() bool { return m.FamilyCount > 1 }

// doubt looks for reasons to doubt a file of which every set was read to
// its end.
func (m *Media) doubt(sums checksums) {
	switch stored := m.stored(); {
	case sums.fit && sums.fail:
		m.Incomplete = "a chunk at its front is damaged: " + errChecksum.Error()
	case m.FamilySequenceNumber < 1 || m.FamilySequenceNumber > m.FamilyCount:
		m.Incomplete = fmt.Sprintf("its media header is damaged: by it the file is stripe %d of %d", m.FamilySequenceNumber, m.FamilyCount)
	case !m.Striped() && m.MirrorCount <= 1 && stored > m.Size: // no mirrored file was seen
		m.Missing = stored - m.Size
		m.Incomplete = fmt.Sprintf("by its headers it takes %d bytes, and it has %d: a part of it, or a stripe, is missing", stored, m.Size)
	}
	m.Complete = m.Incomplete == ""
}

// stored is how many bytes the sets take in all stripes, by their headers. The
// file has a few KiB more for each set. 2005 knows one size only.
func (m *Media) stored() int64 {
	sum := int64(0)
	for _, s := range m.Sets {
		n := s.CompressedBackupSize
		if n == 0 {
			n = s.BackupSize
		}
		if n > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += n
	}
	return sum
}

// Places in the TAPE block, and in its RAID stream.
const (
	tapeFamilyID    = 0x34
	tapePassword    = 0x3e
	tapeFilemark    = 0x40 // in sectors
	tapeName        = 0x44
	tapeDescription = 0x48
	tapeSoftware    = 0x50
	tapeVendor      = 0x56
	tapeSize        = 0x58

	raidMediaSet = 0
	raidCount    = 20
	raidMirrors  = 22
	raidSequence = 24
	raidSize     = 26
)

// readTape reads the first block, and gives the place of the first backup set,
// after the filemark.
func readTape(v viewer, m *Media) (first int64, err error) {
	b, err := blockAt(v, 0)
	if err != nil {
		return 0, err
	}
	if b.kind != "TAPE" || len(b.head) < tapeSize {
		return 0, unreadable(Damaged, "its first block is not a whole TAPE block")
	}
	all, next, err := streams(v, b)
	if err != nil {
		return 0, err
	}
	if err := m.label(v, b, all); err != nil {
		return 0, err
	}
	mark, err := blockAt(v, next)
	if err == nil && mark.kind != "SFMB" {
		err = unreadable(Damaged, "a %s block follows its TAPE block, not a filemark", mark.kind)
	}
	return next + mark.size, err
}

func (m *Media) label(v viewer, b block, all []stream) (err error) {
	m.MediaFamilyID = u32(b.head, tapeFamilyID)
	m.HasPassword = u16(b.head, tapePassword) != 0
	m.filemark = int64(u16(b.head, tapeFilemark)) * sector
	m.SoftwareVendorID = u16(b.head, tapeVendor)
	m.MediaName, m.MediaDescription = b.note(tapeName), b.note(tapeDescription)
	if m.SoftwareName, err = b.text(tapeSoftware); err != nil {
		return err
	}
	raid, ok := find(all, "RAID")
	if !ok {
		return nil // every sample has it; the sets can be read without it
	}
	return m.family(v, raid)
}

func (m *Media) family(v viewer, raid stream) error {
	b, err := body(v, raid)
	if err != nil {
		return err
	}
	if len(b) < raidSize {
		return unreadable(Damaged, "its RAID stream has %d bytes", len(b))
	}
	m.MediaSetID = guidAt(b, raidMediaSet)
	m.FamilyCount = u16(b, raidCount)
	m.MirrorCount = u16(b, raidMirrors)
	m.FamilySequenceNumber = u16(b, raidSequence)
	return nil
}
