package backup

import (
	"fmt"
	"slices"
)

// others are the files beside the chain, in the forms in which they are asked
// for.
type others struct {
	bySet   map[GUID]string // BackupSetGUID to file
	logs    []known         // by LastLSN
	fulls   []known
	diffs   []known
	byMedia map[GUID][]string
}

type known struct {
	name string
	set  *Set
}

func indexOthers(all []Backup) others {
	o := others{bySet: map[GUID]string{}, byMedia: map[GUID][]string{}}
	for _, b := range all {
		s := b.Set()
		if s == nil {
			continue
		}
		o.bySet[s.BackupSetGUID] = b.Name
		if b.Media.Striped() {
			o.byMedia[b.Media.MediaSetID] = append(o.byMedia[b.Media.MediaSetID], b.Name)
		}
		switch k := (known{b.Name, s}); s.BackupType {
		case Full:
			o.fulls = append(o.fulls, k)
		case Differential:
			o.diffs = append(o.diffs, k)
		case Log:
			o.logs = append(o.logs, k)
		}
	}
	slices.SortStableFunc(o.logs, func(a, b known) int { return a.set.LastLSN.Compare(b.set.LastLSN) })
	return o
}

// named is the end of a sentence about the backup set with this GUID.
func (o others) named(g GUID) string {
	if name, ok := o.bySet[g]; ok && !g.IsZero() {
		return fmt.Sprintf(": %q", name)
	}
	return ""
}

func (o others) stripes(m *Media) string {
	if names := o.byMedia[m.MediaSetID]; len(names) > 0 {
		return fmt.Sprintf("; stripes of it are %q", names)
	}
	return ""
}

// covering is a log that begins at or before at and ends after it.
func (o others) covering(of *Set, at LSN) string {
	from, _ := slices.BinarySearchFunc(o.logs, at, func(k known, at LSN) int {
		if k.set.LastLSN.Compare(at) <= 0 {
			return -1
		}
		return 1
	})
	for _, k := range o.logs[from:min(from+maxNeighbours, len(o.logs))] {
		if k.set.FamilyGUID == of.FamilyGUID && k.set.FirstLSN.Compare(at) <= 0 {
			return k.name
		}
	}
	return ""
}

// maxNeighbours bounds the search among logs of other databases.
const maxNeighbours = 256

// newer reports what lies beside the chain and is later than its end.
func (c *checker) newer() {
	if c.last == nil || c.isUnknown {
		return
	}
	for _, list := range []struct {
		id    ID
		sets  []known
		what  string
		isLog bool
	}{
		{FindNewerFull, c.others.fulls, "a full backup that is later than the end of the chain", false},
		{FindLaterDifferential, c.others.diffs, "a differential backup that is later than the end of the chain", false},
		{FindLaterLog, c.others.logs, "a log backup that is later than the end of the chain", true},
	} {
		for _, k := range list.sets {
			if c.isLater(k.set, list.isLog) {
				c.addLSN(k.set, Finding{ID: list.id, Severity: Warning, File: k.name,
					Summary: fmt.Sprintf("it is %s: it ends at LSN %s, and %q ends at %s", list.what, k.set.LastLSN, c.name, c.lsn)})
			}
		}
	}
}

// isLater: of the same database, ends after the chain, and, for a log, of the
// same history or one that left it no earlier than its end.
func (c *checker) isLater(s *Set, isLog bool) bool {
	if s.FamilyGUID != c.last.FamilyGUID || !c.lsn.Before(s.LastLSN) {
		return false
	}
	onFork := c.fork.IsZero() || s.RecoveryForkID == c.fork ||
		s.PreviousForkID == c.fork && !s.PreviousForkPointLSN.Before(c.lsn)
	return !isLog || onFork
}

// newerFull says once that a later full than that of the chain was current
// when a log was taken. The chain is valid all the same.
func (c *checker) newerFull(name string, s *Set) {
	if c.full == nil || c.saidNewer || s.Provisional || c.full.Provisional || !c.full.CheckpointLSN.Before(s.DatabaseBackupLSN) {
		return
	}
	c.saidNewer = true
	c.add(Finding{ID: FindNewerFull, Severity: Info, File: name,
		Summary: fmt.Sprintf("a full backup newer than %q existed when it was taken, set GUID %s%s: the chain does not need it", c.fullName, s.DatabaseBackupGUID, c.others.named(s.DatabaseBackupGUID))})
}
