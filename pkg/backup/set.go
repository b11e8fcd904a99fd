package backup

import (
	"encoding/json"
	"fmt"
	"math"
)

// Set is one backup set. Fields named as the columns of RESTORE HEADERONLY
// mean the same; the others say so. Dates are the server's local time.
type Set struct {
	BackupName             string        `json:"BackupName"`
	BackupDescription      string        `json:"BackupDescription"`
	BackupType             BackupType    `json:"BackupType"`
	ExpirationDate         DateTime      `json:"ExpirationDate"`
	Compressed             bool          `json:"Compressed"`
	Position               int           `json:"Position"` // in its file, from 1
	UserName               string        `json:"UserName"`
	ServerName             string        `json:"ServerName"`
	DatabaseName           string        `json:"DatabaseName"`
	DatabaseVersion        int           `json:"DatabaseVersion"` // internal, for example 904 for SQL Server 2019
	DatabaseCreationDate   DateTime      `json:"DatabaseCreationDate"`
	BackupSize             int64         `json:"BackupSize"` // in bytes; 0 where Provisional
	FirstLSN               LSN           `json:"FirstLSN"`
	LastLSN                LSN           `json:"LastLSN"`
	CheckpointLSN          LSN           `json:"CheckpointLSN"`
	DatabaseBackupLSN      LSN           `json:"DatabaseBackupLSN"` // CheckpointLSN of the full that was current
	BackupStartDate        DateTime      `json:"BackupStartDate"`
	BackupFinishDate       DateTime      `json:"BackupFinishDate"` // none where Provisional
	SortOrder              int           `json:"SortOrder"`
	UnicodeLocaleID        uint32        `json:"UnicodeLocaleId"`
	UnicodeComparisonStyle uint32        `json:"UnicodeComparisonStyle"`
	CompatibilityLevel     int           `json:"CompatibilityLevel"`
	SoftwareVendorID       int           `json:"SoftwareVendorId"`
	SoftwareVersionMajor   int           `json:"SoftwareVersionMajor"`
	SoftwareVersionMinor   int           `json:"SoftwareVersionMinor"`
	SoftwareVersionBuild   int           `json:"SoftwareVersionBuild"`
	MachineName            string        `json:"MachineName"`
	Flags                  Flags         `json:"Flags"`
	BindingID              GUID          `json:"BindingID"`
	RecoveryForkID         GUID          `json:"RecoveryForkID"`
	FamilyGUID             GUID          `json:"FamilyGUID"` // of the database; it survives a restore
	RecoveryModel          RecoveryModel `json:"RecoveryModel"`
	DifferentialBaseLSN    LSN           `json:"DifferentialBaseLSN"`  // of a differential
	DifferentialBaseGUID   GUID          `json:"DifferentialBaseGUID"` // BackupSetGUID of the full below a differential
	BackupSetGUID          GUID          `json:"BackupSetGUID"`
	CompressedBackupSize   int64         `json:"CompressedBackupSize"` // in bytes; 0 where Provisional, and in 2005
	TimeZone               TimeZone      `json:"TimeZone"`             // of BackupStartDate, in quarters of an hour

	// DatabaseBackupGUID is the BackupSetGUID of the full backup that
	// DatabaseBackupLSN names. HEADERONLY does not show it.
	DatabaseBackupGUID GUID `json:"DatabaseBackupGUID"`
	// LogChainStartLSN is where the current log chain of the database began,
	// zero under SIMPLE. HEADERONLY does not show it.
	LogChainStartLSN LSN `json:"LogChainStartLSN"`
	// PreviousForkPointLSN and PreviousForkID say from where RecoveryForkID
	// branched off, zero where it never did. HEADERONLY shows them only for a
	// backup that spans the point: see FirstFork.
	PreviousForkPointLSN LSN  `json:"PreviousForkPointLSN"`
	PreviousForkID       GUID `json:"PreviousForkID"`

	FileList []File `json:"FileList"` // as RESTORE FILELISTONLY
	// FileListDamaged: a file record could not be read, so FileList may lack
	// files.
	FileListDamaged bool `json:"FileListDamaged,omitempty"`

	// Provisional: only the record that was written when the backup started
	// could be read. From SQL Server 2019 on its LSNs are wrong for full and
	// differential backups; its sizes and its finish date are unknown for all.
	Provisional bool `json:"Provisional"`
}

// BackupType is HEADERONLY's number.
type BackupType int

// The types, by the letter that the header has.
const (
	Full                BackupType = 1 // D
	Log                 BackupType = 2 // L
	FileBackup          BackupType = 4 // F: of files or filegroups
	Differential        BackupType = 5 // I
	FileDifferential    BackupType = 6 // G
	Partial             BackupType = 7 // P
	PartialDifferential BackupType = 8 // Q
)

func (t BackupType) String() string {
	names := map[BackupType]string{
		Full: "full", Log: "log", FileBackup: "file", Differential: "differential",
		FileDifferential: "file differential", Partial: "partial", PartialDifferential: "partial differential",
	}
	if s, ok := names[t]; ok {
		return s
	}
	return fmt.Sprintf("type %d", int(t))
}

func (t BackupType) isDifferential() bool {
	return t == Differential || t == FileDifferential || t == PartialDifferential
}

// RecoveryModel is the recovery model of the database at the backup.
type RecoveryModel string

// The recovery models, as HEADERONLY prints them.
const (
	FullRecovery RecoveryModel = "FULL"
	BulkLogged   RecoveryModel = "BULK-LOGGED"
	Simple       RecoveryModel = "SIMPLE"
)

// Flags are HEADERONLY's Flags. Bits without a name here are kept.
type Flags uint32

// The documented flags.
const (
	HasBulkLoggedData     Flags = 0x001
	IsSnapshot            Flags = 0x002
	IsReadOnly            Flags = 0x004
	IsSingleUser          Flags = 0x008
	HasBackupChecksums    Flags = 0x010
	IsDamaged             Flags = 0x020
	IsTailLog             Flags = 0x040
	HasIncompleteMetaData Flags = 0x080
	IsForceOffline        Flags = 0x100 // WITH NORECOVERY
	IsCopyOnly            Flags = 0x400
	IsDifferential        Flags = 0x800
)

// Has reports that all bits of f are set.
func (fl Flags) Has(f Flags) bool { return fl&f == f }

// BeginsLogChain is HEADERONLY's column: the first log backup of a chain.
func (s *Set) BeginsLogChain() bool {
	return s.BackupType == Log && !s.LogChainStartLSN.IsZero() && s.FirstLSN == s.LogChainStartLSN
}

// FirstFork is HEADERONLY's FirstRecoveryForkID and ForkPointLSN: the fork on
// which the backup begins, and where it leaves it. The LSN is zero for a
// backup on one fork.
func (s *Set) FirstFork() (GUID, LSN) {
	if s.FirstLSN.Before(s.PreviousForkPointLSN) {
		return s.PreviousForkID, s.PreviousForkPointLSN
	}
	return s.RecoveryForkID, LSN{}
}

// RestoredSize is the space that the database takes when it is restored: the
// sum of the sizes of its files, in bytes.
func (s *Set) RestoredSize() int64 {
	sum := int64(0)
	for _, f := range s.FileList {
		if f.Size > math.MaxInt64-sum {
			return math.MaxInt64
		}
		sum += f.Size
	}
	return sum
}

// columns is a Set without its MarshalJSON.
type columns Set

// HeaderOnly is a Set with the columns that HEADERONLY derives from others.
type HeaderOnly struct {
	columns
	HasBulkLoggedData     bool `json:"HasBulkLoggedData"`
	IsSnapshot            bool `json:"IsSnapshot"`
	IsReadOnly            bool `json:"IsReadOnly"`
	IsSingleUser          bool `json:"IsSingleUser"`
	HasBackupChecksums    bool `json:"HasBackupChecksums"`
	IsDamaged             bool `json:"IsDamaged"`
	BeginsLogChain        bool `json:"BeginsLogChain"`
	HasIncompleteMetaData bool `json:"HasIncompleteMetaData"`
	IsForceOffline        bool `json:"IsForceOffline"`
	IsCopyOnly            bool `json:"IsCopyOnly"`
	FirstRecoveryForkID   GUID `json:"FirstRecoveryForkID"`
	ForkPointLSN          LSN  `json:"ForkPointLSN"`
}

// HeaderOnly adds the columns that HEADERONLY derives from others.
func (s Set) HeaderOnly() HeaderOnly {
	fork, point := s.FirstFork()
	return HeaderOnly{
		columns(s),
		s.Flags.Has(HasBulkLoggedData), s.Flags.Has(IsSnapshot), s.Flags.Has(IsReadOnly), s.Flags.Has(IsSingleUser),
		s.Flags.Has(HasBackupChecksums), s.Flags.Has(IsDamaged), s.BeginsLogChain(), s.Flags.Has(HasIncompleteMetaData),
		s.Flags.Has(IsForceOffline), s.Flags.Has(IsCopyOnly), fork, point,
	}
}

// MarshalJSON writes the form of HeaderOnly.
func (s Set) MarshalJSON() ([]byte, error) { return json.Marshal(s.HeaderOnly()) }
