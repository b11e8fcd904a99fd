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
			return // the schema has refused it; order cannot be judged
		case e.kind == "full" && fulls > 0:
			c.complain(e.node, "a second full backup stands here", "one plan is one chain: raise generation to start it again, or write a plan of its own")
		case e.kind == "full":
			fulls++
		case i == 0 && e.kind == "incremental":
			c.complain(e.node, "the chain begins with an incremental", "put the full backup that it follows in front of it")
		case i == 0:
			c.complain(e.node, "the chain begins with the cutover", "put the full backup in front of it")
		}
	}
}

// checkChainCutover: nothing can be restored behind the last backup, and there
// is one last backup (page, table 8, is_last_backup).
func checkChainCutover(c *checker) {
	markers := 0
	for i, e := range c.entries {
		switch {
		case e.kind != "cutover":
		case markers > 0:
			c.complain(e.node, "a second cutover stands here", "take it away")
		case i < len(c.entries)-1:
			c.complain(e.node, "the cutover is not the last entry", "move it behind the last backup: nothing can be restored after it")
			markers++
		default:
			markers++
		}
	}
}

// checkSource: one place, and the schema's count of keys cannot say which.
func checkSource(c *checker) {
	s := child(c.root, "source")
	if s != nil && s.Kind == yaml.MappingNode && len(s.Content) == 0 {
		c.complain(s, "source must name one place", "give obs or rds, and not both")
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
			c.complain(e.node, "an incremental cannot follow a backup of an RDS instance", "take it away: this source has one full and the cutover")
		case e.kind == "full" && len(e.keyNodes()) > 1:
			c.complain(e.keys, "full names several RDS backups", "give the id of one")
		case e.kind == "cutover":
			hasCutover = true
		}
	}
	if !hasCutover {
		c.complain(c.at("backups"), "a backup of an RDS instance is restored and brought online in one step", "put - cutover behind it")
	}
}

// checkKeysPerStep: full and incrementals hold the same databases.
func checkKeysPerStep(c *checker) {
	want := 0
	for _, e := range c.entries {
		n := len(e.keyNodes())
		switch {
		case e.kind == "full":
			want = n
		case e.kind == "incremental" && want > 0 && n != want:
			c.complain(e.keys, fmt.Sprintf("this incremental has %s, the full backup %d", count(n, "key"), want), "give one key for each database, in the same order")
		}
	}
}

// checkKeysDatabases: one file holds one database, and several files are
// several databases (page, files; guides).
func checkKeysDatabases(c *checker) {
	names := len(c.plan.Databases.Names)
	if c.plan.Source.OBS == nil || names == 0 {
		return
	}
	for _, e := range c.entries {
		if n := len(e.keyNodes()); e.kind == "full" && n > 0 && n != names {
			c.complain(e.keys, fmt.Sprintf("the full backup has %s for %s", count(n, "key"), count(names, "database")), "give one file for each database; a database must not be striped over several")
		}
	}
}

// checkObjectTwice: a backup restored twice breaks the chain.
func checkObjectTwice(c *checker) {
	seen := make(map[string]*yaml.Node, len(c.objects))
	for _, o := range c.objects {
		n, key := o.node, o.key
		if first := seen[key]; first != nil {
			c.complain(n, fmt.Sprintf("object %q stands here twice, first in line %d", key, first.Line), "name each backup once")
			continue
		}
		seen[key] = n
	}
}

// checkOverwrite: is_cover is one Boolean for the whole job (page, table 8).
func checkOverwrite(c *checker) {
	over := child(c.root, "overwrite")
	if c.plan.OverwriteUnattended && over == nil {
		c.complain(c.at("overwrite_unattended"), "overwrite_unattended stands without overwrite", "add overwrite, or take it away")
	}
	if over == nil || child(c.root, "databases") == nil || c.refusedAt(over) {
		return
	}
	o, want := decodeDatabases(over), c.plan.Databases
	if o.All != want.All || !sameSet(o.Names, want.Names) {
		c.complain(over, "overwrite is not equal to databases", "repeat databases here: DRS overwrites all of a job's databases or none")
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
		c.complain(at, "rename of an RDS backup is described in three ways that contradict each other", "restore it under its own name")
	case p.Databases.All || len(p.Databases.Names) > 1:
		c.complain(at, "rename needs databases to be a list of one", "name the one database, or take rename away")
	case len(p.Backups) > 1 || p.Cutover == nil:
		c.complain(at, "rename works only with a full backup and the cutover", renameHint(p))
	}
	if reserved(p.Rename) {
		c.complain(at, fmt.Sprintf("%q is a system database", p.Rename), "choose another name")
	}
}

func renameHint(p *Plan) string {
	if len(p.Backups) > 1 {
		return "take rename away, or the incrementals"
	}
	return "put - cutover behind the full backup, or take rename away"
}

// checkWindow: a window has an end after its start, and both where nobody
// watches.
func checkWindow(c *checker) {
	w := c.plan.Cutover
	if w == nil {
		return
	}
	for _, e := range c.entries {
		marker := child(e.node, "cutover")
		for _, end := range []*yaml.Node{child(marker, "not_before"), child(marker, "not_after")} {
			if text(end) != "" && instant(end).IsZero() && !c.refusedAt(end) {
				c.complain(end, fmt.Sprintf("%q is a time that cannot be read", end.Value), "write it like 2027-03-01T01:00:00+08:00")
			}
		}
		switch {
		case marker == nil:
		case !w.NotBefore.IsZero() && !w.NotAfter.IsZero() && !w.NotAfter.After(w.NotBefore):
			c.complain(child(marker, "not_after"), "the window does not end after it begins", "put not_after behind not_before")
		case w.Unattended && (child(marker, "not_before") == nil || child(marker, "not_after") == nil):
			c.complain(child(marker, "unattended"), "an unattended cutover needs a window", "give not_before and not_after")
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
