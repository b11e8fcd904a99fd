package backup

import (
	"fmt"
	"strconv"
)

// File is a file of the database. Fields named as the columns of RESTORE
// FILELISTONLY mean the same.
type File struct {
	LogicalName          string   `json:"LogicalName"`
	PhysicalName         string   `json:"PhysicalName"`
	Type                 FileType `json:"Type"`
	FileGroupName        string   `json:"FileGroupName"` // none for a log file
	Size                 int64    `json:"Size"`          // in bytes, as restored
	FileID               int      `json:"FileId"`
	UniqueID             GUID     `json:"UniqueId"`
	SourceBlockSize      uint32   `json:"SourceBlockSize"`
	FileGroupID          int      `json:"FileGroupId"`
	DifferentialBaseLSN  LSN      `json:"DifferentialBaseLSN"`
	DifferentialBaseGUID GUID     `json:"DifferentialBaseGUID"`
}

// FileType is the number that the header has.
type FileType int

// The types that were seen; FILESTREAM and full-text have others.
const (
	DataFile FileType = 1
	LogFile  FileType = 2
)

// String is FILELISTONLY's letter, D or L, or the number.
func (t FileType) String() string {
	switch t {
	case DataFile:
		return "D"
	case LogFile:
		return "L"
	}
	return fmt.Sprint(int(t))
}

// MarshalText writes FILELISTONLY's letter.
func (t FileType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the form of String.
func (t *FileType) UnmarshalText(text []byte) error {
	switch string(text) {
	case "D":
		*t = DataFile
		return nil
	case "L":
		*t = LogFile
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err == nil {
		*t = FileType(n)
	}
	return err
}

// Places in the SFGI and the SFIN record.
const (
	sfgiName = 0x10
	sfgiSize = 0x14

	sfinFileID      = 0x14
	sfinType        = 0x1c
	sfinBlockSize   = 0x20
	sfinGroupID     = 0x24
	sfinBytes       = 0x28
	sfinLogicalName = 0x30
	sfinPhysical    = 0x34
	sfinFixed       = 0x38 // what a record must have; the rest may be missing
	sfinBaseLSN     = 0x9e
	sfinBaseGUID    = 0xaa
	sfinUniqueID    = 0xba
)

// maxFiles is more than a database can have (32,767).
const maxFiles = 1 << 15

// readFiles reads the records after SCIN. damaged reports that it met
// something else than records, so files may be missing.
func readFiles(b []byte) (all []File, damaged bool) {
	group := ""
	for len(all) < maxFiles {
		if b = skipPadding(b); len(b) == 0 {
			return all, false
		}
		if len(b) < recordHeader || !isTag(b) {
			return all, true
		}
		length := int64(u32(b, 4))
		if length < recordHeader || length > int64(len(b)) {
			return all, true
		}
		var err error
		if all, group, err = addRecord(b[:length], all, group); err != nil {
			return all, true
		}
		b = b[length:]
	}
	return all, true
}

// skipPadding drops zeros between records and after the last.
func skipPadding(b []byte) []byte {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// addRecord takes a filegroup's name, or a file. Other records are skipped.
func addRecord(b []byte, all []File, group string) ([]File, string, error) {
	switch string(b[:4]) {
	case "SFGI":
		r, err := recordAt(b, "SFGI", sfgiName, sfgiSize)
		if err != nil {
			return all, group, err
		}
		name, err := r.text(sfgiName)
		return all, name, err
	case "SFIN":
		f, err := readFile(b, group)
		if err != nil {
			return all, group, err
		}
		return append(all, f), group, nil
	}
	return all, group, nil
}

func readFile(b []byte, group string) (f File, err error) {
	r, err := recordAt(b, "SFIN", sfinLogicalName, sfinFixed)
	if err != nil {
		return File{}, err
	}
	if u16(b, sfinPhysical) > 0 { // whichever string comes first ends the fixed part
		r.fixed = min(r.fixed, u16(b, sfinPhysical+2))
	}
	if f.LogicalName, err = r.text(sfinLogicalName); err != nil {
		return File{}, err
	}
	if f.PhysicalName, err = r.text(sfinPhysical); err != nil {
		return File{}, err
	}
	f.FileID = u16(b, sfinFileID)
	f.Type = FileType(u16(b, sfinType))
	f.SourceBlockSize = u32(b, sfinBlockSize)
	f.FileGroupID = u16(b, sfinGroupID)
	f.Size = size(b, sfinBytes)
	if f.Type != LogFile {
		f.FileGroupName = group
	}
	f.lateFields(r)
	return f, nil
}

// lateFields are there where the fixed part reaches them.
func (f *File) lateFields(r record) {
	if r.fixed >= sfinBaseLSN+lsnSize {
		f.DifferentialBaseLSN = lsnAt(r.bytes, sfinBaseLSN)
	}
	if r.fixed >= sfinBaseGUID+guidSize {
		f.DifferentialBaseGUID = guidAt(r.bytes, sfinBaseGUID)
	}
	if r.fixed >= sfinUniqueID+guidSize {
		f.UniqueID = guidAt(r.bytes, sfinUniqueID)
	}
}
