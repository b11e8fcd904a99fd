package view

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"github.com/migplan/migplan/pkg/plan"
)

// wide knows how wide characters are. The package's own functions depend on the
// environment.
var wide = &runewidth.Condition{StrictEmojiNeutral: true}

// gap is how many spaces are between two columns of a table.
const gap = 2

// Table writes rows in columns, the first of which has their titles, with no
// spaces at the end of a line. On a terminal too narrow for it, long texts wrap
// under their column, and the last columns go to lines of their own under each row,
// as "title value". Nothing is cut, and elsewhere nothing wraps.
func Table(w io.Writer, rows [][]string) {
	for i, r := range rows {
		clean := make([]string, len(r))
		for j, cell := range r {
			clean[j] = plan.Printable(cell)
		}
		rows[i] = clean
	}
	t := layOut(rows, widthOf(w))
	for i, r := range rows {
		t.writeRow(w, r[:len(t.widths)])
		if i > 0 {
			t.writeRest(w, rows[0], r)
		}
	}
}

// widthOf is how many columns a terminal has, 0 for what is no terminal.
func widthOf(w io.Writer) int {
	if t, ok := w.(interface{ Columns() int }); ok {
		return t.Columns()
	}
	return 0
}

// layout is how a table is shown.
type layout struct {
	width  int   // of the terminal, 0 for no limit
	widths []int // of the columns that stay side by side
}

// narrowest is how far a column of long texts may shrink, 0 for other columns.
func narrowest(title string) int {
	switch title {
	case "FILES", "FILE", "WHAT":
		return 28
	case "LAST PASS":
		return 24
	case "NEXT", "DATABASE":
		return 18
	}
	return 0
}

// layOut keeps as many of the first columns side by side as the width allows.
func layOut(rows [][]string, width int) layout {
	natural := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			natural[i] = max(natural[i], columnsOf(cell))
		}
	}
	for n := len(natural); n > 0; n-- {
		widths, spare := shrunk(rows[0][:n], natural[:n], width)
		if spare < 0 && width > 0 {
			continue
		}
		for i := range widths { // the first ones get back what is left
			more := natural[i] - widths[i]
			if width > 0 {
				more = min(more, spare)
			}
			widths[i], spare = widths[i]+more, spare-more
		}
		return layout{width, widths}
	}
	return layout{width, []int{width}}
}

// shrunk are the columns as narrow as they may be, and what is left of the width.
func shrunk(titles []string, natural []int, width int) (widths []int, spare int) {
	spare = width + gap
	for i, n := range natural {
		if least := narrowest(titles[i]); least > 0 {
			n = min(n, least)
		}
		widths, spare = append(widths, n), spare-n-gap
	}
	return widths, spare
}

// writeRow writes the cells side by side, each wrapped under its column.
func (t layout) writeRow(w io.Writer, cells []string) {
	wrapped, height := make([][]string, len(cells)), 1
	for i, cell := range cells {
		wrapped[i] = wrap(cell, t.widths[i])
		height = max(height, len(wrapped[i]))
	}
	for y := range height {
		var b strings.Builder
		for i, lines := range wrapped {
			text := ""
			if y < len(lines) {
				text = lines[y]
			}
			b.WriteString(text)
			b.WriteString(strings.Repeat(" ", max(0, t.widths[i]+gap-columnsOf(text))))
		}
		Line(w, "%s", strings.TrimRight(b.String(), " "))
	}
}

// writeRest writes the columns of a row that found no place beside the others.
func (t layout) writeRest(w io.Writer, titles, row []string) {
	var line string
	indent := 2
	if first := t.widths[0]; first <= 6 { // a number
		indent = first + gap
	}
	put := func(text string) {
		for _, l := range wrap(text, max(8, t.width-indent)) {
			Line(w, "%s", strings.Repeat(" ", indent)+l)
		}
	}
	for i := len(t.widths); i < len(row); i++ {
		if row[i] == "" || row[i] == "-" {
			continue
		}
		pair := row[i]
		if titles[i] != "WHAT" {
			pair = strings.ToLower(titles[i]) + " " + pair
		}
		switch {
		case line == "":
			line = pair
		case columnsOf(line)+columnsOf(pair)+gap > t.width-indent:
			put(line + ",")
			line = pair
		default:
			line += ", " + pair
		}
	}
	if line != "" {
		put(line)
	}
}

// wrap is the text in lines of at most width columns, whole: they end before a
// space or after a slash or _, or else where the width ends. No character is left out and
// no line ends with a space, so two texts that differ look different.
func wrap(text string, width int) (lines []string) {
	for width > 0 && columnsOf(text) > width {
		end := breakAt(text, width)
		lines, text = append(lines, text[:end]), text[end:]
	}
	return append(lines, text)
}

func breakAt(text string, width int) int {
	end, columns, good := 0, 0, 0
	for i, r := range text {
		if columns += wide.RuneWidth(r); columns > width && i > 0 {
			if r == ' ' {
				good = i
			}
			break
		}
		if r == ' ' && i > 0 && text[i-1] != ' ' {
			good = i
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		if end = i + size; r == '/' || r == '_' {
			good = end
		}
	}
	if good > end/3 {
		end = good
	}
	for end > 1 && text[end-1] == ' ' && strings.Trim(text[:end], " ") != "" {
		end--
	}
	return end
}

// columnsOf is how many columns a terminal needs for the text.
func columnsOf(text string) int {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return wide.StringWidth(text)
		}
	}
	return len(text)
}

// Pairs writes names and values in two columns.
func Pairs(w io.Writer, rows [][2]string) {
	widest := 0
	for _, r := range rows {
		widest = max(widest, columnsOf(r[0]))
	}
	for _, r := range rows {
		Line(w, "%s", strings.TrimRight(fmt.Sprintf("%-*s  %s", widest, r[0], plan.Printable(r[1])), " "))
	}
}
