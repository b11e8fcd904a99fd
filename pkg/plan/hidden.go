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

// hidden reports whether a character can make a text look like another, or
// steer a terminal: controls, formatting characters (those that turn the order
// of reading among them), blank letters, and the line breaks of YAML that no
// editor shows. Joiners and variation selectors stay: emoji and some scripts
// need them. In a name they are refused too, see Invisible.
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
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point)
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

// checkInvisible refuses in a name and in an object key what is allowed in a
// comment or a description: two names must not look the same.
func checkInvisible(c *checker) {
	for _, n := range c.nameNodes() {
		if i := strings.IndexFunc(text(n), func(r rune) bool { return Invisible(r) && !hidden(r) }); i >= 0 {
			r, _ := utf8.DecodeRuneInString(n.Value[i:])
			c.addHidden(pos(n), r)
		}
	}
}

// nameNodes are the names of databases and objects as they are written.
func (c *checker) nameNodes() []*yaml.Node {
	nodes := append(slices.Clone(c.databaseNodes()), child(c.root, "rename"), child(child(child(c.root, "source"), "obs"), "prefix"))
	if n := child(c.root, "overwrite"); n != nil {
		nodes = append(nodes, n.Content...)
	}
	for _, o := range c.objects {
		nodes = append(nodes, o.node)
	}
	return nodes
}
