package backup

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Chain is a full backup and what can be restored after it.
type Chain struct {
	DatabaseName string
	FamilyGUID   GUID
	Full         *Set     // nil where the full of these backups is not among the files
	Backups      []Backup // the full, then the others by LSN; each has one set
	Findings     []Finding
}

// Arrange sorts backup files, in any order, into the chains that they make, and
// checks each chain. A file with several sets is split. rest are the files
// without a readable set.
//
// Each log belongs to the latest full that it can follow, and each differential
// to the full that it is based on. What only some targets refuse (stripes,
// differentials, partial backups), what may be a matter of files that are
// elsewhere (no full), and a gap that one of rest may fill, is a warning.
func Arrange(all []Backup) (chains []Chain, rest []Backup) {
	var groups []*group
	byKey := map[groupKey]*group{}
	for _, b := range all {
		if b.Set() == nil {
			rest = append(rest, b)
			continue
		}
		for _, one := range b.Split() {
			key := groupKey{strings.ToLower(one.Set().DatabaseName), one.Set().FamilyGUID}
			if byKey[key] == nil {
				byKey[key] = &group{groupKey: key, stripes: map[stripeKey]*unit{}}
				groups = append(groups, byKey[key])
			}
			byKey[key].add(one)
		}
	}
	slices.SortFunc(groups, compareGroups)
	mayFill := slices.ContainsFunc(rest, Backup.mayBeBackup)
	for _, g := range groups {
		for _, c := range g.chains() {
			chains = append(chains, c.finish(mayFill))
		}
	}
	return chains, rest
}

// Split gives a backup for each set of a file, named "FILE, set N" where the
// file has several.
func (b Backup) Split() []Backup {
	switch {
	case b.Set() == nil:
		return nil
	case b.Position != 0 || len(b.Media.Sets) == 1:
		return []Backup{b}
	}
	var out []Backup
	for i, s := range b.Media.Sets {
		m := *b.Media
		m.Sets = b.Media.Sets[i : i+1 : i+1]
		out = append(out, Backup{Name: fmt.Sprintf("%s, set %d", b.Name, s.Position), Media: &m})
	}
	return out
}

// mayBeBackup reports that an unreadable file may well be what is missing.
func (b Backup) mayBeBackup() bool {
	var told *UnreadableError
	return !errors.As(b.Err, &told) || told.Reason != NotBackup && told.Reason != Empty
}

// unit is one backup: a file, or the stripes of it that are there.
type unit struct{ files []Backup }

func (u *unit) set() *Set { return u.files[0].Set() }

func (u *unit) has(stripe int) bool {
	return slices.ContainsFunc(u.files, func(b Backup) bool { return b.Media.FamilySequenceNumber == stripe })
}

type stripeKey struct{ media, set GUID }

type groupKey struct {
	name   string // of the database, in lower case
	family GUID
}

// group is the backups of one database.
type group struct {
	groupKey
	units   []*unit
	stripes map[stripeKey]*unit
}

func compareGroups(a, b *group) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.family.String(), b.family.String()))
}

func (g *group) add(b Backup) {
	key := stripeKey{b.Media.MediaSetID, b.Set().BackupSetGUID}
	if u := g.stripes[key]; u != nil && b.Media.Striped() && !u.has(b.Media.FamilySequenceNumber) {
		u.files = append(u.files, b)
		slices.SortStableFunc(u.files, func(a, b Backup) int {
			return cmp.Compare(a.Media.FamilySequenceNumber, b.Media.FamilySequenceNumber)
		})
		return
	}
	u := &unit{[]Backup{b}}
	g.units = append(g.units, u)
	if b.Media.Striped() && !key.media.IsZero() {
		g.stripes[key] = u
	}
}

// chains gives the backups without a full first, then a chain for each full.
func (g *group) chains() []*builder {
	slices.SortStableFunc(g.units, compareUnits)
	orphans := &builder{}
	var out []*builder
	byFull := map[GUID]*builder{}
	for _, u := range g.units {
		s := u.set()
		if s.BackupType != Full {
			continue
		}
		if same := byFull[s.BackupSetGUID]; same != nil && !s.BackupSetGUID.IsZero() {
			same.copies = append(same.copies, u)
			continue
		}
		c := &builder{full: u}
		byFull[s.BackupSetGUID] = c
		out = append(out, c)
	}
	for _, u := range g.units {
		if u.set().BackupType != Full {
			chainOf(u.set(), out, byFull, orphans).take(u)
		}
	}
	if !orphans.isEmpty() {
		out = append([]*builder{orphans}, out...)
	}
	return out
}

// compareUnits orders by the LSN at the end. A copy-only log that spans others
// so comes after them.
func compareUnits(a, b *unit) int {
	s, t := a.set(), b.set()
	return cmp.Or(s.LastLSN.Compare(t.LastLSN), s.FirstLSN.Compare(t.FirstLSN),
		s.BackupFinishDate.Compare(t.BackupFinishDate), cmp.Compare(a.files[0].Name, b.files[0].Name))
}

// chainOf is the chain that a log or a differential belongs to.
func chainOf(s *Set, byLSN []*builder, byFull map[GUID]*builder, orphans *builder) *builder {
	if s.BackupType == Differential {
		if c := byFull[s.DifferentialBaseGUID]; c != nil {
			return c
		}
		return orphans
	}
	n, _ := slices.BinarySearchFunc(byLSN, s.LastLSN, func(c *builder, at LSN) int {
		if c.full.set().LastLSN.Compare(at) <= 0 {
			return -1
		}
		return 1
	})
	if n == 0 {
		return orphans
	}
	return byLSN[n-1]
}
