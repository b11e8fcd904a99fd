package plan

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// checkBucket: page, table 6, bucket_name.
func checkBucket(c *checker) {
	if c.plan.Source.OBS == nil || c.plan.Source.OBS.Bucket == "" {
		return
	}
	bucket, at := c.plan.Source.OBS.Bucket, c.at("source", "obs", "bucket")
	if _, err := netip.ParseAddr(bucket); err == nil {
		c.report(at, fmt.Sprintf("bucket %q is an IP address", bucket), "write the name of the bucket")
	} else if !bucketForm.MatchString(bucket) || strings.Contains(bucket, "..") {
		c.report(at, fmt.Sprintf("bucket name %q is not valid", bucket), "use 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends")
	}
}

// checkPrefix: obs_path has no leading and one trailing slash in all examples.
func checkPrefix(c *checker) {
	n := child(child(child(c.root, "source"), "obs"), "prefix")
	if p := text(n); p != "" && p != folder(p) {
		c.report(n, fmt.Sprintf("prefix %q is read as the folder %q", p, folder(p)), "write it that way")
	}
}

// checkObjectKeys: a key consists of folders and a file name, and of nothing
// that a shell, a URL or a reader could misread.
func checkObjectKeys(c *checker) {
	if c.plan.Source.OBS != nil {
		n := child(child(child(c.root, "source"), "obs"), "prefix")
		if prefix := strings.Trim(text(n), "/"); prefix != "" {
			c.objectKey(n, prefix, len(prefix))
		}
	}
	for _, o := range c.objects {
		c.objectKey(o.node, o.node.Value, len(o.key))
	}
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

// checkBakSuffix: the console lists only .bak files (guides; no rule on the page).
func checkBakSuffix(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		if strings.HasSuffix(key, ".bak") {
			continue
		}
		to := strings.TrimSuffix(key, path.Ext(key)) + ".bak"
		bucket := c.plan.Source.OBS.Bucket
		c.report(n, fmt.Sprintf("%q does not end in .bak, as DRS expects", path.Base(key)),
			"copy it: obsutil cp "+ShellWord("obs://"+bucket+"/"+key)+" "+ShellWord("obs://"+bucket+"/"+to))
	}
}

var plainWord = regexp.MustCompile(`^[\p{L}\p{N}_./:@%+,-]+$`)

// ShellWord quotes s where a shell would not read it as one word, for printed
// commands that people paste.
func ShellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// isFileName checks the part of a file name before .bak.
func isFileName(s string) bool {
	return 1 <= len(s) && len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// checkFileName: at most 200 letters, digits, "_" and "-" (guides). A longer name
// is a documented cause of "source database not in backup file list".
func checkFileName(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		base := strings.TrimSuffix(path.Base(key), path.Ext(key))
		if !isFileName(base) {
			c.report(n, fmt.Sprintf("DRS may not find the file name %q", path.Base(key)), "use 1 to 200 letters, digits, underscores and hyphens before .bak")
		} else if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII }) {
			c.report(n, fmt.Sprintf("the folder of %q has letters that DRS may not accept", key), "use only Latin letters in the path")
		}
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

var stripeForm = regexp.MustCompile(`(?i)(^|[_.-])(\d+_?of_?\d+|stripe_?\d+|part_?\d+)([_.-]|$)`)

// mayBeStripe is a cheap check that most names fail before stripeForm.
func mayBeStripe(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "of") || strings.Contains(key, "stripe") || strings.Contains(key, "part")
}

// checkStripes: one database must not be split over several files (guides).
func checkStripes(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		if mayBeStripe(key) && stripeForm.MatchString(strings.TrimSuffix(path.Base(key), path.Ext(key))) {
			c.report(n, fmt.Sprintf("%q looks like one stripe of a striped backup", path.Base(key)), "back up to a single file: DRS does not restore stripes")
		}
	}
}

// reserved reports system databases of SQL Server and of RDS (guides). They
// cannot be restored.
func reserved(name string) bool {
	switch DatabaseKey(name) {
	case "master", "model", "msdb", "tempdb", "resource", "rdsadmin":
		return true
	}
	return false
}

// databaseNodes are the names in databases as written.
func (c *checker) databaseNodes() []*yaml.Node {
	n := child(c.root, "databases")
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func checkDatabaseReserved(c *checker) {
	for _, n := range c.databaseNodes() {
		if reserved(text(n)) {
			c.report(n, fmt.Sprintf("%q is a system database", n.Value), "list user databases only")
		}
	}
}

// checkDatabaseTwice: the target may treat the names as equal, so that one
// database would overwrite the other.
func checkDatabaseTwice(c *checker) {
	seen := map[string]string{}
	for _, n := range c.databaseNodes() {
		key := DatabaseKey(text(n))
		if first, ok := seen[key]; ok && key != "" {
			c.report(n, fmt.Sprintf("database %q duplicates %q: SQL Server may treat them as the same name", n.Value, first), "list each database once")
		}
		seen[key] = text(n)
	}
}

// checkDatabaseName: 1 to 256 letters, digits, "-" and "_" (guides).
func checkDatabaseName(c *checker) {
	for _, n := range c.databaseNodes() {
		if name := text(n); name != "" && !wordOf(name, 256) {
			c.report(n, fmt.Sprintf("DRS may not accept the database name %q", name), "its guide allows 1 to 256 letters, digits, hyphens and underscores")
		}
	}
}

// checkRenameName: 1 to 128 letters, digits, "-" and "_" (guides).
func checkRenameName(c *checker) {
	if name := c.plan.Rename; name != "" && !wordOf(name, 128) {
		c.report(c.at("rename"), fmt.Sprintf("DRS may not accept the new name %q", name), "its guide allows 1 to 128 letters, digits, hyphens and underscores")
	}
}

func wordOf(s string, most int) bool {
	return len([]rune(s)) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	})
}

func checkDatabaseCount(c *checker) {
	if n := c.databaseNodes(); len(n) > 100 {
		c.report(n[100], fmt.Sprintf("the plan lists %d databases", len(n)), "an RDS for SQL Server instance holds at most 100")
	}
}
