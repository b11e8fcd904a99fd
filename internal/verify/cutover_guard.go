package verify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/backup"
)

// GuardFacts is all that Guard decides on.
type GuardFacts struct {
	// Last is the last backup of the plan, one file for each database.
	Last []backup.Backup
	// Others are the other objects below the prefix, except what the plan contains
	// or ignores. Names are object keys, as in Last.
	Others []backup.Backup
	// Unlisted is why Others are not known; nil where they are.
	Unlisted error
	// TailLog says that the plan requires a tail-log backup at its end.
	TailLog bool
}

// Guard is what blocks a cutover.
type Guard struct {
	// Newer are backups that were taken after the plan's last one: what is in them
	// would be lost.
	Newer []Newer
	// NotTail says of each file of the last backup why it is not proved to be the
	// tail-log backup that the plan requires.
	NotTail []string
	// Unclear says what could not be checked.
	Unclear []string
}

// Newer is an object that holds the cutover.
type Newer struct {
	Key      string
	Type     string // of the backup, in words
	LastLSN  backup.LSN
	Finished string // with the offset of the source's clock, where that is known
	Missing  *Gap   // nil where it continues the plan's last backup
}

func (n Newer) String() string {
	text := fmt.Sprintf("%s is a %s backup that ends at LSN %s%s", n.Key, n.Type, n.LastLSN, at(n.Finished))
	if n.Missing != nil {
		text += "; between it and the plan's last backup, " + n.Missing.String()
	}
	return text
}

// Gap is a part of the log between the plan's last backup and a newer one that
// neither has.
type Gap struct {
	From, To backup.LSN
	Length   time.Duration // by the clock of the source; 0 where it is not known
}

func (g Gap) String() string {
	text := fmt.Sprintf("the log from LSN %s to %s is in neither", g.From, g.To)
	if g.Length > 0 {
		text += fmt.Sprintf(", %s", g.Length)
	}
	return text
}

// Decide returns what blocks the cutover. A newer backup is of the same
// database and ends at a later LSN: a log on the same recovery fork, or any full
// or differential.
func (f GuardFacts) Decide() Guard {
	var g Guard
	if f.Unlisted != nil {
		g.Unclear = append(g.Unclear, "the objects could not be listed: "+reason(f.Unlisted))
	}
	for _, last := range f.Last {
		if f.TailLog {
			if why := notTail(last); why != "" {
				g.NotTail = append(g.NotTail, last.Name+": "+why)
			}
		}
		if last.Set() == nil && f.Unlisted == nil {
			g.Unclear = append(g.Unclear, fmt.Sprintf("%s could not be read, so no object can be compared with it: %s", last.Name, reason(last.Err)))
		}
		if last.Set() == nil {
			continue
		}
		if last.Grade() != backup.Proved {
			g.Unclear = append(g.Unclear, last.Name+" could not be read to its end, so its last LSN is not certain")
		}
		g.Newer = append(g.Newer, newer(last, f.Others)...)
	}
	slices.SortStableFunc(g.Newer, func(a, b Newer) int { return cmp.Or(a.LastLSN.Compare(b.LastLSN), cmp.Compare(a.Key, b.Key)) })
	if text := unread(f.Others); text != "" {
		g.Unclear = append(g.Unclear, text)
	}
	return g
}

// unread names objects that may be newer backups, the first few of many.
func unread(others []backup.Backup) string {
	const most = 3
	var names []string
	n := 0
	for _, o := range others {
		if !mayBeBackup(o) {
			continue
		}
		if n++; n <= most {
			names = append(names, fmt.Sprintf("%s (%s)", o.Name, reason(o.Err)))
		}
	}
	switch {
	case n == 0:
		return ""
	case n > most:
		names = append(names, fmt.Sprintf("and %d more", n-most))
	}
	return "what cannot be read may be a newer backup: " + strings.Join(names, ", ")
}

// reason is what a store says of an object, without the read that failed.
func reason(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Problem
	}
	return fmt.Sprint(err)
}

// notTail is why a file is not proved to be a tail-log backup, "" where it is.
func notTail(b backup.Backup) string {
	s := b.Set()
	switch {
	case s == nil:
		return "it could not be read: " + reason(b.Err)
	case s.BackupType != backup.Log || !s.Flags.Has(backup.IsTailLog):
		return fmt.Sprintf("it is a %s backup and no tail-log backup", s.BackupType)
	case b.Grade() != backup.Proved:
		return "its end could not be read, so it is not proved to be whole"
	}
	return ""
}

// newer are the sets of others that are later than last.
func newer(last backup.Backup, others []backup.Backup) (out []Newer) {
	type place struct {
		key string
		set *backup.Set
	}
	places := map[string]place{}
	var split []backup.Backup
	for _, o := range others {
		for _, one := range o.Split() {
			split = append(split, one)
			places[one.Name] = place{o.Name, one.Set()}
		}
	}
	for _, f := range backup.CheckChain([]backup.Backup{last}, backup.Options{
		WithoutFull: true, AcceptDifferential: true, AcceptStripes: true, Others: split,
	}) {
		switch f.ID {
		case backup.FindLaterLog, backup.FindNewerFull, backup.FindLaterDifferential:
			at := places[f.File]
			out = append(out, Newer{at.key, typeOf(at.set), at.set.LastLSN, Finished(at.set), gap(last.Set(), at.set)})
		}
	}
	return out
}

// typeOf is the type of a backup in words.
func typeOf(s *backup.Set) string {
	if s.BackupType == backup.Log && s.Flags.Has(backup.IsTailLog) {
		return "tail-log"
	}
	return s.BackupType.String()
}

// gap is what a log that does not continue last leaves out.
func gap(last, s *backup.Set) *Gap {
	if s.BackupType != backup.Log || !last.LastLSN.Before(s.FirstLSN) {
		return nil
	}
	g := Gap{From: last.LastLSN, To: s.FirstLSN}
	if !last.BackupFinishDate.IsZero() && !s.BackupStartDate.IsZero() && last.TimeZone == s.TimeZone {
		g.Length = max(0, s.BackupStartDate.Sub(last.BackupFinishDate))
	}
	return &g
}

// mayBeBackup reports an object of which it is not known whether it is a backup,
// or of when.
func mayBeBackup(b backup.Backup) bool {
	var told *backup.UnreadableError
	if b.Set() != nil || b.Err == nil {
		return false
	}
	return !errors.As(b.Err, &told) || told.Reason != backup.NotBackup && told.Reason != backup.Empty
}
