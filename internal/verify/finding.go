package verify

import (
	"slices"

	"github.com/migplan/migplan/pkg/backup"
)

// Finding is what is wrong, or worth knowing, about a file of a plan or about
// its place in the chain.
type Finding struct {
	ID       backup.ID       `json:"id"`
	Severity backup.Severity `json:"severity"`
	Step     int             `json:"step,omitempty"`     // counted from 1; 0 where it is about the plan
	Key      string          `json:"key,omitempty"`      // whole object key
	Database string          `json:"database,omitempty"` // whose chain it is about
	Message  int             `json:"message,omitempty"`  // number of SQL Server's error in a restore
	DRS      string          `json:"drs,omitempty"`      // the failure of DRS that it would become
	Summary  string          `json:"summary"`            // what is wrong, a sentence without a full stop
	Action   string          `json:"action,omitempty"`   // what to do about it
}

// The findings beside those of pkg/backup.
const (
	FindMissing         backup.ID = "missing"                 // there is no such object
	FindUnusable        backup.ID = "unusable"                // a folder or a pipe, not a file
	FindArchived        backup.ID = "archived"                // in Archive storage
	FindStorageClass    backup.ID = "storage-class"           // not Standard
	FindKMS             backup.ID = "kms-encrypted"           // encrypted with a key that DRS does not have
	FindDenied          backup.ID = "denied"                  // could not be asked: permissions
	FindUnavailable     backup.ID = "unavailable"             // could not be asked: no usable answer
	FindWrongType       backup.ID = "wrong-type"              // not what the plan says: full, log
	FindDatabaseMissing backup.ID = "database-missing"        // a step has no file of a listed database
	FindNameCase        backup.ID = "name-case"               // the database's name differs in its case
	FindTwoFiles        backup.ID = "two-files"               // two files of a step are of one database
	FindNotProved       backup.ID = "not-proved"              // a stretch of log in files that cannot be read
	FindNotNeeded       backup.ID = "differential-not-needed" // the log chain continues without it
	FindNotChecked      backup.ID = "not-checked"             // a backup of RDS has no file to read
	FindNotLocked       backup.ID = "not-locked"              // the lock does not have the file
	FindLockUnusable    backup.ID = "lock-unusable"           // the lock is no lock of this plan
	FindLockChanged     backup.ID = "lock-changed"            // the file is not the one that was locked
	FindStopAt          backup.ID = "stop-at"                 // DRS cannot stop at a time
)

// drsFailure is the failure of DRS that a finding would become, from Huawei's
// "Troubleshooting" of backup migration; "" where none is known.
func drsFailure(id backup.ID) string {
	switch id {
	case FindMissing, FindUnusable, FindArchived:
		return "the backup file is not found (restore:null)"
	case FindKMS, backup.FindNotBackup, backup.FindEmpty, backup.FindTruncated, backup.FindDamagedFile, backup.FindTrailing:
		return "failed to obtain the restoration file information"
	case backup.FindWrongDatabase, FindDatabaseMissing, FindNameCase:
		return "the source database is not in the backup file list"
	case backup.FindLogMissing, backup.FindChainBroken, backup.FindLogTooEarly, backup.FindFork, backup.FindSimple:
		return "the LSN is not continuous"
	case FindWrongType:
		return "the backup file is not of the chosen type"
	}
	return ""
}

// couldNotAsk is a finding that says nothing about the file.
func couldNotAsk(f Finding) bool { return f.ID == FindDenied || f.ID == FindUnavailable }

// Report is the comparison of a plan with its files.
type Report struct {
	Files     []Checked // in the order of the plan
	Databases []Database
	Findings  []Finding // by step
}

// Invalid reports a finding that is an error of the files or the plan.
func (r Report) Invalid() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity == backup.Error && !couldNotAsk(f) })
}

// Denied reports that something could not be read because a permission is missing.
func (r Report) Denied() bool { return r.has(FindDenied) }

// Unavailable reports that some file gave no answer.
func (r Report) Unavailable() bool { return r.has(FindUnavailable) }

func (r Report) has(id backup.ID) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.ID == id })
}

// Checked is a file of the plan and what was read of it.
type Checked struct {
	Step   int
	Key    string
	Object Object        // zero where Err is of Stat or Open
	Backup backup.Backup // named by the key
	Err    error         // of the store, not about the content
}

// Database is the chain of one database, as far as it is known.
type Database struct {
	Name      string
	Backups   int          // files of its chain
	Full      *backup.Set  // nil where it could not be read
	Last      *backup.Set  // the last backup that could be read
	Size      int64        // bytes that its files take on the target, data and log; 0 is unknown
	IsAtLeast bool         // of Size: the header may lack files
	Grade     backup.Grade // the worst of its files
}
