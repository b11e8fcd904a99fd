package plan

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxDepth is far above what a plan needs (5) and far below what does harm.
const maxDepth = 16

// checkNode refuses YAML features that make a file mean something other than
// what a reviewer reads. It returns false if the file is too deep or too large
// for the checks to continue.
func (d *document) checkNode(n *yaml.Node, depth int) bool {
	switch {
	case depth > maxDepth:
		d.add(Error, "depth", n, "the file is nested more than 16 levels deep", "a plan needs five levels; remove the extra brackets or indentation")
		return false
	case n.Kind == yaml.AliasNode:
		d.add(Error, "anchor", n, "*"+n.Value+" is an alias", "write the value instead")
		return true
	case n.Anchor != "":
		d.add(Error, "anchor", n, "&"+n.Anchor+" is an anchor", "remove it and write the value where it is used")
	}
	if n.Tag == "!!binary" || n.Style&yaml.TaggedStyle != 0 {
		d.add(Error, "yaml-tag", n, n.Tag+" is a tag", "remove it")
	}
	if i := strings.IndexFunc(n.Value, unprintable); i >= 0 {
		r, _ := utf8.DecodeRuneInString(n.Value[i:])
		d.addInvisible(pos(n), r)
	}
	if !d.withinLimits(n) {
		return false
	}
	if n.Kind == yaml.MappingNode {
		d.checkKeys(n)
	}
	for _, c := range n.Content {
		if !d.checkNode(c, depth+1) {
			return false
		}
	}
	return true
}

func (d *document) checkKeys(n *yaml.Node) {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Tag == "!!merge":
			d.add(Error, "anchor", key, "<< is a merge key", "write the values instead")
		case key.Kind == yaml.AliasNode:
			continue // checkNode refuses it
		case key.Kind != yaml.ScalarNode:
			d.add(Error, "quote", key, "a key is "+kind(key), "write a plain word; every key of a plan is one")
			continue
		case key.Tag != "!!str":
			d.add(Error, "quote", key, fmt.Sprintf("the key %s is not a string", key.Value), "write a plain word; every key of a plan is one")
		case seen[key.Value] != nil:
			d.add(Error, "duplicate-key", key, fmt.Sprintf("duplicate key %q, first on line %d", key.Value, seen[key.Value].Line), "remove one")
		}
		if seen[key.Value] == nil {
			seen[key.Value] = key
		}
	}
}

// value converts a node to what encoding/json would give for it. Timestamps
// stay strings, which decode parses. The first of two equal keys counts, as in
// child.
func value(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := len(n.Content) - 2; i >= 0; i -= 2 {
			m[n.Content[i].Value] = value(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		s := make([]any, len(n.Content))
		for i, c := range n.Content {
			s[i] = value(c)
		}
		return s
	}
	return scalar(n)
}

func scalar(n *yaml.Node) any {
	switch {
	case isString(n):
		return n.Value
	case n.Tag == "!!null":
		return nil
	}
	var v any
	err := n.Decode(&v)
	if f, ok := v.(float64); err != nil || ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return math.MaxFloat64 // JSON has no NaN or infinity; any number, but not a string
	}
	return v
}

// child is the value of a key in a mapping, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// at follows keys from the root as far as they exist: the position for a
// diagnostic about a value that may be missing.
func (d *document) at(path ...string) *yaml.Node {
	n := d.root
	for _, key := range path {
		c := child(n, key)
		if c == nil {
			return n
		}
		n = c
	}
	return n
}

// text is the string at a node, "" if there is none or it is not a string. It
// accepts the same strings as the schema, or a name could be read as "".
func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || !isString(n) {
		return ""
	}
	return n.Value
}

// isString reports whether scalar gives a string for n.
func isString(n *yaml.Node) bool {
	switch n.Tag {
	case "!!null", "!!bool", "!!int", "!!float":
		return false
	}
	return true
}

// texts is a list of strings, or one string as a list of one.
func texts(n *yaml.Node) []string {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode && text(n) != "":
		return []string{n.Value}
	case n.Kind == yaml.SequenceNode:
		var s []string
		for _, c := range n.Content {
			s = append(s, text(c))
		}
		return s
	}
	return nil
}

func boolean(n *yaml.Node, otherwise bool) bool {
	if n == nil || n.Tag != "!!bool" {
		return otherwise
	}
	return strings.EqualFold(n.Value, "true")
}

// pos is the position of a node.
func pos(n *yaml.Node) Pos { return Pos{Line: n.Line, Column: n.Column} }
