package plan

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/migplan/migplan/internal/lazy"
)

// checkBakSuffix: the console lists only .bak files (guides; no rule on the
// page). A name that checkFileName reports gets the suffix with its new name.
func checkBakSuffix(c *checker) {
	for _, o := range c.objects {
		base := path.Base(o.key)
		if strings.HasSuffix(base, ".bak") || !isFileName(stem(base)) {
			continue
		}
		c.reportEach(o.node, fmt.Sprintf("%q does not end in .bak, as DRS expects", base), c.copyHint(o), c.copyLoop())
	}
}

// checkFileName: at most 200 letters, digits, "_" and "-" (guides). A longer name
// is a documented cause of "source database not in backup file list".
func checkFileName(c *checker) {
	for _, o := range c.objects {
		base := path.Base(o.key)
		switch {
		case !isFileName(stem(base)) && isFileName(stem(newName(base))) && !strings.ContainsFunc(base, Invisible):
			c.reportEach(o.node, unfindable(base), "use only letters, digits, underscores and hyphens before .bak; "+c.copyHint(o), c.copyLoop())
		case !isFileName(stem(base)):
			c.report(o.node, unfindable(base), "use 1 to 200 letters, digits, underscores and hyphens before .bak")
		case strings.ContainsFunc(o.key, func(r rune) bool { return r > unicode.MaxASCII }):
			c.report(o.node, fmt.Sprintf("the folder of %q has letters that DRS may not accept", o.key), "use only Latin letters in the path")
		}
	}
}

// stem is a file name without its extension.
func stem(base string) string { return strings.TrimSuffix(base, path.Ext(base)) }

// isFileName checks the part of a file name before .bak.
func isFileName(s string) bool { return 1 <= len(s) && len(s) <= 200 && !notInName().MatchString(s) }

// notInName is what a file name must not contain before .bak.
var notInName = lazy.Regexp(`[^a-zA-Z0-9_-]`)

// unfindable says what a file name has that DRS does not document.
func unfindable(base string) string {
	text, found := fmt.Sprintf("DRS may not find the file name %q", base), []string{}
	for _, s := range notInName().FindAllString(stem(base), -1) {
		if q := fmt.Sprintf("%q", s); !slices.Contains(found, q) {
			found = append(found, q)
		}
	}
	switch len(found) {
	case 0:
		return text
	case 1, 2, 3:
		return text + ", because of " + strings.Join(found, " and ")
	}
	return text + ", because of " + strings.Join(found[:3], ", ") + " and others"
}

// newName is a file name that DRS accepts, as copyLoop makes it.
func newName(base string) string {
	return notInName().ReplaceAllString(stem(base), "_") + ".bak"
}

// copyHint is the command that copies one object to a name that DRS accepts, and
// the key to write in the plan.
func (c *checker) copyHint(o object) string {
	from := c.address() + o.node.Value
	key := newKey(o.node.Value)
	return "copy it: obsutil cp " + ShellWord(from) + " " + ShellWord(c.address()+key) + ", and write " + key + " in the plan"
}

func newKey(key string) string {
	folder, base := path.Split(key)
	return strings.ReplaceAll(folder, "$", "_") + newName(base)
}

// address is the part of every object's address before its key.
func (c *checker) address() string {
	return "obs://" + c.plan.Source.OBS.Bucket + "/" + c.plan.Source.OBS.Prefix
}

// Parts of the commands of copyLoop: the suffixes of a backup, what gives a key
// its new name, and the keys for which that is enough.
const (
	suffixes = `[.](bak|BAK|trn|TRN)`
	rewrite  = `s/[$]/_/g; s/` + suffixes + `/.bak/g`
)

var rewritable = lazy.Regexp(`^[a-zA-Z0-9_$/-]+` + suffixes + `$`)

// copyLoop is the command that copies every object of the plan which needs a new
// name, and the command that writes the new names in the plan. Ola Hallengren's
// scripts name the log backups of a named instance SERVER$INSTANCE_..._LOG_....trn.
func (c *checker) copyLoop() string {
	for _, o := range c.objects {
		if !rewritable().MatchString(o.node.Value) || o.node.Style&yaml.SingleQuotedStyle != 0 {
			return "copy each object with obsutil cp to a name of letters, digits, underscores and hyphens that ends in .bak, and write the new names in the plan"
		}
	}
	file, address := ShellWord(c.file), ShellWord(c.address())
	return "copy the objects: grep -oE '[^][ \",]+" + suffixes + "' " + file + " | while read -r k; do n=$(echo \"$k\" | sed -E '" + rewrite + "'); " +
		"[ \"$k\" = \"$n\" ] || obsutil cp " + address + "\"$k\" " + address + "\"$n\" </dev/null; done; " +
		"then write the new names in the plan: sed -i.old -E '/" + suffixes + "/{" + rewrite + ";}' " + file
}

var plainWord = lazy.Regexp(`^[\p{L}\p{N}_./:@%+,-]+$`)

// ShellWord quotes s where a shell would not read it as one word, for printed
// commands that people paste.
func ShellWord(s string) string {
	if plainWord().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
