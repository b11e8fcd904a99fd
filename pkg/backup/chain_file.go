package backup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// file checks what can be said of a file by itself. It reports false where
// there is no backup set to go on with.
func (c *checker) file(b Backup) bool {
	if b.Err != nil || b.Media == nil {
		c.unreadable(b)
		return false
	}
	m := b.Media
	if m.HasPassword {
		c.add(Finding{ID: FindMediaPassword, Severity: Warning, File: b.Name, Message: 3279,
			Summary: "it seems to have a media password", Action: "take the backup without MEDIAPASSWORD"})
	}
	c.complete(b)
	if b.Set() == nil {
		c.add(Finding{ID: FindNoSuchSet, Severity: Error, File: b.Name,
			Summary: fmt.Sprintf("it has no backup set at position %d", b.Position)})
		return false
	}
	if b.Position == 0 && len(m.Sets) > 1 {
		c.add(Finding{ID: FindSeveralSets, Severity: Error, File: b.Name,
			Summary: fmt.Sprintf("it has %d backup sets, and a restore takes the first", len(m.Sets)),
			Action:  "take each backup into a file of its own, WITH INIT"})
	}
	return true
}

func (c *checker) complete(b Backup) {
	switch m := b.Media; {
	case m.Complete:
	case m.Trailing > 0:
		c.add(Finding{ID: FindTrailing, Severity: Error, File: b.Name,
			Summary: "it is longer than its header says: " + m.Incomplete,
			Action:  "wait if another backup is being appended to it; otherwise copy it again"})
	case m.Missing > 0:
		c.add(Finding{ID: FindTruncated, Severity: Error, File: b.Name, Message: 3203,
			Summary: "it is shorter than its header says: " + m.Incomplete, Action: "copy it again"})
	case m.Truncated:
		c.add(Finding{ID: FindTruncated, Severity: Error, File: b.Name, Message: 3203,
			Summary: "it is not whole: " + m.Incomplete, Action: "wait until it is written, or copy it again"})
	default:
		c.add(Finding{ID: FindIncomplete, Severity: Warning, File: b.Name,
			Summary: "it could not be checked whole: " + m.Incomplete, Action: "check it with RESTORE VERIFYONLY"})
	}
	if s := b.Set(); s != nil && s.Provisional {
		c.add(Finding{ID: FindProvisional, Severity: Warning, File: b.Name,
			Summary: "only the header at its front could be read: its LSNs are provisional, and prove nothing"})
	}
}

// unreadable: what is certainly no backup is an error; what only this package
// cannot read is a warning.
func (c *checker) unreadable(b Backup) {
	err := b.Err
	if err == nil {
		err = unreadable(Damaged, "it was not read")
	}
	f := Finding{ID: FindUnreadable, Severity: Warning, File: b.Name, Summary: err.Error(),
		Action: "check it with RESTORE HEADERONLY: what is in it, and that the chain goes on through it, cannot be checked"}
	var told *UnreadableError
	if errors.As(err, &told) {
		told.finding(&f)
	}
	c.add(f)
}

func (e *UnreadableError) finding(f *Finding) {
	switch e.Reason {
	case Empty:
		f.ID, f.Severity, f.Message, f.Action = FindEmpty, Error, 3254, "wait until it is written, or copy it again"
	case NotBackup:
		f.ID, f.Severity, f.Message, f.Action = FindNotBackup, Error, 3241, "give the native backup file"
	case Truncated:
		f.ID, f.Severity, f.Message, f.Action = FindTruncated, Error, 3203, "wait until it is written, or copy it again"
	case Damaged:
		f.ID, f.Message = FindDamagedFile, 3241
	case Encrypted:
		f.ID, f.Message = FindEncrypted, 33111
		f.Action = "make sure that the target has its certificate: what is in it, and that the chain goes on through it, cannot be checked"
	}
}

// stripesAt is how many files at the beginning of chain are one backup.
func stripesAt(chain []Backup) int {
	n, first := 1, chain[0]
	if first.Media == nil || !first.Media.Striped() || first.Media.MediaSetID.IsZero() {
		return 1
	}
	for n < len(chain) && sameStripes(first, chain[n]) {
		n++
	}
	return n
}

func sameStripes(a, b Backup) bool {
	return b.Media != nil && b.Media.MediaSetID == a.Media.MediaSetID && b.Position == a.Position &&
		b.Media.FamilySequenceNumber != a.Media.FamilySequenceNumber
}

// family checks that all stripes of a backup are there.
func (c *checker) family(stripes []Backup) {
	first := stripes[0]
	if first.Media == nil || !first.Media.Striped() {
		return
	}
	missing := missingStripes(stripes)
	for _, b := range stripes[1:] {
		if c.complete(b); !sameSet(first.Set(), b.Set()) {
			c.add(Finding{ID: FindStripeMissing, Severity: Error, File: b.Name, Message: 3132,
				Summary: fmt.Sprintf("it is of the same media set as %q, but of another backup", first.Name)})
		}
	}
	if len(missing) > 0 {
		c.add(Finding{ID: FindStripeMissing, Severity: Error, File: first.Name, Message: 3132,
			Summary: fmt.Sprintf("it is stripe %d of %d of media set %s, and stripe %s is not there", first.Media.FamilySequenceNumber, first.Media.FamilyCount, first.Media.MediaSetID, strings.Join(missing, ", ")),
			Action:  "take the backup into one file" + c.others.stripes(first.Media)})
	} else if !c.options.AcceptStripes {
		c.add(Finding{ID: FindStriped, Severity: Error, File: first.Name,
			Summary: fmt.Sprintf("it is striped over %d files", first.Media.FamilyCount),
			Action:  "take the backup into one file"})
	}
}

func sameSet(a, b *Set) bool {
	return a != nil && b != nil && a.BackupSetGUID == b.BackupSetGUID
}

// missingStripes are their numbers; of many, the first few.
func missingStripes(stripes []Backup) []string {
	var there []int
	for _, b := range stripes {
		there = append(there, b.Media.FamilySequenceNumber)
	}
	slices.Sort(there)
	var out []string
	for n := 1; n <= stripes[0].Media.FamilyCount; n++ {
		if _, ok := slices.BinarySearch(there, n); ok {
			continue
		}
		if len(out) == 8 {
			return append(out, "and others")
		}
		out = append(out, fmt.Sprint(n))
	}
	return out
}

// header checks what can be said of a backup set by itself.
func (c *checker) header(name string, s *Set) {
	if want := c.options.Database; want != "" && !strings.EqualFold(want, s.DatabaseName) {
		c.add(Finding{ID: FindWrongDatabase, Severity: Error, File: name, Message: 3154,
			Summary: fmt.Sprintf("it is a backup of database %q, not of %q", s.DatabaseName, want)})
	}
	if target := c.options.TargetMajor; target > 0 && s.SoftwareVersionMajor > target {
		c.add(Finding{ID: FindNewerVersion, Severity: Error, File: name, Message: 3169,
			Summary: fmt.Sprintf("it was taken by version %d.%d.%d, and the target is version %d", s.SoftwareVersionMajor, s.SoftwareVersionMinor, s.SoftwareVersionBuild, target),
			Action:  "restore to the same or a newer version"})
	}
	if s.LastLSN.Before(s.FirstLSN) {
		c.addLSN(s, Finding{ID: FindImpossibleLSNs, Severity: Error, File: name,
			Summary: fmt.Sprintf("its header is damaged: it begins at LSN %s and ends at %s", s.FirstLSN, s.LastLSN)})
	}
	c.damage(name, s)
}

func (c *checker) damage(name string, s *Set) {
	if s.Flags.Has(IsDamaged) {
		c.add(Finding{ID: FindDamaged, Severity: Error, File: name, Message: 3182,
			Summary: "the database was damaged when it was taken (CONTINUE_AFTER_ERROR)",
			Action:  "repair the database and take another backup"})
	}
	if s.Flags.Has(HasIncompleteMetaData) {
		c.add(Finding{ID: FindMetadata, Severity: Warning, File: name,
			Summary: "it has incomplete metadata: data files of the database were missing or damaged when it was taken"})
	}
}
