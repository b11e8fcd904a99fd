package backup

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The MQCI stream of an MSCI or MSLS block: an SCIN record, then an SFGI
// record for each filegroup with an SFIN record for each of its files. A
// record is a tag, its length as u32, a fixed part and strings.
const recordHeader = 8

// Places in the SCIN record. Its fixed part grew with the versions; no field
// moved. The strings begin at 0x158 (2005), 0x16c (2008) or 0x190 (2012).
const (
	scinFlags           = 0x08
	scinBuild           = 0x18
	scinMinor           = 0x1a
	scinMajor           = 0x1b
	scinFirstLSN        = 0x20
	scinLastLSN         = 0x2a
	scinCheckpointLSN   = 0x34
	scinBackupLSN       = 0x3e
	scinCreated         = 0x48
	scinStarted         = 0x4d
	scinFinished        = 0x52
	scinType            = 0x57
	scinSortOrder       = 0x58
	scinCompatibility   = 0x5b
	scinDatabaseVersion = 0x5e
	scinBackupSize      = 0x60
	scinDatabaseName    = 0x68
	scinServerName      = 0x6c
	scinLocale          = 0x74
	scinComparison      = 0x78
	scinBinding         = 0x7c
	scinForkLSN         = 0x90 // LastLSN again, in all files seen
	scinForkID          = 0x9c
	scinForkPointLSN    = 0xac
	scinPreviousForkID  = 0xb8
	scinBackupGUID      = 0xc8
	scinFamily          = 0xe0
	scinStatus          = 0xf4
	scinChainStartLSN   = 0xf8
	scinBaseLSN         = 0x104
	scinBaseGUID        = 0x110
	scinCompressedSize  = 0x158 // 2008 on
	scinFixed2005       = 0x158
)

const (
	statusBulkLogged = 0x4
	statusSimple     = 0x8
)

// record is a record of the MQCI stream: its bytes, and where its strings
// begin.
type record struct {
	tag   string
	bytes []byte
	fixed int
}

// recordAt reads the record at the start of b. pair is the place of its first
// (length, offset) pair, whose offset is where the fixed part ends.
func recordAt(b []byte, tag string, pair, least int) (record, error) {
	if len(b) < recordHeader || string(b[:4]) != tag {
		return record{}, fmt.Errorf("no %s record", tag)
	}
	length := int64(u32(b, 4))
	if length < int64(least) || length > int64(len(b)) {
		return record{}, fmt.Errorf("%s record of %d bytes in %d", tag, length, len(b))
	}
	r := record{tag: tag, bytes: b[:length], fixed: u16(b, pair+2)}
	if u16(b, pair) > 0 && (r.fixed < least || r.fixed > len(r.bytes)) {
		return record{}, fmt.Errorf("%s record: its strings begin at %d", tag, r.fixed)
	}
	return r, nil
}

// text is the string that the (length, offset) pair at off names.
func (r record) text(off int) (string, error) {
	raw, err := slice(r.bytes, u16(r.bytes, off+2), u16(r.bytes, off))
	if err != nil {
		return "", fmt.Errorf("%s record: string at 0x%x: %w", r.tag, off, err)
	}
	return utf16Text(raw), nil
}

// readRecord reads the MQCI stream of an MSCI or MSLS block into s.
func readRecord(v viewer, b block, all []stream, s *Set) error {
	mqci, ok := find(all, "MQCI")
	if !ok {
		return fmt.Errorf("%s block without an MQCI stream", b.kind)
	}
	data, err := body(v, mqci)
	if err != nil {
		return fmt.Errorf("%s block: %w", b.kind, err)
	}
	scin, err := recordAt(data, "SCIN", scinDatabaseName, scinFixed2005)
	if err != nil {
		return fmt.Errorf("%s block: %w", b.kind, err)
	}
	if err := s.header(scin, b.kind == "MSLS"); err != nil {
		return err
	}
	s.FileList, s.FileListDamaged = readFiles(data[len(scin.bytes):])
	return nil
}

// header takes the fields of an SCIN record. final is the one at the end of
// the backup set.
func (s *Set) header(scin record, final bool) (err error) {
	b := scin.bytes
	if s.DatabaseName, err = scin.text(scinDatabaseName); err != nil {
		return err
	}
	if s.ServerName, err = scin.text(scinServerName); err != nil {
		return err
	}
	if s.BackupType, err = backupType(b[scinType]); err != nil {
		return err
	}
	s.Flags = Flags(u32(b, scinFlags))
	s.RecoveryModel = recoveryModel(u32(b, scinStatus))
	s.Provisional = !final
	s.versions(b)
	s.sequence(b)
	s.identity(b)
	s.dates(b)
	if !final {
		return nil
	}
	s.sizes(scin)
	if fork := lsnAt(b, scinForkLSN); fork != s.LastLSN {
		return fmt.Errorf("SCIN record: it has LastLSN twice, as %s and as %s", s.LastLSN, fork)
	}
	return nil
}

func (s *Set) versions(b []byte) {
	s.SoftwareVersionMajor, s.SoftwareVersionMinor = int(b[scinMajor]), int(b[scinMinor])
	s.SoftwareVersionBuild = u16(b, scinBuild)
	s.DatabaseVersion = u16(b, scinDatabaseVersion)
	s.CompatibilityLevel = int(b[scinCompatibility])
	s.SortOrder = int(b[scinSortOrder])
	s.UnicodeLocaleID = u32(b, scinLocale)
	s.UnicodeComparisonStyle = u32(b, scinComparison)
}

func (s *Set) sequence(b []byte) {
	s.FirstLSN = lsnAt(b, scinFirstLSN)
	s.LastLSN = lsnAt(b, scinLastLSN)
	s.CheckpointLSN = lsnAt(b, scinCheckpointLSN)
	s.DatabaseBackupLSN = lsnAt(b, scinBackupLSN)
	s.PreviousForkPointLSN = lsnAt(b, scinForkPointLSN)
	s.LogChainStartLSN = lsnAt(b, scinChainStartLSN)
	s.DifferentialBaseLSN = LSN{}
	if s.BackupType.isDifferential() {
		s.DifferentialBaseLSN = lsnAt(b, scinBaseLSN)
	}
}

func (s *Set) identity(b []byte) {
	s.BindingID = guidAt(b, scinBinding)
	s.RecoveryForkID = guidAt(b, scinForkID)
	s.PreviousForkID = guidAt(b, scinPreviousForkID)
	s.DatabaseBackupGUID = guidAt(b, scinBackupGUID)
	s.FamilyGUID = guidAt(b, scinFamily)
	s.DifferentialBaseGUID = GUID{}
	if s.BackupType.isDifferential() {
		s.DifferentialBaseGUID = guidAt(b, scinBaseGUID)
	}
}

func (s *Set) dates(b []byte) {
	s.DatabaseCreationDate = dateAt(b, scinCreated)
	s.BackupStartDate = dateAt(b, scinStarted)
	s.BackupFinishDate = DateTime{}
	if !s.Provisional {
		s.BackupFinishDate = dateAt(b, scinFinished)
	}
}

// sizes are final only in the last record, and 2005 has no compressed size.
func (s *Set) sizes(scin record) {
	s.BackupSize = size(scin.bytes, scinBackupSize)
	if scin.fixed >= scinCompressedSize+8 && len(scin.bytes) >= scinCompressedSize+8 {
		s.CompressedBackupSize = size(scin.bytes, scinCompressedSize)
	}
	s.Compressed = s.CompressedBackupSize > 0 && s.CompressedBackupSize < s.BackupSize
}

// size reads a number of bytes; none is beyond int64.
func size(b []byte, off int) int64 {
	return int64(min(binary.LittleEndian.Uint64(b[off:]), math.MaxInt64))
}

func backupType(letter byte) (BackupType, error) {
	types := map[byte]BackupType{
		'D': Full, 'L': Log, 'F': FileBackup, 'I': Differential,
		'G': FileDifferential, 'P': Partial, 'Q': PartialDifferential,
	}
	if t, ok := types[letter]; ok {
		return t, nil
	}
	return 0, fmt.Errorf("SCIN record: unknown backup type %q", letter)
}

func recoveryModel(status uint32) RecoveryModel {
	switch {
	case status&statusSimple != 0:
		return Simple
	case status&statusBulkLogged != 0:
		return BulkLogged
	}
	return FullRecovery
}
