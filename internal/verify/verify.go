package verify

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

// Options are what Check may be told beside the plan.
type Options struct {
	Lock     *Lock                 // of the plan; nil where there is none
	Progress func(done, total int) // called after each file, maybe from several goroutines; nil: not called
}

// Check reads the files of a plan from a store and compares them with the
// plan. Nothing is written. What goes wrong is in the report.
func Check(ctx context.Context, p *plan.Plan, s Store, o Options) Report {
	if p.Source.OBS == nil {
		return Report{Findings: []Finding{{ID: FindNotChecked, Severity: backup.Warning,
			Summary: "the source is a backup of an RDS instance, which has no file to read", Action: "check it in the console of RDS"}}}
	}
	r := Report{Files: readAll(ctx, p, s, o.Progress)}
	known := chains(p, r.Files)
	for _, c := range r.Files {
		r.Findings = append(r.Findings, objectFindings(c, s)...)
		r.Findings = append(r.Findings, planFindings(c, p, known)...)
		r.Findings = append(r.Findings, o.Lock.findings(c)...)
	}
	foreign := r.stepsWith(backup.FindWrongDatabase)
	for _, c := range known {
		for _, f := range c.check(p) {
			isTheSame := func(g Finding) bool { return g.ID == f.ID && g.Key == f.Key && g.Summary == f.Summary }
			if !slices.ContainsFunc(r.Findings, isTheSame) && !(f.ID == FindDatabaseMissing && foreign[f.Step]) {
				r.Findings = append(r.Findings, f)
			}
		}
		r.Databases = append(r.Databases, c.summary())
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int { return cmp.Compare(a.Step, b.Step) })
	return r
}

// stepsWith are the steps with a finding of this kind.
func (r Report) stepsWith(id backup.ID) map[int]bool {
	out := map[int]bool{}
	for _, f := range r.Findings {
		if f.ID == id {
			out[f.Step] = true
		}
	}
	return out
}

// summary is how far the chain goes, and what it takes on the target.
func (c *chain) summary() Database {
	d := Database{Name: c.database, Backups: len(c.links), Grade: backup.Proved}
	for i, l := range c.links {
		s := l.Set()
		d.Grade = worse(d.Grade, l.Grade())
		if s == nil {
			continue
		}
		if i == 0 && s.BackupType == backup.Full {
			d.Full = s
		}
		d.Last = s
		d.Size = max(d.Size, s.RestoredSize())
		d.IsAtLeast = d.IsAtLeast || s.FileListDamaged
	}
	return d
}

func worse(a, b backup.Grade) backup.Grade {
	for _, g := range []backup.Grade{backup.Unreadable, backup.Provisional} {
		if a == g || b == g {
			return g
		}
	}
	return backup.Proved
}

// remedy is what an error of a store says to do, or a default.
func remedy(err error, otherwise string) string {
	var e *Error
	if errors.As(err, &e) && e.Remedy != "" {
		return e.Remedy
	}
	return otherwise
}
