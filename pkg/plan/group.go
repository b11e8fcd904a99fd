package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/migplan/migplan/internal/lazy"
)

const (
	few    = 5 // diagnostics of one kind that are shown each for itself
	places = 3 // of the others, if they are more
)

// Group merges diagnostics of one kind for people to read: more than five that
// differ only in their place and in what they quote become the first of them,
// with the number of the others and the first few lines. ds must be sorted.
func Group(ds []Diagnostic) []Diagnostic {
	others := make(map[string][]Pos, len(ds))
	for _, d := range ds {
		others[d.kind()] = append(others[d.kind()], d.Pos)
	}
	var out []Diagnostic
	shown := map[string]bool{}
	for _, d := range ds {
		kind := d.kind()
		if n := len(others[kind]); n <= few && (n == 1 || d.together == "") {
			out = append(out, d)
			continue
		}
		if !shown[kind] {
			shown[kind] = true
			out = append(out, d.forAll(others[kind][1:]))
		}
	}
	return out
}

// quoted is what differs between two diagnostics of one kind.
var quoted = lazy.Regexp(`"(?:[^"\\]|\\.)*"|[0-9][0-9,]*`)

// kind is equal for diagnostics that are the same mistake in other places. Two
// keys of a plan are two mistakes; two keys of objects are the same one.
func (d Diagnostic) kind() string {
	switch d.Rule {
	case "required", "unknown-key", "duplicate-key", "placeholder":
		return strings.Join([]string{d.File, d.Rule, d.Summary}, "\x00")
	}
	return strings.Join([]string{d.File, string(d.Severity), d.Rule, quoted().ReplaceAllString(d.Summary, "#")}, "\x00")
}

func (d Diagnostic) forAll(others []Pos) Diagnostic {
	d.Summary += more(others)
	if d.together != "" {
		d.Hint = d.together
	}
	return d
}

// more says where the others are, "" for none.
func more(others []Pos) string {
	if len(others) == 0 {
		return ""
	}
	lines := make([]string, len(others))
	for i, p := range others {
		lines[i] = strconv.Itoa(p.Line)
	}
	lines = slices.Compact(lines)
	word := "lines"
	if len(lines) == 1 {
		word = "line"
	}
	if len(lines) > places {
		lines = append(lines[:places], "...")
	}
	return fmt.Sprintf(" (and %d more like this, on %s %s)", len(others), word, strings.Join(lines, ", "))
}
