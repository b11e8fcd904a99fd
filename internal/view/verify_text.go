package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

// Verified is a plan and what its files showed.
type Verified struct {
	*Migration
	Report verify.Report
	Class  executor.Class
}

// WriteVerified shows each valid plan: its files, its databases, its findings.
func WriteVerified(w io.Writer, all []Verified) {
	first := true
	for _, v := range all {
		if !v.Valid() {
			continue
		}
		if !first {
			Line(w, "")
		}
		first = false
		v.write(w)
	}
}

func (v Verified) write(w io.Writer) {
	Line(w, "plan %s (%s): %s", v.Plan.Name, v.File, Counted(len(v.Report.Files), "file"))
	if len(v.Report.Files) > 0 {
		rows := [][]string{{"STEP", "FILE", "TYPE", "DATABASE", "FIRST LSN", "LAST LSN", "FINISHED", "GRADE"}}
		for _, c := range v.Report.Files {
			rows = append(rows, fileRows(c)...)
		}
		Table(w, rows)
	}
	for _, d := range v.Report.Databases {
		Line(w, "%s", databaseLine(d, !v.Report.Invalid()))
	}
	for _, f := range v.Report.Findings {
		v.WriteFinding(w, f)
	}
	Line(w, "%s: %s", v.Plan.Name, v.verdict())
}

// fileRows has a row for each backup set, and one for a file without any.
func fileRows(c verify.Checked) (rows [][]string) {
	grade := string(c.Backup.Grade())
	if c.Err != nil {
		grade = string(verify.KindOf(c.Err))
	}
	for _, b := range c.Backup.Split() {
		s := b.Set()
		rows = append(rows, []string{fmt.Sprint(c.Step), b.Name, setType(s), short(s.DatabaseName), s.FirstLSN.String(), s.LastLSN.String(),
			dash(verify.Finished(s)), grade})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{fmt.Sprint(c.Step), c.Key, "-", "-", "-", "-", "-", grade})
	}
	return rows
}

// databaseLine says how far a chain without an error reaches, and what the
// database takes on the target.
func databaseLine(d verify.Database, isChain bool) string {
	text := "database " + orElse(short(d.Name), "unknown")
	var known []string
	if d.Last != nil && isChain {
		known = append(known, "the files restore it up to LSN "+d.Last.LastLSN.String()+after(", ", verify.Finished(d.Last)))
	}
	if least := "its files take "; d.Size > 0 {
		if d.IsAtLeast {
			least += "at least "
		}
		known = append(known, least+sizeText(d.Size)+" on the target")
	}
	if len(known) == 0 {
		return text + ": nothing is known of it"
	}
	return text + ": " + strings.Join(known, "; ")
}

// after puts a separator before a text, "" for no text.
func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// sizeText is "5.0 GiB (5378146304 bytes)".
func sizeText(n int64) string {
	value, unit := float64(n), ""
	for _, unit = range []string{"bytes", "KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 || unit == "TiB" {
			break
		}
		value /= 1024
	}
	if unit == "bytes" {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s (%d bytes)", value, unit, n)
}

// WriteFinding writes what was found about the plan's files.
func (m *Migration) WriteFinding(w io.Writer, f verify.Finding) { Line(w, "%s", m.findingText(f)) }

// findingText is like a diagnostic of a plan: where, what, what to do.
func (m *Migration) findingText(f verify.Finding) string {
	var b strings.Builder
	at := m.position(f.Step)
	fmt.Fprintf(&b, "%s:%d:%d: %s: ", m.File, at.Line, at.Column, f.Severity)
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(Clean(f.Summary))
	if f.Action != "" {
		b.WriteString(". " + Clean(f.Action))
	}
	b.WriteString(" [" + string(f.ID))
	if f.Message != 0 {
		fmt.Fprintf(&b, ", SQL Server error %d", f.Message)
	}
	if f.DRS != "" {
		b.WriteString("; DRS: " + f.DRS)
	}
	return b.String() + "]"
}

// position is that of a step in its plan.
func (m *Migration) position(step int) plan.Pos {
	if step < 1 || step > len(m.Plan.Backups) {
		return plan.Pos{Line: 1, Column: 1}
	}
	return m.Plan.Backups[step-1].Pos
}

// verdict is the last line about a plan.
func (v Verified) verdict() string {
	errors, warnings := 0, 0
	for _, f := range v.Report.Findings {
		switch f.Severity {
		case backup.Error:
			errors++
		case backup.Warning:
			warnings++
		}
	}
	var counts []string
	if errors > 0 {
		counts = append(counts, Counted(errors, "error"))
	}
	if warnings > 0 {
		counts = append(counts, Counted(warnings, "warning"))
	}
	switch text := strings.Join(counts, ", "); {
	case errors > 0:
		return "not proved: " + text
	case len(v.Report.Databases) == 0 || !allProved(v.Report):
		return "proved in part: " + text
	case warnings > 0:
		return "the restore chain is proved, with " + text
	}
	return "the restore chain is proved"
}

func allProved(r verify.Report) bool {
	for _, c := range r.Files {
		if c.Backup.Grade() != backup.Proved {
			return false
		}
	}
	return true
}

// WriteFileProgress says how far the reading of many files is.
func WriteFileProgress(w io.Writer, name string, done, total int) {
	Line(w, "%s: %d of %d files read", name, done, total)
}
