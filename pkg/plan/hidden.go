package plan

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// byteOrderMark may begin a file; the YAML parser skips it too.
const byteOrderMark = "\ufeff"

// hidden reports whether a character can make a text look like another, or
// steer a terminal: controls, formatting characters (those that turn the order
// of reading among them), and the line breaks of YAML that no editor shows.
// The joiners stay: emoji and some scripts need them.
func hidden(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false
	}
	switch r {
	case '\t', '\n', '\r', '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// refuseHidden looks at the file as it is written, comments and all: YAML ends
// a comment at a NEL, a review does not, so a cutover could stand in one. It
// speaks of the first such character in each of the first twenty lines.
func (d *document) refuseHidden() {
	data, line, found := bytes.TrimPrefix(d.data, []byte(byteOrderMark)), 0, 0
	for text := range bytes.Lines(data) {
		line++
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		i := bytes.IndexFunc(text, func(r rune) bool { return hidden(r) || r == '\r' })
		if i < 0 {
			continue
		}
		r, _ := utf8.DecodeRune(text[i:])
		d.addHidden(Pos{Line: line, Column: utf8.RuneCount(text[:i]) + 1}, r)
		if found++; found == 20 {
			return
		}
	}
}

func (d *document) addHidden(at Pos, r rune) {
	d.addAt(Error, "hidden", at, fmt.Sprintf("the character %U stands here, which a reader cannot see", r), "take it away")
}
