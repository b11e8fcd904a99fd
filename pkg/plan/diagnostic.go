package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Severity says whether a diagnostic makes a plan invalid.
type Severity string

// A plan with an Error is not run. A Warning comes from a console guide, or
// from what DRS cannot show afterwards; validate --strict treats it as an error.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is one problem in a plan: where it is, what it is, and what to do.
type Diagnostic struct {
	File string
	Pos
	Severity Severity
	Rule     string // as listed in docs/rules.md
	Summary  string // what is wrong
	Hint     string // what to do
	Line     string `json:"-"` // the line of the file at Pos, for Snippet
	Step     int    `json:"-"` // the step that it is about, 0 for the whole plan

	together string // the hint for several of this kind at once, see Group; "" for none
}

// String is the diagnostic on one line: file:line:col: what. what to do [rule].
func (d Diagnostic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", Printable(d.File), d.Pos.Line, d.Column)
	if d.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(d.Message())
	fmt.Fprintf(&b, " [%s]", d.Rule)
	return b.String()
}

// Message is the summary and the hint.
func (d Diagnostic) Message() string {
	if d.Hint == "" {
		return Printable(d.Summary)
	}
	return Printable(d.Summary + ". " + d.Hint)
}

// Snippet is the line of the file with a caret under the position, or "" if
// there is no such line. Wide characters take two columns on a terminal.
func (d Diagnostic) Snippet() string {
	before := firstRunes(d.Line, d.Column-1)
	if d.Line == "" || utf8.RuneCountInString(before) != d.Column-1 {
		return ""
	}
	const most = 80 // a longer line is cut on both sides
	after := Printable(firstRunes(d.Line[len(before):], most))
	before = Printable(lastRunes(before, most))
	// Not the package's own function: that one reads the environment.
	width := runewidth.Condition{StrictEmojiNeutral: true}
	return fmt.Sprintf("  | %s%s\n  | %s^", before, after, strings.Repeat(" ", width.StringWidth(before)))
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}

// Printable makes a text safe for one line of a terminal: unprintable characters
// become a replacement character; tabs and line breaks become a space.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return ' '
		case unprintable(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// sortDiagnostics orders them by position, then rule, then summary.
func sortDiagnostics(ds []Diagnostic) {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Summary, b.Summary))
	})
}

// Invalid reports whether a plan with these diagnostics must not be run. With
// strict, warnings count too.
func Invalid(ds []Diagnostic, strict bool) bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return strict || d.Severity == Error })
}
