package view

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/migplan/migplan/pkg/backup"
)

// Inspection is what backup files say of themselves, and what follows from it.
type Inspection struct {
	Files    []backup.Backup // in the order in which they were found
	Chains   []backup.Chain
	Rest     []backup.Backup  // in no chain
	OfRest   []backup.Finding // about those, and about where the files are
	Findings []backup.Finding // all of them
}

// Write shows the chains, and then the files that are in none.
func (in Inspection) Write(w io.Writer) {
	for i, c := range in.Chains {
		if i > 0 {
			Line(w, "")
		}
		writeChain(w, c)
	}
	if len(in.Chains) > 0 && len(in.Rest) > 0 {
		Line(w, "")
		Line(w, "unreadable: %s", Counted(len(in.Rest), "file"))
	}
	for _, f := range in.OfRest {
		Line(w, "%s", findingText(f))
	}
}

func writeChain(w io.Writer, c backup.Chain) {
	Line(w, "%s", chainTitle(c))
	rows := [][]string{{"FILE", "TYPE", "DATABASE", "POSITION", "FIRST LSN", "LAST LSN", "FINISHED", "STATE", "GRADE"}}
	for _, b := range c.Backups {
		rows = append(rows, chainRow(b))
	}
	Table(w, rows)
	for _, f := range c.Findings {
		Line(w, "%s", findingText(f))
	}
}

// chainTitle is "database ims: full backup, 2 log backups".
func chainTitle(c backup.Chain) string {
	parts := []string{"full backup"}
	if c.Full == nil {
		parts = []string{"no full backup"}
	}
	logs, others := 0, 0
	for _, b := range c.Backups {
		switch b.Set().BackupType {
		case backup.Full:
		case backup.Log:
			logs++
		default:
			others++
		}
	}
	if logs > 0 {
		parts = append(parts, Counted(logs, "log backup"))
	}
	if others > 0 {
		parts = append(parts, Counted(others, "other backup"))
	}
	return fmt.Sprintf("database %s: %s", short(c.DatabaseName), strings.Join(parts, ", "))
}

func chainRow(b backup.Backup) []string {
	s, state := b.Set(), "complete"
	if !b.Media.Complete {
		state = "incomplete"
	}
	return []string{
		b.Name, setType(s), short(s.DatabaseName), fmt.Sprint(s.Position), s.FirstLSN.String(), s.LastLSN.String(),
		dash(s.BackupFinishDate.String()), state, string(b.Grade()),
	}
}

// short bounds a name from a file. SQL Server's own have 128 characters at most.
func short(name string) string {
	const most = 128
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most]) + " …"
}

// findingText is like a diagnostic of a plan: where, what, what to do.
func findingText(f backup.Finding) string {
	text := fmt.Sprintf("%s: %s: %s", f.File, f.Severity, Clean(f.Summary))
	if f.Action != "" {
		text += ". " + Clean(f.Action)
	}
	if f.Message != 0 {
		return fmt.Sprintf("%s [%s, SQL Server error %d]", text, f.ID, f.Message)
	}
	return fmt.Sprintf("%s [%s]", text, f.ID)
}

// setType is the type of a backup in a person's words.
func setType(s *backup.Set) string {
	kind := s.BackupType.String()
	if s.BackupType == backup.Log && s.Flags.Has(backup.IsTailLog) {
		kind = "tail log"
	}
	if s.Flags.Has(backup.IsCopyOnly) {
		kind = fmt.Sprintf("copy-only %s", kind)
	}
	return kind
}
