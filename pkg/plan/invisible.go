package plan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// byteOrderMark may begin a file; the YAML parser skips it too.
const byteOrderMark = "\ufeff"

// Invisible reports whether no font shows a character: Unicode's
// Default_Ignorable_Code_Point, controls and other formatting characters, line
// separators, and the blank Braille pattern.
func Invisible(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false
	}
	return r == '\u2800' || unicode.IsControl(r) ||
		unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// unprintable reports whether a character can make a text look like another or
// control a terminal: controls, formatting characters (including those that
// change the reading order), blank letters, and YAML line breaks that no editor
// shows. Joiners and variation selectors are allowed, since emoji and some
// scripts need them; in names they are refused too, see Invisible.
func unprintable(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false
	}
	switch r {
	case '\t', '\n', '\r', '\u200c', '\u200d':
		return false
	case '\u2028', '\u2029':
		return true
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point)
}

// refuseUnprintable checks the raw file, including comments: YAML ends a comment
// at a NEL and a reviewer does not see it, so a comment could contain a cutover.
// It reports the first such character on each line, for at most twenty lines.
func (d *document) refuseUnprintable() {
	data, line, found := bytes.TrimPrefix(d.data, []byte(byteOrderMark)), 0, 0
	for text := range bytes.Lines(data) {
		line++
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
		i := bytes.IndexFunc(text, func(r rune) bool { return unprintable(r) || r == '\r' })
		if i < 0 {
			continue
		}
		r, _ := utf8.DecodeRune(text[i:])
		d.addInvisible(Pos{Line: line, Column: utf8.RuneCount(text[:i]) + 1}, r)
		if found++; found == 20 {
			return
		}
	}
}

func (d *document) addInvisible(at Pos, r rune) {
	d.addAt(Error, "hidden", at, fmt.Sprintf("invisible character %U", r), "remove it")
}

// checkInvisible refuses in names and object keys what is allowed in comments
// and descriptions: two names must not look the same.
func checkInvisible(c *checker) {
	for _, n := range c.nameNodes() {
		if i := strings.IndexFunc(text(n), func(r rune) bool { return Invisible(r) && !unprintable(r) }); i >= 0 {
			r, _ := utf8.DecodeRuneInString(n.Value[i:])
			c.addInvisible(pos(n), r)
		}
	}
}

// nameNodes are the names of databases and objects as written.
func (c *checker) nameNodes() []*yaml.Node {
	nodes := append(slices.Clone(c.databaseNodes()), child(c.root, "rename"), child(child(child(c.root, "source"), "obs"), "prefix"))
	if n := child(c.root, "overwrite"); n != nil {
		nodes = append(nodes, n.Content...)
	}
	for _, o := range slices.Concat(c.objects, c.ignored()) {
		nodes = append(nodes, o.node)
	}
	return nodes
}
