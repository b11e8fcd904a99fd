package plan

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/internal/lazy"
)

// checkObjectKeys: a key consists of folders and a file name, and of nothing
// that a shell, a URL or a reader could misread.
func checkObjectKeys(c *checker) {
	if c.plan.Source.OBS == nil {
		return
	}
	n := child(child(child(c.root, "source"), "obs"), "prefix")
	if prefix := strings.Trim(text(n), "/"); prefix != "" {
		c.objectKey(n, prefix, len(prefix))
	}
	for i, o := range slices.Concat(c.objects, c.ignored()) {
		name := o.node.Value
		if i >= len(c.objects) { // an ignored one may be a folder
			name = strings.TrimSuffix(name, "/")
		}
		switch _, rest, isAddress := strings.Cut(o.node.Value, "://"); {
		case isAddress:
			c.report(o.node, fmt.Sprintf("object key %q is an address", o.node.Value), "write only "+keyInAddress(rest, c.plan.Source.OBS))
		case strings.HasPrefix(name, "/") && len(strings.Trim(name, "/")) > 0:
			c.report(o.node, fmt.Sprintf("object key %q begins with a slash", o.node.Value), c.withoutSlash(strings.TrimLeft(o.node.Value, "/")))
		case o.node.Style == 0 && c.continues(o.node):
			c.report(o.node, fmt.Sprintf("object key %q continues on the next line", o.node.Value),
				"indent the next line like the entries above it, or write the key on one line")
		default:
			c.objectKey(o.node, name, len(o.key))
		}
	}
}

// withoutSlash says what to write instead of a key that begins with a slash, which
// may have been meant from the top of the bucket.
func (c *checker) withoutSlash(key string) string {
	prefix := c.plan.Source.OBS.Prefix
	if rest, ok := strings.CutPrefix(key, prefix); ok && prefix != "" && rest != "" {
		key = rest
	}
	if prefix == "" {
		return "write " + key
	}
	return fmt.Sprintf("write %s: migplan puts the prefix %s before it", key, prefix)
}

// keyInAddress is what follows the bucket and the prefix in an address.
func keyInAddress(rest string, obs *OBS) string {
	_, key, _ := strings.Cut(rest, "/")
	if key = strings.TrimPrefix(key, obs.Prefix); key == "" {
		return "the key of the object, like folder/file.bak"
	}
	return key
}

// continues reports whether a value without quotes has more than one line: YAML
// joins them with spaces, so an entry with too much indentation becomes a part
// of the key above it.
func (c *checker) continues(n *yaml.Node) bool {
	return strings.ContainsRune(n.Value, ' ') && !bytes.Contains(c.lineAt(n.Line), []byte(n.Value))
}

// lineAt is a line of the file.
func (c *checker) lineAt(number int) []byte {
	if c.lines == nil {
		c.lines = bytes.Split(c.data, []byte("\n"))
	}
	return c.lines[min(number, len(c.lines))-1]
}

func (c *checker) objectKey(n *yaml.Node, key string, size int) {
	what := ""
	switch {
	case size > 1024:
		what = "is longer than 1,024 bytes"
	case strings.ContainsFunc(key, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
		what = "contains a control character"
	case strings.ContainsRune(key, '\\'):
		what = "contains a backslash"
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case what != "":
		case segment == "" || segment == "." || segment == "..":
			what = fmt.Sprintf("has the segment %q", segment)
		case segment != strings.TrimSpace(segment):
			what = "has a segment that starts or ends with a space"
		}
	}
	if what != "" {
		c.report(n, fmt.Sprintf("object key %q %s", key, what), "write it like folder/file.bak, relative to the prefix")
	}
}

// checkBaseNameTwice: the detail of a job gives file names without folders, so
// equal names cannot be told apart afterwards (detail page, file_info).
func checkBaseNameTwice(c *checker) {
	seen := make(map[string]string, len(c.objects))
	for _, o := range c.objects {
		n, key := o.node, o.key
		base := path.Base(key)
		if first, ok := seen[base]; ok && first != key {
			c.report(n, fmt.Sprintf("file name %q is used in two folders", base), "give every backup its own file name: DRS does not show the folder in a job")
		}
		seen[base] = key
	}
}

var stripeForm = lazy.Regexp(`(?i)(^|[_.-])(\d+_?of_?\d+|stripe_?\d+|part_?\d+)([_.-]|$)`)

// mayBeStripe is a cheap check that most names fail before stripeForm.
func mayBeStripe(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "of") || strings.Contains(key, "stripe") || strings.Contains(key, "part")
}

// checkStripes: one database must not be split over several files (guides).
func checkStripes(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		if mayBeStripe(key) && stripeForm().MatchString(strings.TrimSuffix(path.Base(key), path.Ext(key))) {
			c.report(n, fmt.Sprintf("%q looks like one stripe of a striped backup", path.Base(key)), "back up to a single file: DRS does not restore stripes")
		}
	}
}
