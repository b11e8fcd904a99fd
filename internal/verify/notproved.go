package verify

import (
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/backup"
)

// notProved warns of each stretch of log that is in files that cannot be read,
// with its length where both ends are known. A file that is missing or could
// not be asked has an error already.
func (c *chain) notProved() (out []Finding) {
	var before *backup.Set
	var unread []link
	for _, l := range c.links {
		s := l.Set()
		switch {
		case s == nil:
			unread = append(unread, l)
			continue
		case isContent(unread) && before != nil && s.BackupType == backup.Log && before.LastLSN.Before(s.FirstLSN):
			out = append(out, c.interval(before, s, unread))
		}
		before, unread = s, nil
	}
	if before != nil && isContent(unread) {
		f := unread[0].file.finding(FindNotProved, backup.Warning,
			fmt.Sprintf("nothing is proved behind LSN %s%s: what follows is in %s", before.LastLSN, at(Finished(before)), names(unread)), "")
		f.Database = c.database
		out = append(out, f)
	}
	return out
}

// isContent: there are files, and all of them were opened.
func isContent(unread []link) bool {
	return len(unread) > 0 && !slices.ContainsFunc(unread, func(l link) bool { return l.file.Err != nil })
}

func (c *chain) interval(from, to *backup.Set, unread []link) Finding {
	length := ""
	if !from.BackupFinishDate.IsZero() && !to.BackupStartDate.IsZero() && from.TimeZone == to.TimeZone {
		if d := to.BackupStartDate.Sub(from.BackupFinishDate); d > 0 {
			length = d.String() + " of changes, "
		}
	}
	f := unread[0].file.finding(FindNotProved, backup.Warning,
		fmt.Sprintf("%sbetween LSN %s%s and LSN %s%s, cannot be proved: only %s can have them", length,
			from.LastLSN, at(Finished(from)), to.FirstLSN, at(moment(to.BackupStartDate, to.TimeZone)), names(unread)), "")
	if length == "" {
		f.Summary = "changes " + f.Summary
	}
	f.Database = c.database
	return f
}

func names(all []link) string {
	const most = 3
	var out []string
	for i, l := range all {
		if i == most {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d others", len(all)-most)
		}
		out = append(out, fmt.Sprintf("%q", l.Name))
	}
	return strings.Join(out, ", ")
}

func at(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// Finished is when a backup ended, with the offset of the server's clock where
// it is known; "" for none.
func Finished(s *backup.Set) string { return moment(s.BackupFinishDate, s.TimeZone) }

func moment(d backup.DateTime, z backup.TimeZone) string { return d.String() + offset(d, z) }

func offset(d backup.DateTime, z backup.TimeZone) string {
	if d.IsZero() {
		return ""
	}
	return z.String()
}
