package view

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/migplan/migplan/pkg/plan"
)

// All text that a person sees goes through Line or Table, wherever it comes
// from: a file name, a reason, DRS.

// Line writes one line. Nothing in it can end the line or control a terminal.
func Line(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, plan.Printable(fmt.Sprintf(format, args...)))
}

// Clean is plan.Printable for a server's text, with a limit on its length.
func Clean(s string) string {
	const most = 2048
	if s = plan.Printable(s); len(s) <= most {
		return s
	}
	end := most
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + " …"
}

// Word is one word for a shell, wherever it comes from: an id comes from the
// server.
func Word(s string) string { return plan.ShellWord(Clean(s)) }

// Error writes an error that is not about one plan, and what to do, "" for
// nothing.
func Error(w io.Writer, problem, remedy string, looked ...string) {
	Line(w, "error: %s", Clean(problem))
	for _, place := range looked {
		Line(w, "  %s", Clean(place))
	}
	if remedy != "" {
		Line(w, "hint: %s", Clean(remedy))
	}
}

// escapeHidden writes as \uXXXX what JSON allows in a string and a terminal
// should not get. The values stay the same.
func escapeHidden(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case r < unicode.MaxASCII || !plan.Invisible(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}
