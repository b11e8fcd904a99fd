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
		c.complain(at, fmt.Sprintf("bucket %q is an address", bucket), "give the bucket's name")
	} else if !bucketForm.MatchString(bucket) || strings.Contains(bucket, "..") {
		c.complain(at, fmt.Sprintf("bucket %q cannot be one", bucket), "3 to 63 lower-case letters, digits, hyphens and dots, a letter or digit at both ends")
	}
}

// checkPrefix: obs_path of every example has no leading and one trailing slash.
func checkPrefix(c *checker) {
	n := child(child(child(c.root, "source"), "obs"), "prefix")
	if p := text(n); p != "" && p != folder(p) {
		c.complain(n, fmt.Sprintf("prefix %q is read as the folder %q", p, folder(p)), "write it so")
	}
}

// checkObjectKeys: a key is folders and a file, and nothing that a shell, a
// URL or a reader would take for something else.
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
		what = "holds a control character"
	case strings.ContainsRune(key, '\\'):
		what = "holds a backslash"
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch {
		case what != "":
		case segment == "" || segment == "." || segment == "..":
			what = fmt.Sprintf("has the segment %q", segment)
		case segment != strings.TrimSpace(segment):
			what = "has a space at the end of a segment"
		}
	}
	if what != "" {
		c.complain(n, fmt.Sprintf("object key %q %s", key, what), "write folder/file.bak, below the prefix")
	}
}

// checkBakSuffix: the console lists .bak files only (guides; no rule on the page).
func checkBakSuffix(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		if strings.HasSuffix(key, ".bak") {
			continue
		}
		to := strings.TrimSuffix(key, path.Ext(key)) + ".bak"
		bucket := c.plan.Source.OBS.Bucket
		c.complain(n, fmt.Sprintf("%q does not end in .bak, which DRS asks for", path.Base(key)),
			"copy it: obsutil cp "+ShellWord("obs://"+bucket+"/"+key)+" "+ShellWord("obs://"+bucket+"/"+to))
	}
}

var plainWord = regexp.MustCompile(`^[\p{L}\p{N}_./:@%+,-]+$`)

// ShellWord quotes what a shell would not take as one word, for commands that
// are printed to be pasted.
func ShellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// isFileName: what stands in front of .bak.
func isFileName(s string) bool {
	return 1 <= len(s) && len(s) <= 200 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

// checkFileName: letters, digits, "_" and "-", 200 at most (guides); a longer
// one is a catalogued failure, "source database not in backup file list".
func checkFileName(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		base := strings.TrimSuffix(path.Base(key), path.Ext(key))
		if !isFileName(base) {
			c.complain(n, fmt.Sprintf("file name %q may not be found by DRS", path.Base(key)), "use 1 to 200 letters, digits, underscores and hyphens in front of .bak")
		} else if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII }) {
			c.complain(n, fmt.Sprintf("the folder of %q has letters that DRS may not accept", key), "use a path of Latin letters")
		}
	}
}

// checkBaseNameTwice: a job's detail gives file names without their folders,
// so two of one name cannot be told apart afterwards (detail page, file_info).
func checkBaseNameTwice(c *checker) {
	seen := make(map[string]string, len(c.objects))
	for _, o := range c.objects {
		n, key := o.node, o.key
		base := path.Base(key)
		if first, ok := seen[base]; ok && first != key {
			c.complain(n, fmt.Sprintf("file name %q stands in two folders", base), "give every backup a name of its own: DRS shows no folder in a job")
		}
		seen[base] = key
	}
}

var stripeForm = regexp.MustCompile(`(?i)(^|[_.-])(\d+_?of_?\d+|stripe_?\d+|part_?\d+)([_.-]|$)`)

// mayBeStripe spares the expression most names.
func mayBeStripe(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "of") || strings.Contains(key, "stripe") || strings.Contains(key, "part")
}

// checkStripes: one database must not be split over several files (guides).
func checkStripes(c *checker) {
	for _, o := range c.objects {
		n, key := o.node, o.key
		if mayBeStripe(key) && stripeForm.MatchString(strings.TrimSuffix(path.Base(key), path.Ext(key))) {
			c.complain(n, fmt.Sprintf("%q looks like one stripe of several", path.Base(key)), "take the backup into one file: DRS does not restore stripes")
		}
	}
}

// reserved: system databases of SQL Server and of RDS (guides). A restore over
// one of them cannot succeed.
func reserved(name string) bool {
	switch DatabaseKey(name) {
	case "master", "model", "msdb", "tempdb", "resource", "rdsadmin":
		return true
	}
	return false
}

// databaseNodes are the names in databases as they are written.
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
			c.complain(n, fmt.Sprintf("%q is a system database", n.Value), "list user databases only")
		}
	}
}

// checkDatabaseTwice: the target may compare the names equal, so one would be
// restored over the other.
func checkDatabaseTwice(c *checker) {
	seen := map[string]string{}
	for _, n := range c.databaseNodes() {
		key := DatabaseKey(text(n))
		if first, ok := seen[key]; ok && key != "" {
			c.complain(n, fmt.Sprintf("database %q is %q again: SQL Server may take them for the same name", n.Value, first), "name each database once")
		}
		seen[key] = text(n)
	}
}

// checkDatabaseName: 1 to 256 letters, digits, "-" and "_" (guides).
func checkDatabaseName(c *checker) {
	for _, n := range c.databaseNodes() {
		if name := text(n); name != "" && !wordOf(name, 256) {
			c.complain(n, fmt.Sprintf("database name %q may not be accepted", name), "DRS's guide allows 1 to 256 letters, digits, hyphens and underscores")
		}
	}
}

// checkRenameName: 1 to 128 letters, digits, "-" and "_" (guides).
func checkRenameName(c *checker) {
	if name := c.plan.Rename; name != "" && !wordOf(name, 128) {
		c.complain(c.at("rename"), fmt.Sprintf("new name %q may not be accepted", name), "DRS's guide allows 1 to 128 letters, digits, hyphens and underscores")
	}
}

func wordOf(s string, most int) bool {
	return len([]rune(s)) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	})
}

func checkDatabaseCount(c *checker) {
	if n := c.databaseNodes(); len(n) > 100 {
		c.complain(n[100], fmt.Sprintf("the plan names %d databases", len(n)), "an RDS instance for SQL Server holds 100 at most")
	}
}
