package view

import (
	"fmt"
	"strings"
	"testing"
)

// glass is a terminal that knows what Screen writes; like a real one it wraps only
// when a character follows a full line, and scrolls at its end.
type glass struct {
	rows          []string
	width, height int
	x, y          int
}

func newGlass(width, height int) *glass {
	return &glass{rows: make([]string, height), width: width, height: height}
}

func (g *glass) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		switch {
		case strings.HasPrefix(text, cursorHome):
			g.x, g.y, text = 0, 0, text[len(cursorHome):]
		case strings.HasPrefix(text, clearRight):
			g.rows[g.y], text = g.upTo(g.x), text[len(clearRight):]
		case strings.HasPrefix(text, clearBelow):
			g.rows[g.y], text = g.upTo(g.x), text[len(clearBelow):]
			clear(g.rows[g.y+1:])
		case text[0] == '\r':
			g.x, text = 0, text[1:]
		case text[0] == '\n':
			g.down()
			text = text[1:]
		default:
			r := []rune(text)[0]
			g.put(r)
			text = text[len(string(r)):]
		}
	}
	return len(p), nil
}

func (g *glass) upTo(x int) string {
	r := []rune(g.rows[g.y])
	return string(r[:min(x, len(r))])
}

func (g *glass) down() {
	if g.y++; g.y == g.height {
		g.rows, g.y = append(g.rows[1:], ""), g.height-1
	}
}

func (g *glass) put(r rune) {
	if g.x == g.width {
		g.x = 0
		g.down()
	}
	row := []rune(g.rows[g.y] + strings.Repeat(" ", g.width))
	row[g.x] = r
	g.x++
	g.rows[g.y] = strings.TrimRight(string(row), " ")
}

// shown is what a person sees, without the empty rows at the end.
func (g *glass) shown() string { return strings.TrimRight(strings.Join(g.rows, "\n"), "\n") }

func linesOf(n int, text string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d %s\n", i, text)
	}
	return b.String()
}

func TestScreenLeavesNothingOver(t *testing.T) {
	g := newGlass(20, 6)
	_, _ = g.Write([]byte("$ migplan status --watch\r\n"))
	s := NewScreen(g)
	check := func(when, want string) {
		t.Helper()
		if got := g.shown(); got != want {
			t.Errorf("%s: the terminal shows\n%s\nwant\n%s", when, got, want)
		}
	}
	s.Draw("one\nsecond line\n", 20, 6)
	check("first", "one\nsecond line")
	s.Draw("a\n", 20, 6)
	check("shorter", "a")
	s.Draw(linesOf(5, "x"), 20, 6)
	check("as high as the terminal", "0 x\n1 x\n2 x\n3 x\n4 x")
	_, _ = g.Write([]byte("\r\n")) // a person presses Enter, and all scrolls
	s.Draw(linesOf(5, "y"), 20, 6)
	check("after Enter", "0 y\n1 y\n2 y\n3 y\n4 y")
	s.Draw(linesOf(9, "z"), 20, 6)
	check("too high", "0 z\n1 z\n2 z\n3 z\n… 5 more lines:")
	s.Draw("twenty-one characters\n", 20, 6)
	check("too wide", "twenty-one\n characters")
	_, _ = g.Write([]byte("^C"))
	s.Close()
	check("ended", "twenty-one\n characters")
}

func TestScreenFitsAnotherSize(t *testing.T) {
	g := newGlass(30, 8)
	s := NewScreen(g)
	s.Draw(linesOf(7, strings.Repeat("w", 20)), 30, 8)
	g.width, g.height, g.rows = 10, 4, g.rows[:4] // smaller, in the middle of a word
	g.x, g.y = 0, 3
	s.Draw("one\ntwo\n", 10, 4)
	if got := g.shown(); got != "one\ntwo" {
		t.Errorf("the terminal shows\n%s", got)
	}
}
