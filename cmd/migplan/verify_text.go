package main

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// writeVerified shows each plan: its files, its databases, its findings.
func (a *app) writeVerified(all []verified) {
	a.sayInvalidOf(all)
	first := true
	for _, v := range all {
		if !v.valid() {
			continue
		}
		if !first {
			line(a.stdout, "")
		}
		first = false
		a.writeReport(v)
	}
}

func (a *app) sayInvalidOf(all []verified) {
	var plans []loaded
	for _, v := range all {
		plans = append(plans, v.loaded)
	}
	a.sayInvalid(plans)
}

func (a *app) writeReport(v verified) {
	line(a.stdout, "plan %s (%s): %s", v.plan.Name, v.file, counted(len(v.report.Files), "file"))
	if len(v.report.Files) > 0 {
		rows := [][]string{{"STEP", "FILE", "TYPE", "DATABASE", "FIRST LSN", "LAST LSN", "FINISHED", "GRADE"}}
		for _, c := range v.report.Files {
			rows = append(rows, fileRows(c)...)
		}
		table(a.stdout, rows)
	}
	for _, d := range v.report.Databases {
		line(a.stdout, "%s", databaseLine(d, !v.report.Invalid()))
	}
	for _, f := range v.report.Findings {
		line(a.stdout, "%s", verifyText(v, f))
	}
	line(a.stdout, "%s: %s", v.plan.Name, verdict(v))
}

// fileRows has a row for each backup set, and one for a file without any.
func fileRows(c verify.Checked) (rows [][]string) {
	grade := string(c.Backup.Grade())
	if c.Err != nil {
		grade = string(verify.KindOf(c.Err))
	}
	for _, b := range c.Backup.Split() {
		s := b.Set()
		rows = append(rows, []string{fmt.Sprint(c.Step), b.Name, setType(s), short(s.DatabaseName), s.FirstLSN.String(), s.LastLSN.String(), firstText(verify.Finished(s), "-"), grade})
	}
	if len(rows) == 0 {
		rows = append(rows, []string{fmt.Sprint(c.Step), c.Key, "-", "-", "-", "-", "-", grade})
	}
	return rows
}

// databaseLine says how far a chain without an error reaches, and what the
// database takes on the target.
func databaseLine(d verify.Database, isChain bool) string {
	text := "database " + firstText(short(d.Name), "unknown")
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

// after is text behind a separator, "" for none.
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

// verifyText is like a complaint about a plan: where, what, what to do.
func verifyText(v verified, f verify.Finding) string {
	var b strings.Builder
	at := v.position(f.Step)
	fmt.Fprintf(&b, "%s:%d:%d: %s: ", v.file, at.Line, at.Column, f.Severity)
	if f.Key != "" {
		b.WriteString(f.Key + ": ")
	}
	b.WriteString(clean(f.Summary))
	if f.Action != "" {
		b.WriteString(". " + clean(f.Action))
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
func (l loaded) position(step int) plan.Pos {
	if step < 1 || step > len(l.plan.Backups) {
		return plan.Pos{Line: 1, Column: 1}
	}
	return l.plan.Backups[step-1].Pos
}

// verdict is the last line about a plan.
func verdict(v verified) string {
	errors, warnings := 0, 0
	for _, f := range v.report.Findings {
		switch f.Severity {
		case backup.Error:
			errors++
		case backup.Warning:
			warnings++
		}
	}
	var counts []string
	if errors > 0 {
		counts = append(counts, counted(errors, "error"))
	}
	if warnings > 0 {
		counts = append(counts, counted(warnings, "warning"))
	}
	switch text := strings.Join(counts, ", "); {
	case errors > 0:
		return "not proved: " + text
	case len(v.report.Databases) == 0 || !allProved(v.report):
		return "proved in part: " + text
	case warnings > 0:
		return "the restore chain is proved, with " + text
	}
	return "the restore chain is proved"
}

func allProved(r verify.Report) bool {
	for _, d := range r.Databases {
		if d.Grade != backup.Proved {
			return false
		}
	}
	return true
}
