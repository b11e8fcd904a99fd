package plan

import (
	"fmt"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

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
