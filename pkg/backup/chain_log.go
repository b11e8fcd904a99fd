package backup

import "fmt"

// log: it must begin at or before the place that the database is restored to,
// and end after it.
func (c *checker) log(name string, s *Set) {
	if !c.hasFull(name, s) || !c.sameFamily(name, s) || c.isTwice(name, s) {
		return
	}
	c.logFlags(name, s)
	if c.isUnknown {
		c.restored(name, s) // nothing to compare with
		return
	}
	switch {
	case c.lsn.Before(s.FirstLSN):
		c.gap(name, s)
		c.onFork(name, s)
	case s.LastLSN.Before(c.lsn):
		c.addLSN(s, Finding{ID: FindLogTooEarly, Severity: Error, File: name, Message: 4326,
			Summary: fmt.Sprintf("it ends at LSN %s, too early: the database is already at %s with %q, so it adds nothing", s.LastLSN, c.lsn, c.name),
			Action:  "remove it from the chain"})
		return
	default:
		c.onFork(name, s)
		c.continues(name, s)
	}
	c.newerFull(name, s)
	c.restored(name, s)
}

// continues: what is legal about a log, and worth saying.
func (c *checker) continues(name string, s *Set) {
	isFirst := c.last.BackupType != Log
	switch {
	case s.FirstLSN == s.LastLSN:
		c.addLSN(s, Finding{ID: FindEmptyLog, Severity: Info, File: name,
			Summary: "it is an empty log backup: nothing happened in the database since the one before"})
	case s.LastLSN == c.lsn && !isFirst:
		c.addLSN(s, Finding{ID: FindAddsNothing, Severity: Warning, File: name,
			Summary: fmt.Sprintf("it ends at LSN %s, as %q does: it adds nothing", s.LastLSN, c.name),
			Action:  "remove it, unless it is meant to be there"})
	case s.FirstLSN.Before(c.lsn) && !isFirst:
		c.addLSN(s, Finding{ID: FindOverlap, Severity: Info, File: name,
			Summary: fmt.Sprintf("it begins at LSN %s, before %q ends at %s: one of them is a copy-only log backup", s.FirstLSN, c.name, c.lsn)})
	}
}

// gap: the log begins after the place that the database is restored to.
func (c *checker) gap(name string, s *Set) {
	if c.last.RecoveryModel == Simple && c.last.BackupType != Log {
		c.addLSN(s, Finding{ID: FindSimple, Severity: Error, File: name, Message: 4305,
			Summary: fmt.Sprintf("it cannot follow %q, which was taken under the SIMPLE recovery model: the log chain began later, at LSN %s", c.name, s.LogChainStartLSN),
			Action:  "start with a full backup taken after the change to the FULL recovery model" + c.others.named(s.DatabaseBackupGUID)})
		return
	}
	if c.lsn.Before(s.LogChainStartLSN) {
		c.addLSN(s, Finding{ID: FindChainBroken, Severity: Error, File: name, Message: 4305,
			Summary: fmt.Sprintf("the log chain was broken after %q, which ends at LSN %s: the chain of this log began at %s", c.name, c.lsn, s.LogChainStartLSN),
			Action:  "no log backup can fill this: start with a full backup taken after it" + c.others.named(s.DatabaseBackupGUID)})
		return
	}
	c.addLSN(s, Finding{ID: FindLogMissing, Severity: Error, File: name, Message: 4305,
		Summary: fmt.Sprintf("a log backup between %q and it is missing: it begins at LSN %s, and the database is at %s", c.name, s.FirstLSN, c.lsn),
		Action:  c.missing(s)})
}

// missing describes the log backup that would fill a gap, and names it where
// it is among the others.
func (c *checker) missing(s *Set) string {
	text := fmt.Sprintf("add the log backup that begins at or before LSN %s", c.lsn)
	if at := c.last.BackupFinishDate; !at.IsZero() {
		text += fmt.Sprintf("; it was taken after %s", at)
	}
	if at := s.BackupStartDate; !at.IsZero() {
		text += fmt.Sprintf(" and before %s", at)
	}
	if name := c.others.covering(c.last, c.lsn); name != "" {
		return text + fmt.Sprintf(": %q is such a one", name)
	}
	guid := s.DatabaseBackupGUID
	if c.full != nil && !guid.IsZero() && guid != c.full.BackupSetGUID && s.DatabaseBackupLSN != c.full.CheckpointLSN {
		return text + fmt.Sprintf(". Or start with the full backup that was the last one when this log was taken, set GUID %s%s", guid, c.others.named(guid))
	}
	return text
}

// onFork: the log and what is restored must be of one history. A database that
// was restored and brought online elsewhere continued from the fork point.
func (c *checker) onFork(name string, s *Set) {
	if c.fork.IsZero() || s.RecoveryForkID.IsZero() || s.RecoveryForkID == c.fork {
		return
	}
	point := s.PreviousForkPointLSN
	switch {
	case s.PreviousForkID != c.fork:
		c.add(Finding{ID: FindFork, Severity: Error, File: name, Message: 4330,
			Summary: fmt.Sprintf("it is on recovery fork %s, and %q on %s: the two have different histories", s.RecoveryForkID, c.name, c.fork),
			Action:  "use backups of one history, from a full backup on"})
	case point.Before(c.lsn):
		c.addLSN(s, Finding{ID: FindFork, Severity: Error, File: name, Message: 4330,
			Summary: fmt.Sprintf("it is on a recovery fork that left the chain at LSN %s, and the chain is already at %s with %q", point, c.lsn, c.name),
			Action:  fmt.Sprintf("restore nothing behind LSN %s before it", point)})
	case c.lsn.Before(point):
		c.addLSN(s, Finding{ID: FindForkInside, Severity: Warning, File: name,
			Summary: fmt.Sprintf("the recovery fork changes inside it, at LSN %s: no such backup was seen yet, so the chain is not proved here", point)})
	}
}

// isTwice reports a backup set that is in the chain already.
func (c *checker) isTwice(name string, s *Set) bool {
	if c.seen == nil {
		c.seen = map[GUID]string{}
	}
	first, ok := c.seen[s.BackupSetGUID]
	if !ok {
		c.seen[s.BackupSetGUID] = name
	}
	if !ok || s.BackupSetGUID.IsZero() {
		return false
	}
	c.add(Finding{ID: FindAddsNothing, Severity: Warning, File: name,
		Summary: fmt.Sprintf("it is the same backup as %q", first), Action: "remove one of them"})
	return true
}

func (c *checker) logFlags(name string, s *Set) {
	if s.Flags.Has(HasBulkLoggedData) {
		c.add(Finding{ID: FindBulkLogged, Severity: Info, File: name, Message: 4341,
			Summary: "it has bulk-logged changes: a restore cannot stop at a point in time inside it"})
	}
	if c.last != nil && c.last.Flags.Has(IsTailLog) {
		c.add(Finding{ID: FindAfterTailLog, Severity: Warning, File: name,
			Summary: fmt.Sprintf("it follows %q, a tail-log backup, after which the source should have stopped", c.name),
			Action:  "make sure that the source was meant to go on"})
	}
	if s.Flags.Has(IsTailLog) {
		c.add(Finding{ID: FindTailLog, Severity: Info, File: name, Summary: "it is a tail-log backup"})
	}
}
