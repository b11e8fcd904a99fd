package backup

import (
	"fmt"
	"strings"
)

// Options are what CheckChain cannot know from the chain itself.
type Options struct {
	Database           string   // the name that the database must have; "" is any
	TargetMajor        int      // major version of the server that restores, 16 for 2022; 0 is unknown
	AcceptDifferential bool     // differentials may be in the chain
	AcceptStripes      bool     // a backup striped over several files may be in the chain
	WithoutFull        bool     // the chain may begin with a log: what comes before it is not at hand
	Others             []Backup // other files that are known: to name what is missing, and what is newer
}

// CheckChain checks that the files, restored in this order WITH NORECOVERY,
// are a chain: a full, then logs, each continuing the one before. It looks at
// nothing but its arguments. Stripes of one backup follow one another.
//
// No error finding, and every file graded Proved, is a proof of what the
// headers can prove: not that the data pages are whole. A finding that rests
// on provisional LSNs is a warning at most.
func CheckChain(chain []Backup, o Options) []Finding {
	c := &checker{options: o, others: indexOthers(o.Others), isUnknown: o.WithoutFull}
	for len(chain) > 0 {
		n := stripesAt(chain)
		c.family(chain[:n])
		if b := chain[0]; c.file(b) {
			c.set(b, b.Set())
		} else {
			c.isUnknown = true
		}
		chain = chain[n:]
	}
	c.newer()
	return c.findings
}

// checker is the state of the database that is restored, and what was found.
type checker struct {
	options  Options
	others   others
	findings []Finding

	full, last     *Set   // the full, and what was restored last
	fullName, name string // of their files
	lsn            LSN    // up to which the database is restored
	fork           GUID
	isUnknown      bool // what was restored last could not be read
	isUncertain    bool // lsn is provisional
	saidNewer      bool
	seen           map[GUID]string
}

func (c *checker) add(f Finding) { c.findings = append(c.findings, f) }

// addLSN adds a finding that follows from LSNs. Provisional ones prove
// nothing, neither good nor bad.
func (c *checker) addLSN(s *Set, f Finding) {
	if (c.isUncertain || s.Provisional) && f.Severity == Error {
		f.Severity = Warning
		f.Summary += " (by provisional LSNs, which may be wrong)"
	}
	c.add(f)
}

// set takes one readable backup set into the chain.
func (c *checker) set(b Backup, s *Set) {
	c.header(b.Name, s)
	switch s.BackupType {
	case Full:
		c.startFull(b.Name, s)
	case Differential:
		c.differential(b.Name, s)
	case Log:
		c.log(b.Name, s)
	default:
		c.add(Finding{ID: FindPartial, Severity: Error, File: b.Name,
			Summary: fmt.Sprintf("it is a %s backup: it restores a part of the database, and its place in a chain is not checked", s.BackupType),
			Action:  "use a full backup of the whole database"})
	}
}

// restored moves the database to the end of s.
func (c *checker) restored(name string, s *Set) {
	c.last, c.name, c.lsn = s, name, s.LastLSN
	c.isUnknown, c.isUncertain = false, s.Provisional
	if !s.RecoveryForkID.IsZero() {
		c.fork = s.RecoveryForkID
	}
}

func (c *checker) startFull(name string, s *Set) {
	if c.last != nil {
		c.add(Finding{ID: FindSecondFull, Severity: Error, File: name,
			Summary: fmt.Sprintf("it is a second full backup: the chain that began with %q ends before it", c.fullName),
			Action:  "start a chain of its own with it, or remove it"})
		c.sameFamily(name, s)
	}
	if s.RecoveryModel == Simple {
		c.add(Finding{ID: FindSimple, Severity: Warning, File: name,
			Summary: "the database used the SIMPLE recovery model: no log backup can follow this full",
			Action:  "for a chain with logs, change to the FULL recovery model and take another full backup"})
	}
	c.full, c.fullName = s, name
	c.restored(name, s)
}

// hasFull reports a chain that does not begin with a full.
func (c *checker) hasFull(name string, s *Set) bool {
	if c.last != nil || c.isUnknown {
		return true
	}
	c.add(Finding{ID: FindNoFull, Severity: Error, File: name, Message: 3117,
		Summary: fmt.Sprintf("it is a %s backup, and no full backup comes before it", s.BackupType),
		Action:  "put the full backup first" + c.others.named(s.DatabaseBackupGUID)})
	return false
}

// sameFamily reports a backup of another database.
func (c *checker) sameFamily(name string, s *Set) bool {
	if c.last == nil {
		return true
	}
	if s.FamilyGUID != c.last.FamilyGUID {
		c.add(Finding{ID: FindWrongFamily, Severity: Error, File: name, Message: 3154,
			Summary: fmt.Sprintf("it is of another database: %q, family %s; the chain is of %q, family %s", s.DatabaseName, s.FamilyGUID, c.last.DatabaseName, c.last.FamilyGUID),
			Action:  "use the backup of the same database"})
		return false
	}
	if !strings.EqualFold(s.DatabaseName, c.last.DatabaseName) {
		c.add(Finding{ID: FindRenamed, Severity: Warning, File: name,
			Summary: fmt.Sprintf("the database is named %q in it, and %q in %q", s.DatabaseName, c.last.DatabaseName, c.name)})
	}
	return true
}

// differential: based on exactly this full, which must not be copy-only.
func (c *checker) differential(name string, s *Set) {
	if !c.options.AcceptDifferential {
		c.add(Finding{ID: FindDifferential, Severity: Error, File: name,
			Summary: "it is a differential backup",
			Action:  "use the log backups since the full in its place, or accept differentials"})
	}
	if !c.hasFull(name, s) || !c.sameFamily(name, s) {
		return
	}
	if c.full != nil && !c.rightBase(name, s) {
		return
	}
	if !c.isUnknown && s.LastLSN.Before(c.lsn) {
		c.addLSN(s, Finding{ID: FindDiffTooEarly, Severity: Error, File: name,
			Summary: fmt.Sprintf("it ends at LSN %s, before %q, which ends at %s: it adds nothing", s.LastLSN, c.name, c.lsn),
			Action:  "remove it"})
		return
	}
	c.onFork(name, s)
	c.restored(name, s)
}

func (c *checker) rightBase(name string, s *Set) bool {
	switch {
	case s.DifferentialBaseGUID != c.full.BackupSetGUID:
		c.add(Finding{ID: FindWrongFull, Severity: Error, File: name, Message: 3136,
			Summary: fmt.Sprintf("it is based on the full backup with the set GUID %s, and not on %q", s.DifferentialBaseGUID, c.fullName),
			Action:  "start the chain with that full backup" + c.others.named(s.DifferentialBaseGUID)})
		return false
	case c.full.Flags.Has(IsCopyOnly):
		c.add(Finding{ID: FindCopyOnlyBase, Severity: Error, File: name, Message: 3136,
			Summary: fmt.Sprintf("%q is a copy-only full backup, on which no differential can be based", c.fullName),
			Action:  "start the chain with the full backup that the differential is based on"})
		return false
	}
	return true
}
