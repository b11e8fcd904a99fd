package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/migplan/migplan/pkg/plan"
)

// All text that a person sees goes through line or table, whoever wrote it: a
// file name, a reason, DRS.

// line writes one line. Nothing in it can break the line or steer a terminal.
func line(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, plan.Printable(fmt.Sprintf(format, args...)))
}

// table writes rows in columns, with no spaces at the end of a line.
func table(w io.Writer, rows [][]string) {
	var b strings.Builder
	tw := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		for i, cell := range r {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, plan.Printable(cell))
		}
		fmt.Fprintln(tw)
	}
	tw.Flush()
	for text := range strings.Lines(b.String()) {
		line(w, "%s", strings.TrimRight(text, " \n"))
	}
}

// clean is plan.Printable for a server's text, whose length it bounds.
func clean(s string) string {
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
