package plan

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// checkChainStart: a chain is restored from one full backup on (page, scenarios).
func checkChainStart(c *checker) {
	fulls := 0
	for i, e := range c.entries {
		switch {
		case e.kind == "":
			return // the schema has refused it; the order cannot be checked
		case e.kind == "full" && fulls > 0:
			c.report(e.node, "this is a second full backup", "a plan is one chain: raise generation to start it again, or write a separate plan")
		case e.kind == "full":
			fulls++
		case i == 0 && e.kind == "incremental":
			c.report(e.node, "the chain starts with an incremental", "put its full backup first")
		case i == 0:
			c.report(e.node, "the chain starts with the cutover", "put the full backup first")
		}
	}
}

// checkChainCutover: nothing can be restored after the last backup, and there is
// only one last backup (page, table 8, is_last_backup).
func checkChainCutover(c *checker) {
	markers := 0
	for i, e := range c.entries {
		switch {
		case e.kind != "cutover":
		case markers > 0:
			c.report(e.node, "this is a second cutover", "remove it")
		case i < len(c.entries)-1:
			c.report(e.node, "the cutover is not the last entry", "move it after the last backup; nothing can be restored after the cutover")
			markers++
		default:
			markers++
		}
	}
}

// checkSource reports an empty source: the schema only counts keys.
func checkSource(c *checker) {
	s := child(c.root, "source")
	if s != nil && s.Kind == yaml.MappingNode && len(s.Content) == 0 {
		c.report(s, "source must have exactly one key", "write either obs or rds")
	}
}

// checkRDSSource: an RDS backup is one full that goes online with its restore
// (page, third scenario; no incremental is described for it).
func checkRDSSource(c *checker) {
	if c.plan.Source.RDS == nil {
		return
	}
	hasCutover := false
	for _, e := range c.entries {
		switch {
		case e.kind == "incremental":
			c.report(e.node, "an incremental cannot follow an RDS backup", "remove it; a plan with this source has one full and the cutover")
		case e.kind == "full" && len(e.keyNodes()) > 1:
			c.report(e.keys, "full lists several RDS backups", "keep the id of one")
		case e.kind == "cutover":
			hasCutover = true
		}
	}
	if !hasCutover {
		c.report(c.at("backups"), "an RDS backup is restored and brought online in one step", "add - cutover after it")
	}
}

// checkKeysPerStep: full and incrementals contain the same databases.
func checkKeysPerStep(c *checker) {
	want := 0
	for _, e := range c.entries {
		n := len(e.keyNodes())
		switch {
		case e.kind == "full":
			want = n
		case e.kind == "incremental" && want > 0 && n != want:
			c.report(e.keys, fmt.Sprintf("this incremental has %s, but the full backup has %d", count(n, "key"), want),
				"list one key for each database, in the same order")
		}
	}
}

// checkKeysDatabases: one file contains one database, and several files are
// several databases (page, files; guides).
func checkKeysDatabases(c *checker) {
	names := len(c.plan.Databases.Names)
	if c.plan.Source.OBS == nil || names == 0 {
		return
	}
	for _, e := range c.entries {
		if n := len(e.keyNodes()); e.kind == "full" && n > 0 && n != names {
			c.report(e.keys, fmt.Sprintf("the full backup has %s for %s", count(n, "key"), count(names, "database")),
				"list one file for each database; a database must not be striped over several files")
		}
	}
}

// checkObjectTwice: a backup restored twice breaks the chain.
func checkObjectTwice(c *checker) {
	seen := make(map[string]*yaml.Node, len(c.objects))
	for _, o := range c.objects {
		n, key := o.node, o.key
		if first := seen[key]; first != nil {
			c.report(n, fmt.Sprintf("duplicate object %q, first on line %d", key, first.Line), "list each backup once")
			continue
		}
		seen[key] = n
	}
}

// checkOverwrite: is_cover is one Boolean for the whole job (page, table 8).
func checkOverwrite(c *checker) {
	over := child(c.root, "overwrite")
	if c.plan.OverwriteUnattended && over == nil {
		c.report(c.at("overwrite_unattended"), "overwrite_unattended has no effect without overwrite", "add overwrite or remove overwrite_unattended")
	}
	if over == nil || child(c.root, "databases") == nil || c.refusedAt(over) {
		return
	}
	o, want := decodeDatabases(over), c.plan.Databases
	if o.All != want.All || !sameSet(o.Names, want.Names) {
		c.report(over, "overwrite differs from databases", "list the same databases: DRS overwrites all of a job's databases or none")
	}
}

func sameSet(a, b []string) bool {
	set := map[string]bool{}
	for _, s := range a {
		set[s] = true
	}
	for _, s := range b {
		if !set[s] {
			return false
		}
	}
	return len(a) == len(b) && len(set) == len(a)
}

// checkRename: only for one database in one full backup that goes online with
// its restore (page, reset_db_name_map; guides).
func checkRename(c *checker) {
	if c.plan.Rename == "" {
		return
	}
	at, p := c.at("rename"), c.plan
	switch {
	case p.Source.RDS != nil:
		c.report(at, "the documentation contradicts itself about renaming an RDS backup", "restore it under its own name")
	case p.Databases.All || len(p.Databases.Names) > 1:
		c.report(at, "rename needs exactly one database in databases", "list that database or remove rename")
	case len(p.Backups) > 1 || p.Cutover == nil:
		c.report(at, "rename works only with a full backup and the cutover", renameHint(p))
	}
	if reserved(p.Rename) {
		c.report(at, fmt.Sprintf("%q is a system database", p.Rename), "choose another name")
	}
}

func renameHint(p *Plan) string {
	if len(p.Backups) > 1 {
		return "remove rename or the incrementals"
	}
	return "add - cutover after the full backup, or remove rename"
}

// checkWindow: a window ends after it starts, and an unattended cutover has both
// a start and an end.
func checkWindow(c *checker) {
	w := c.plan.Cutover
	if w == nil {
		return
	}
	for _, e := range c.entries {
		marker := child(e.node, "cutover")
		for _, end := range []*yaml.Node{child(marker, "not_before"), child(marker, "not_after")} {
			if text(end) != "" && instant(end).IsZero() && !c.refusedAt(end) {
				c.report(end, fmt.Sprintf("%q is not a valid time", end.Value), "write it like 2027-03-01T01:00:00+08:00")
			}
		}
		switch {
		case marker == nil:
		case !w.NotBefore.IsZero() && !w.NotAfter.IsZero() && !w.NotAfter.After(w.NotBefore):
			c.report(child(marker, "not_after"), "the window does not end after it starts", "set not_after to a later time than not_before")
		case w.Unattended && (child(marker, "not_before") == nil || child(marker, "not_after") == nil):
			c.report(child(marker, "unattended"), "an unattended cutover needs a window", "set not_before and not_after")
		}
	}
}

// count is "1 key", "3 keys".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
