package verify

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// planFindings is what is wrong between the header of a file and the plan.
func planFindings(c Checked, p *plan.Plan, known []chain) (out []Finding) {
	if c.Backup.Set() == nil {
		return c.unreadable()
	}
	if f, ok := c.wrongType(p); ok {
		out = append(out, f)
	}
	names := map[string]bool{}
	for _, b := range c.Backup.Split() {
		name := b.Set().DatabaseName
		if !names[strings.ToLower(name)] {
			out = append(out, c.named(name, p, known)...)
		}
		names[strings.ToLower(name)] = true
	}
	if len(names) > 1 {
		out = append(out, c.finding(backup.FindSeveralSets, backup.Warning,
			fmt.Sprintf("it has backups of %d databases, and DRS documents one database for each file", len(names)),
			"back up each database into its own file"))
	}
	return out
}

// unreadable says why there is no backup set in a file, also where no chain has
// a place for it.
func (c Checked) unreadable() (out []Finding) {
	if c.Err != nil {
		return nil
	}
	for _, f := range backup.CheckChain([]backup.Backup{c.Backup}, backup.Options{}) {
		out = append(out, c.translate(f, ""))
	}
	return out
}

// hasWrongType reports that a backup is not what its step says. A differential
// is what some plans accept as incremental; CheckChain has a finding for it.
func hasWrongType(l link) bool { return isWrongType(l.file.Step, l.Set()) }

func isWrongType(step int, s *backup.Set) bool {
	switch {
	case s == nil:
		return false
	case step == 1:
		return s.BackupType != backup.Full
	}
	return s.BackupType != backup.Log && s.BackupType != backup.Differential
}

func (c Checked) wrongType(p *plan.Plan) (Finding, bool) {
	s := c.Backup.Set()
	if !isWrongType(c.Step, s) {
		return Finding{}, false
	}
	listed := p.Backups[c.Step-1].Type
	f := c.finding(FindWrongType, backup.Error, fmt.Sprintf("the plan lists it as %s, and it is a %s backup", listed, s.BackupType), "list a log backup here")
	f.Database = s.DatabaseName
	if listed == plan.Full {
		f.Action = "list a full backup of the whole database here"
	}
	return f, true
}

// named compares the name of a database with those of the plan. DRS compares
// them with their case (guides).
func (c Checked) named(name string, p *plan.Plan, known []chain) []Finding {
	for _, k := range known {
		switch {
		case k.database == name || k.database == "":
			return nil
		case sameName(k.database, name) && !p.Databases.All:
			f := c.finding(FindNameCase, backup.Error, fmt.Sprintf("its database is %q, and the plan names it %q: DRS compares the case", name, k.database),
				"write the name as the backup does")
			f.Database = k.database
			return []Finding{f}
		case sameName(k.database, name):
			return nil
		}
	}
	summary, action := fmt.Sprintf("it is a backup of database %q, which the plan does not list",
		name), "list the backup of the plan's database, or add this one to databases"
	if p.Databases.All {
		summary, action = fmt.Sprintf("it is a backup of database %q, which the full backup does not have", name), "list a backup of the same databases as the full"
	}
	f := c.finding(backup.FindWrongDatabase, backup.Error, summary, action)
	f.Message = 3154
	return []Finding{f}
}
