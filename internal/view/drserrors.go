package view

import (
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
)

// drsError is what a code or sentence of DRS means for a restore chain (error
// codes page; troubleshooting pages and guides). Its remedy may be costly, so a
// text that only shares a word with a known one stays unknown.
type drsError struct {
	codes      []string
	says       []string // patterns; one sentence of the text fits one of them
	cause      string
	restorable bool   // the database is as it was before the step
	exists     bool   // something of this name is on the target
	remedy     string // RESOLVE is replaced by the command that declares the step succeeded
}

// drsErrors are the known errors, the more specific first. It is one table: its
// length needs no split.
func drsErrors() []drsError {
	return []drsError{
		{says: []string{
			"lsn + not continuous", "log backup + not continuous", "incremental backup + not continuous",
			"not continuous + previous", "lsn + too recent to apply", "lsn + too early to apply",
		}, restorable: true,
			cause:  "the log backup does not start where the previous one ended: a log backup is missing, or was already restored",
			remedy: "check first: if this backup is already restored, RESOLVE; otherwise add the missing log backup before it"},
		{says: []string{
			"restore:null", "backup file not found", "backup file * not found", "backup file does not exist",
			"backup file * does not exist", "nosuchkey", "specified key does not exist",
		}, restorable: true,
			cause:  "the object is not in the bucket, or is in Archive storage",
			remedy: "put it back under this key, in Standard storage"},
		{says: []string{"database + not in backup file list", "database + not in the backup file list"}, restorable: true,
			cause:  "the database is not in the backup file, or the file's name is too long",
			remedy: "check databases with RESTORE HEADERONLY, and shorten the file name"},
		{says: []string{
			"database with the same name + exists", "database with the same name + already exists",
			"databases with the same name + exist", "has a same-name database", "contains a same-name database",
			"contains same-name databases", "same-name database exists", "same-name database already exists",
			"same-name databases exist", ". database * already exists",
		}, restorable: true, exists: true,
			cause:  "a database with this name already exists on the target",
			remedy: "drop or rename it there, or give the plan overwrite"},
		{says: []string{
			"full + is an incremental backup", "full + is a differential backup", "full + is a log backup",
			"incremental + is a full backup", "incremental + is a differential backup",
			"full + is an incremental or differential backup",
		}, restorable: true,
			cause:  "the file is not of the type in the plan",
			remedy: "check with RESTORE HEADERONLY, and fix the entry"},
		{says: []string{
			"backup file verification failed .", "backup file verification failed * .", "backup verification failed .",
			"backup verification failed * .", "failed to obtain the restoration file information", "backup file is corrupt",
			"backup file is corrupted", "backup file is damaged", "backup file is incomplete", "backup file * is corrupt",
			"backup file * is corrupted", "backup file * is damaged", "backup file * is incomplete",
		}, restorable: true,
			cause:  "the backup file is damaged or was not completely uploaded",
			remedy: "upload it again, and compare its size"},
		{says: []string{
			"insufficient space", "insufficient storage space", "insufficient disk space", "insufficient free space",
			"space is insufficient", "not enough space", "not enough storage space", "not enough disk space",
			"not enough free space",
		}, restorable: true,
			cause:  "the instance has not enough free space",
			remedy: "enlarge its storage: one and a half times the data must be free"},
		{says: []string{"partial restore + specify the database name", "partial restore without database name"}, restorable: true,
			cause: "DRS wants the databases by name", remedy: "write databases as a list"},
		{says: []string{
			"number of restored databases exceeds", "number of databases exceeds", "database count exceeds",
			"db count exceeds",
		}, restorable: true,
			cause: "the instance would hold more than 100 databases", remedy: "drop some, or use another instance"},
		{says: []string{
			"switchover occurred", "switchover has occurred", "switchover was performed", "switchover + database was performed",
			"failover occurred", "failover has occurred", "failover was performed",
		},
			cause:  "primary and standby of the instance switched during the restore",
			remedy: "the step cannot be repaired: raise generation and start from the full backup"},
		{codes: []string{"DRS.M00105"}, restorable: true, cause: "the account is restricted", remedy: "check balance and verification of the account"},
		{codes: []string{"DRS.M05006"}, restorable: true, cause: "the target instance is not valid",
			remedy: checkInstance},
		{codes: []string{"DRS.M06007"}, restorable: true, cause: "DRS got no target instance", remedy: checkInstance},
		{codes: []string{"DRS.M00269", "DRS.M00270", "DRS.M00271"}, restorable: true, cause: "DRS does not accept a tag", remedy: "fix the tags in the plan"},
		{codes: []string{"DRS.M00007", "DRS.M00200", "DRS.M00201", "DRS.M00202", "DRS.M00273", "DRS.M00300", "DRS.M00301", "DRS.M00305"}, restorable: true,
			cause: "DRS does not accept a value of the request", remedy: "fix the value that the message names"},
	}
}

// meaningOf finds what a failure means; nil where it is not known.
func meaningOf(code, text string) *drsError {
	said := sentences(text)
	for _, e := range drsErrors() {
		if slices.Contains(e.codes, code) || slices.ContainsFunc(e.says, func(pattern string) bool { return says(said, pattern) }) {
			return &e
		}
	}
	return nil
}

// failure is what the failure of the step means: of its job, or of its request.
func (s stopped) failure() *drsError {
	if s.stop.Reason == executor.CreateRefused {
		return meaningOf(s.InLedger().Answer.Code, "")
	}
	return meaningOf("", s.InLedger().ErrorLog)
}

// Meaning is the cause of the failure, "" where it is not known.
func (s stopped) Meaning() string {
	if e := s.failure(); e != nil {
		return e.cause
	}
	return ""
}

// Remedy is what to do about the failure, "" where it is not known.
func (s stopped) Remedy() string {
	if e := s.failure(); e != nil {
		return strings.Replace(e.remedy, "RESOLVE", s.Resolve("--succeeded"), 1)
	}
	return ""
}

// ErrorLog is what DRS says about a failed job.
func (s stopped) ErrorLog() string {
	return strings.TrimRight(orElse(Clean(s.InLedger().ErrorLog), "no reason given"), ".")
}

// checkInstance is for a target that is not usable, or is the wrong one.
const checkInstance = "check that the instance is active (if target.instance_id is wrong, correct it, rename the plan, because a name stays with its target, " +
	"and run apply instead)"
