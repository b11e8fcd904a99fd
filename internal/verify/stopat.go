package verify

import (
	"fmt"
	"time"

	"github.com/migplan/migplan/pkg/backup"
)

// AddStopAt adds, for each database, that DRS cannot stop a restore at a time,
// and which backup ends nearest to it: a job restores whole files.
func (r *Report) AddStopAt(t time.Time) {
	for _, d := range r.Databases {
		f := Finding{ID: FindStopAt, Severity: backup.Error, Database: d.Name,
			Summary: "DRS cannot stop a restore at a time: it restores whole files",
			Action:  "restore to that time on a SQL Server, and migrate a full backup of the result"}
		if c, end := r.nearest(d.Name, t); c != nil {
			f.Step, f.Key = c.Step, c.Key
			f.Summary += fmt.Sprintf(". Of database %q, this backup ends nearest to it: at %s, %s", d.Name, end.Format(time.RFC3339), distance(end.Sub(t)))
			f.Action = "end the plan with this backup and put the cutover after it, or " + f.Action
		}
		r.Findings = append(r.Findings, f)
	}
}

func distance(d time.Duration) string {
	switch {
	case d < 0:
		return (-d).String() + " before"
	case d == 0:
		return "exactly"
	}
	return d.String() + " after"
}

// nearest is the backup of a database whose end is nearest to t, and that end.
func (r *Report) nearest(database string, t time.Time) (found *Checked, at time.Time) {
	for i, c := range r.Files {
		for _, b := range c.Backup.Split() {
			end, ok := b.Set().BackupFinishDate.In(b.Set().TimeZone)
			if ok && sameName(b.Set().DatabaseName, database) && (found == nil || end.Sub(t).Abs() < at.Sub(t).Abs()) {
				found, at = &r.Files[i], end
			}
		}
	}
	return found, at
}
