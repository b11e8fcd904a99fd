package view

import (
	"fmt"
	"io"
	"strings"
)

// The sequences that move on a terminal (ECMA-48 8.3.22, 8.3.41 and 8.3.39).
const (
	cursorHome   = "\x1b[H"
	clearRight   = "\x1b[K" // from the cursor to the end of the line
	clearBelow   = "\x1b[J" // from the cursor to the end of the screen
	nextLine     = "\r\n"
	startOfLine  = "\r"
	notShownText = "… %s: make the terminal higher, or use --only"
)

// Screen shows a text on a terminal, and each next one in its place. What was there
// before scrolls away, and nothing of a text is left over: it is written over the
// last one in one piece, and what is behind it is cleared. The cursor stays below
// the text, where the echo of a key harms nothing.
type Screen struct {
	to    io.Writer
	drawn bool
}

// NewScreen shows texts on a terminal.
func NewScreen(to io.Writer) *Screen { return &Screen{to: to} }

// Draw shows a text on a terminal of this size, whatever its size was before. Lines
// that are too long wrap, and what does not fit below is counted.
func (s *Screen) Draw(text string, width, height int) {
	var rows []string
	for line := range strings.Lines(text) {
		rows = append(rows, wrap(strings.TrimRight(line, "\n"), max(1, width-1))...)
	}
	if room := max(1, height-1); len(rows) > room {
		more := len(rows) - room + 1
		rows = append(rows[:room-1], wrap(fmt.Sprintf(notShownText, Counted(more, "more line")), max(1, width-1))[0])
	}
	var b strings.Builder
	if !s.drawn {
		b.WriteString(strings.Repeat(nextLine, height))
		s.drawn = true
	}
	b.WriteString(cursorHome)
	for _, row := range rows {
		b.WriteString(row + clearRight + nextLine)
	}
	b.WriteString(clearBelow)
	_, _ = io.WriteString(s.to, b.String())
}

// Close leaves the last text there, without the echo of the key that ended it.
func (s *Screen) Close() { _, _ = io.WriteString(s.to, startOfLine+clearRight) }
