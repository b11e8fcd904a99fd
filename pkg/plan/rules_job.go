package plan

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/migplan/migplan/internal/lazy"
)

var plainNumber = lazy.Regexp(`^-?(0|[1-9][0-9]*)$`)

// checkNumber: YAML reads 010 as eight, and 0x2, 2.0 and 1_0 as numbers too. The
// generation is part of the chain's identity, so it must be what a reviewer
// reads.
func checkNumber(c *checker) {
	for _, key := range []string{"version", "generation"} {
		n := child(c.root, key)
		if n != nil && (n.Tag == "!!int" || n.Tag == "!!float") && !plainNumber().MatchString(n.Value) {
			c.report(n, fmt.Sprintf("%s %s is not written in plain digits", key, n.Value), "write it like 1 or 12")
		}
	}
}

// checkDescription: the console refuses these; the page's own example has an
// apostrophe.
func checkDescription(c *checker) {
	if i := strings.IndexAny(c.plan.Description, `!=<>'&"\`); i >= 0 {
		c.report(c.at("description"), fmt.Sprintf("description contains %q, which the console refuses", c.plan.Description[i]), `do not use ! = < > ' & " and \`)
	}
}

func checkDescriptionControl(c *checker) {
	if strings.ContainsFunc(c.plan.Description, unicode.IsControl) {
		c.report(c.at("description"), "description contains a line break or another control character", "write it on one line")
	}
}

// checkTags: page, table 5 (key and value of a resource tag).
func checkTags(c *checker) {
	list, seen := child(c.root, "tags"), map[string]bool{}
	for i, t := range c.plan.Tags {
		n := list.Content[i]
		switch {
		case t.Key == "":
		case len([]rune(t.Key)) > 36 || !letters(t.Key, "_-"):
			c.report(child(n, "key"), fmt.Sprintf("tag key %q is not valid", t.Key), "use 1 to 36 letters, digits, underscores and hyphens")
		case seen[t.Key]:
			c.report(child(n, "key"), fmt.Sprintf("duplicate tag key %q", t.Key), "remove one")
		case !letters(t.Value, " _.:/=+@-"):
			c.report(child(n, "value"), fmt.Sprintf("tag value %q is not valid", t.Value), "use letters, digits, spaces and _ . : / = + - @")
		}
		seen[t.Key] = true
	}
}

// letters reports whether s has only letters and digits of any language, and
// characters in others.
func letters(s, others string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune(others, r)
	})
}

// checkTagLimits: 20 tags, and values of at most 43 characters (guides).
func checkTagLimits(c *checker) {
	list := child(c.root, "tags")
	for i, t := range c.plan.Tags {
		if i == 20 {
			c.report(list.Content[i], fmt.Sprintf("the plan has %d tags", len(c.plan.Tags)), "remove some; DRS's guide allows 20")
		}
		if len([]rune(t.Value)) > 43 {
			c.report(child(list.Content[i], "value"), fmt.Sprintf("the value of tag %q is longer than 43 characters", t.Key), "shorten it")
		}
	}
}

func isProjectID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// checkTargetIDs: ids have the form of all examples.
func checkTargetIDs(c *checker) {
	t := c.plan.Target
	if t.ProjectID != "" && !isProjectID(t.ProjectID) {
		c.report(c.at("target", "project_id"), fmt.Sprintf("%q does not look like a project id", t.ProjectID), "a project id has 32 hexadecimal digits")
	}
	if t.InstanceID != "" && !strings.HasSuffix(t.InstanceID, "in04") {
		c.report(c.at("target", "instance_id"), fmt.Sprintf("%q does not look like the id of an RDS for SQL Server instance", t.InstanceID), "such ids end in in04")
	}
}

// checkRDSIDs: ids have the form of the page's example.
func checkRDSIDs(c *checker) {
	rds := c.plan.Source.RDS
	if rds == nil {
		return
	}
	if rds.InstanceID != "" && !strings.HasSuffix(rds.InstanceID, "in04") {
		c.report(c.at("source", "rds", "instance_id"), fmt.Sprintf("%q does not look like the id of an RDS for SQL Server instance", rds.InstanceID),
			"such ids end in in04")
	}
	for _, e := range c.entries {
		if id := text(e.keys); e.kind == "full" && id != "" && !strings.HasSuffix(id, "br04") {
			c.report(e.keys, fmt.Sprintf("%q does not look like the id of an RDS backup", id), "such ids end in br04; for a file name, use source obs")
		}
	}
}

// checkFilestream: "off" is the only value in any example (page, table 5).
func checkFilestream(c *checker) {
	if c.plan.Target.Filestream {
		c.report(c.at("target", "filestream"), `"filestream: true" is sent as ms_file_stream_status "on", a value that no API page shows`,
			"test it on a disposable instance first")
	}
}
