package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// chain is the backups of one database, in the order of the plan.
type chain struct {
	database string
	links    []link
	without  []int // steps that have no file of it
}

// link is a backup of a chain. A file that could not be read is in the chain
// of every database that it may belong to.
type link struct {
	backup.Backup
	file *Checked
}

// chains sorts the files of a plan by database, by their headers.
func chains(p *plan.Plan, files []Checked) []chain {
	steps := make([][]*Checked, len(p.Backups))
	for i := range files {
		at := files[i].Step - 1
		steps[at] = append(steps[at], &files[i])
	}
	var out []chain
	for _, name := range databaseNames(p, steps[0]) {
		c := chain{database: name}
		for i, step := range steps {
			if !c.take(step) {
				c.without = append(c.without, i+1)
			}
		}
		out = append(out, c)
	}
	return out
}

// databaseNames are those of the plan; where it restores all, those in the full.
func databaseNames(p *plan.Plan, full []*Checked) []string {
	if !p.Databases.All {
		return p.Databases.Names
	}
	var names []string
	for _, f := range full {
		for _, b := range f.Backup.Split() {
			if name := b.Set().DatabaseName; !slices.ContainsFunc(names, func(n string) bool { return sameName(n, name) }) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 { // nothing of the full can be read: one chain of unknown files
		return []string{""}
	}
	return names
}

// sameName: most servers compare names of databases without their case.
func sameName(a, b string) bool { return strings.EqualFold(a, b) }

// take adds the files of a step that are of this database. It reports false
// where the step has none and no file that may be one.
func (c *chain) take(step []*Checked) bool {
	var unknown *Checked
	before := len(c.links)
	for _, f := range step {
		if f.Backup.Set() == nil {
			unknown = f
			continue
		}
		if b, ok := c.of(f.Backup); ok {
			c.links = append(c.links, link{b, f})
		}
	}
	if len(c.links) == before && unknown != nil {
		c.links = append(c.links, link{unknown.Backup, unknown})
	}
	return len(c.links) > before
}

// of is what a file has of this database: its sets of other databases are left
// out.
func (c *chain) of(b backup.Backup) (backup.Backup, bool) {
	m := *b.Media
	m.Sets = slices.DeleteFunc(slices.Clone(m.Sets), func(s backup.Set) bool { return !sameName(s.DatabaseName, c.database) })
	return backup.Backup{Name: b.Name, Media: &m}, len(m.Sets) > 0
}

// backups are the links as CheckChain takes them, without those that skip
// names.
func (c *chain) backups(skip func(link) bool) []backup.Backup {
	var out []backup.Backup
	for _, l := range c.links {
		if skip == nil || !skip(l) {
			out = append(out, l.Backup)
		}
	}
	return out
}

// check compares the chain with the rules of a restore, and with the plan.
func (c *chain) check(p *plan.Plan) []Finding {
	var out []Finding
	for _, f := range backup.CheckChain(c.backups(nil), c.options(p)) {
		if l := c.link(f.File); !isSaidElsewhere(f, l) {
			out = append(out, l.file.translate(f, c.database))
		}
	}
	return slices.Concat(c.missingSteps(), c.twoFiles(), out, c.differentials(p, out), c.notProved())
}

// options: where the first file is no full, the others are checked without it.
func (c *chain) options(p *plan.Plan) backup.Options {
	o := backup.Options{AcceptDifferential: p.AcceptDifferential}
	if len(c.links) > 0 {
		s := c.links[0].Set()
		o.WithoutFull = s != nil && s.BackupType != backup.Full || c.links[0].file.Step != 1
	}
	return o
}

func (c *chain) link(name string) link {
	i := slices.IndexFunc(c.links, func(l link) bool { return l.Name == name })
	return c.links[i]
}

// isSaidElsewhere: a file that gave nothing to read has a finding of its own,
// and so has a file of another type than the plan says.
func isSaidElsewhere(f backup.Finding, l link) bool {
	switch f.ID {
	case backup.FindUnreadable:
		return l.file.Err != nil
	case backup.FindSecondFull, backup.FindNoFull, backup.FindPartial:
		return hasWrongType(l)
	}
	return false
}

// translate takes over a finding about this file.
func (c Checked) translate(f backup.Finding, database string) Finding {
	out := c.finding(f.ID, f.Severity, f.Summary, f.Action)
	out.Message, out.Database = f.Message, database
	if f.ID == backup.FindEncrypted { // the restore is DRS's, which documents no certificate
		out.Action = "take the backup without encryption, because DRS cannot use a certificate; neither its content nor its place in the chain can be checked"
	}
	return out
}

func (c *chain) missingSteps() (out []Finding) {
	for _, step := range c.without {
		out = append(out, Finding{ID: FindDatabaseMissing, Severity: backup.Error, Step: step,
			Database: c.database, DRS: drsFailure(FindDatabaseMissing),
			Summary: fmt.Sprintf("no file of this step is a backup of database %q", c.database),
			Action:  "list its backup, or remove the database from databases"})
	}
	return out
}

// twoFiles: DRS documents one file for each database of a job. Stripes have a
// finding of their own.
func (c *chain) twoFiles() (out []Finding) {
	for i := 1; i < len(c.links); i++ {
		a, b := c.links[i-1], c.links[i]
		if a.file.Step == b.file.Step && a.Media != nil && b.Media != nil && !b.Media.Striped() {
			f := b.file.finding(FindTwoFiles, backup.Error,
				fmt.Sprintf("it is of database %q, as %q in the same step: a job restores one file of each database", c.database, a.Name),
				"give each log backup its own step")
			f.Database = c.database
			out = append(out, f)
		}
	}
	return out
}
