package plan

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Limits far above any real plan. They keep a hostile file from using gigabytes:
// the parser needs about 300 bytes per value, the schema a few thousand per
// refused value.
const (
	maxSeparators = 600_000 // lines, commas, opening brackets, and starts of entries, keys and values
	maxKeys       = 1_000   // in one map
	maxListed     = 10_000  // entries in a list other than backups
	maxOdd        = 1_000   // entries of backups that are not a type with its keys
)

// tooDense counts separators of values before anything is parsed.
func tooDense(data []byte) bool {
	n := 0
	for _, separator := range []string{"\n", ",", "[", "{", "- ", "? ", ": ", "-\t", "?\t", ":\t"} {
		n += bytes.Count(data, []byte(separator))
	}
	return n > maxSeparators
}

// withinLimits reports a map or list that is too large for further checks.
func (d *document) withinLimits(n *yaml.Node) bool {
	what := ""
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content)/2 > maxKeys:
		what = fmt.Sprintf("this map has %d keys", len(n.Content)/2)
	case n.Kind != yaml.SequenceNode || len(n.Content) <= maxOdd:
	case n == child(d.root, "backups"):
		if odd := oddBackups(n); odd > maxOdd {
			what = fmt.Sprintf("%d of %d entries are neither full nor incremental with a key", odd, len(n.Content))
		}
	case len(n.Content) > maxListed:
		what = fmt.Sprintf("this list has %d entries", len(n.Content))
	}
	if what != "" {
		d.add(Error, "size", n, what, "no real plan is this large; look for a repeated mistake")
	}
	return what == ""
}

// oddBackups counts the entries that the schema may refuse.
func oddBackups(n *yaml.Node) int {
	odd := 0
	for _, entry := range n.Content {
		if !isPlain(entry) {
			odd++
		}
	}
	return odd
}

// isPlain reports whether an entry is a backup type with its keys, in which the
// schema finds nothing to refuse.
func isPlain(entry *yaml.Node) bool {
	return entry.Kind == yaml.MappingNode && len(entry.Content) == 2 && isBackup(entry.Content[0].Value) && allFilled(entry.Content[1])
}

func isBackup(key string) bool { return key == string(Full) || key == string(Incremental) }

// allFilled reports whether n is a non-empty string, or a list of them.
func allFilled(n *yaml.Node) bool {
	if n.Kind != yaml.SequenceNode {
		return text(n) != ""
	}
	for _, key := range n.Content {
		if text(key) == "" {
			return false
		}
	}
	return len(n.Content) > 0
}
