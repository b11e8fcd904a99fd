package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/ledger"
)

// narrow is a terminal.
type narrow struct {
	bytes.Buffer
	width int
}

func (n *narrow) Columns() int { return n.width }

// On a terminal every table fits, and what it says is whole.
func TestTablesFitTheTerminal(t *testing.T) {
	long := example(t, ledger.StepRunning)
	sent := long.State.Requests["job-2"]
	sent.Body = strings.Replace(sent.Body, "ims_log1.bak", "server17_named_instance_ims_LOG_20270306_141500.bak", 1)
	long.State.Requests["job-2"] = sent
	long.State.Steps[1].JobID, long.State.Requests["60cf7d2e-5a45-4b13-8e45-2fa7a13jb701"] = "60cf7d2e-5a45-4b13-8e45-2fa7a13jb701", sent
	var all strings.Builder
	for _, width := range []int{60, 80, 200} {
		fmt.Fprintf(&all, "== %d columns\n", width)
		for _, rows := range [][][]string{long.statusRows(night(31)), long.planRows(), overviewRows(fleet(t).sorted(), night(31))} {
			w := &narrow{width: width}
			Table(w, rows)
			for line := range strings.Lines(w.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%d columns on a terminal of %d: %s", n, width, line)
				}
			}
			all.WriteString(w.String() + "\n")
		}
	}
	golden(t, "tables", all.String())
}

// At any width every line fits, and what a row says is all there.
func TestTableOfAnyCells(t *testing.T) {
	cell := rapid.StringOfN(rapid.SampledFrom([]rune("AB /_É表")), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(40, 200).Draw(t, "width")
		row := []string{"1", "x" + cell.Draw(t, "files"), "y" + cell.Draw(t, "job"), "z" + cell.Draw(t, "next")}
		w := &narrow{width: width}
		Table(w, [][]string{{"s", "FILES", "j", "NEXT"}, row})
		for line := range strings.Lines(w.String()) {
			if n := columnsOf(strings.TrimSuffix(line, "\n")); n > width {
				t.Fatalf("%d columns on a terminal of %d: %s", n, width, line)
			}
		}
		for _, r := range "AB_É表" {
			if got, want := strings.Count(w.String(), string(r)), strings.Count(strings.Join(row, ""), string(r)); got != want {
				t.Fatalf("%q is there %d times, want %d: %q", r, got, want, w.String())
			}
		}
	})
}

// Lines that are put together again are the text: two texts that differ look
// different.
func TestWrapKeepsEveryCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab /_é表"))).Draw(t, "text")
		width := rapid.IntRange(2, 20).Draw(t, "width")
		lines := wrap(text, width)
		if got := strings.Join(lines, ""); got != text {
			t.Fatalf("%q became %q", text, lines)
		}
		for i, line := range lines {
			if columnsOf(line) > width {
				t.Fatalf("%q is wider than %d", line, width)
			}
			if i < len(lines)-1 && strings.HasSuffix(line, " ") && strings.Trim(line, " ") != "" {
				t.Fatalf("%q ends with a space", line)
			}
		}
	})
}
