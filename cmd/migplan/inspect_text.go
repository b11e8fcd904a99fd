package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/migplan/migplan/pkg/backup"
)

// writeInspection shows the chains, and then the files that are in none.
func (a *app) writeInspection(in inspection) {
	for i, c := range in.chains {
		if i > 0 {
			line(a.stdout, "")
		}
		writeChain(a.stdout, c)
	}
	if len(in.chains) > 0 && len(in.rest) > 0 {
		line(a.stdout, "")
		line(a.stdout, "unreadable: %s", counted(len(in.rest), "file"))
	}
	for _, f := range in.ofRest {
		line(a.stdout, "%s", findingText(f))
	}
}

func writeChain(w io.Writer, c backup.Chain) {
	line(w, "%s", chainTitle(c))
	rows := [][]string{{"FILE", "TYPE", "DATABASE", "POSITION", "FIRST LSN", "LAST LSN", "FINISHED", "STATE", "GRADE"}}
	for _, b := range c.Backups {
		rows = append(rows, chainRow(b))
	}
	table(w, rows)
	for _, f := range c.Findings {
		line(w, "%s", findingText(f))
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
		parts = append(parts, counted(logs, "log backup"))
	}
	if others > 0 {
		parts = append(parts, counted(others, "other backup"))
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
		firstText(s.BackupFinishDate.String(), "-"), state, string(b.Grade()),
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

// findingText is like a complaint about a plan: where, what, what to do.
func findingText(f backup.Finding) string {
	text := fmt.Sprintf("%s: %s: %s", f.File, f.Severity, clean(f.Summary))
	if f.Action != "" {
		text += ". " + clean(f.Action)
	}
	if f.Message != 0 {
		return fmt.Sprintf("%s [%s, SQL Server error %d]", text, f.ID, f.Message)
	}
	return fmt.Sprintf("%s [%s]", text, f.ID)
}
