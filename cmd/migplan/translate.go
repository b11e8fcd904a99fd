package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
)

// translation says what a code or sentence of DRS means for a restore chain
// (error codes page; troubleshooting pages and guides). Its remedy may be
// costly, so a text that only shares a word with a known one stays unknown.
type translation struct {
	codes      []string
	says       []string // patterns; one sentence of the text fits one of them
	cause      string
	restorable bool   // the database is as it was before the step
	exists     bool   // something of this name is on the target
	remedy     string // RESOLVE stands for the command that declares the step succeeded
}

// translations, the more particular first.
func translations() []translation {
	return []translation{
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
		{codes: []string{"DRS.M05006"}, restorable: true, cause: "the target instance is not valid", remedy: "check target.instance_id and that the instance is active"},
		{codes: []string{"DRS.M06007"}, restorable: true, cause: "DRS got no target instance", remedy: "check target.instance_id"},
		{codes: []string{"DRS.M00269", "DRS.M00270", "DRS.M00271"}, restorable: true, cause: "DRS does not accept a tag", remedy: "fix the tags in the plan"},
		{codes: []string{"DRS.M00007", "DRS.M00200", "DRS.M00201", "DRS.M00202", "DRS.M00273", "DRS.M00300", "DRS.M00301", "DRS.M00305"}, restorable: true,
			cause: "DRS does not accept a value of the request", remedy: "fix the value that the message names"},
	}
}

// translate finds what a failure means; nil where nobody has seen it before.
func translate(code, text string) *translation {
	said := sentences(text)
	for _, t := range translations() {
		if slices.Contains(t.codes, code) || slices.ContainsFunc(t.says, func(pattern string) bool { return says(said, pattern) }) {
			return &t
		}
	}
	return nil
}

// explainFailure says why a job failed.
func explainFailure(at place, s executor.Stop, e *explanation) {
	st := at.state.Step(s.Step)
	status, _ := drs.ParseStatus(st.Status)
	e.What = stepName(at, s.Step) + " failed"
	e.Tried = fmt.Sprintf("job %s, attempt %d", clean(st.JobID), st.Attempt)
	e.Known = fmt.Sprintf("DRS says %s: %s", clean(st.Status), strings.TrimRight(firstText(st.ErrorLog, "no reason given"), "."))
	if st.Status == "" {
		e.Tried = "one pass; nothing was submitted"
		e.Known = fmt.Sprintf("a person declared attempt %d failed", st.Attempt)
	}
	t := translate("", st.ErrorLog)
	retry := at.command("retry", fmt.Sprintf("%d --reason TEXT", s.Step))
	switch {
	case t != nil && t.exists && at.seededBy != nil:
		e.Known += ". That is: " + t.cause
		e.Next = keepSeeded(at)
	case t != nil:
		e.Known += ". That is: " + t.cause
		resolve := at.command("resolve", fmt.Sprintf("%d --succeeded --reason TEXT", s.Step))
		e.Next = strings.Replace(t.remedy, "RESOLVE", resolve, 1) + "; then " + retry
	default:
		e.Next = "fix the cause, edit the step if needed; then " + retry
	}
	switch {
	case status == drs.PrecheckFailed:
		e.Database = "as before this step: the precheck restored nothing"
	case s.Step == 1:
		e.Database = "not restored: the full backup failed"
	case t != nil && t.restorable && !st.Last:
		e.Database = "still restoring, as far as this failure is known"
	default:
		e.Database = "uncertain: the failed step may have changed part of it"
	}
}

// explainRefusal says why DRS did not take a request.
func explainRefusal(at place, s executor.Stop, e *explanation) {
	answer := at.state.Step(s.Step).Answer
	e.What = "DRS refused the request for " + stepName(at, s.Step)
	e.Tried = "one request, as " + at.steps[s.Step-1].JobName(at.state.Step(s.Step).Attempt)
	e.Known = fmt.Sprintf("%s %s. No job was created", clean(answer.Code), strings.TrimRight(firstText(answer.Message, "without a message"), "."))
	next := "fix the plan"
	if t := translate(answer.Code, ""); t != nil {
		e.Known += ". That is: " + t.cause
		next = t.remedy
	}
	e.Next = next + "; then " + at.command("retry", fmt.Sprintf("%d --reason TEXT", s.Step))
}
