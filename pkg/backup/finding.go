package backup

// Severity says how bad a finding is.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // a restore of these files fails, or restores something else
	Warning Severity = "warning" // it may fail, or could not be checked
	Info    Severity = "info"    // it is as it should be, and worth knowing
)

// Finding is what CheckChain has to say about one file.
type Finding struct {
	ID       ID       `json:"id"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Message  int      `json:"message,omitempty"` // number of SQL Server's error in a restore; 0 where there is none or it is not known
	Summary  string   `json:"summary"`           // what is wrong, a sentence without a full stop
	Action   string   `json:"action,omitempty"`  // what to do about it
}

// ID names a kind of finding. IDs do not change.
type ID string

// What is wrong with a file.
const (
	FindNotBackup      ID = "not-a-backup"     // 3241
	FindEmpty          ID = "empty"            // 3254
	FindTruncated      ID = "truncated"        // 3203
	FindTrailing       ID = "trailing-bytes"   // it is longer than its header says
	FindDamagedFile    ID = "damaged-file"     // 3241
	FindEncrypted      ID = "encrypted"        // 33111
	FindUnreadable     ID = "unreadable"       // a restore may work
	FindIncomplete     ID = "incomplete"       // the end could not be read, though the file ends as it should
	FindProvisional    ID = "provisional"      // LSNs from the front only
	FindSeveralSets    ID = "several-sets"     // and no position was given
	FindNoSuchSet      ID = "no-such-set"      // no set at that position
	FindStriped        ID = "striped"          // all stripes are there
	FindStripeMissing  ID = "stripe-missing"   // 3132
	FindMediaPassword  ID = "media-password"   // 3279
	FindWrongDatabase  ID = "wrong-database"   // another name than asked for
	FindNewerVersion   ID = "newer-version"    // 3169
	FindDamaged        ID = "damaged"          // 3182
	FindMetadata       ID = "missing-metadata" // HasIncompleteMetaData
	FindPartial        ID = "partial"          // a file or partial backup
	FindImpossibleLSNs ID = "impossible-lsns"  // it ends before it begins
)

// What is wrong with its place in the chain.
const (
	FindNoFull            ID = "no-full"         // 3117
	FindSecondFull        ID = "second-full"     // the chain starts again
	FindWrongFamily       ID = "wrong-family"    // 3154
	FindRenamed           ID = "renamed"         // the database had another name
	FindLogMissing        ID = "log-missing"     // 4305
	FindChainBroken       ID = "chain-broken"    // 4305
	FindLogTooEarly       ID = "log-too-early"   // 4326
	FindAddsNothing       ID = "adds-nothing"    // it ends where the one before does
	FindEmptyLog          ID = "empty-log"       // it has no record
	FindOverlap           ID = "overlap"         // it begins before the one before ends
	FindSimple            ID = "simple-recovery" // no log backup can follow
	FindFork              ID = "fork"            // 4330
	FindForkInside        ID = "fork-inside"     // it spans the fork point
	FindDifferential      ID = "differential"    // not accepted
	FindWrongFull         ID = "wrong-full"      // 3136
	FindCopyOnlyBase      ID = "copy-only-base"  // 3136
	FindDiffTooEarly      ID = "differential-too-early"
	FindBulkLogged        ID = "bulk-logged"    // 4341
	FindTailLog           ID = "tail-log"       // the last log backup of the source
	FindAfterTailLog      ID = "after-tail-log" // and something follows it
	FindNewerFull         ID = "newer-full"     // a full later than that of the chain
	FindLaterLog          ID = "later-log"      // a log that continues the chain
	FindLaterDifferential ID = "later-differential"
)

// Grade says how far the header of a file can be trusted.
type Grade string

// The grades.
const (
	Proved      Grade = "proved"      // the final header of a whole file
	Provisional Grade = "provisional" // the header written when the backup started, or a file whose end was not found
	Unreadable  Grade = "unreadable"
)

// Backup is a file in a chain: what Read gave for it.
type Backup struct {
	Name     string // as findings name it: an object key, a path
	Media    *Media // nil where Err is not
	Err      error
	Position int // of the set to restore; 0 is the only one
}

// Set is the backup set to restore, nil where there is none.
func (b Backup) Set() *Set {
	if b.Err != nil || b.Media == nil {
		return nil
	}
	for i := range b.Media.Sets {
		s := &b.Media.Sets[i]
		if b.Position == 0 || s.Position == b.Position {
			return s
		}
	}
	return nil
}

// Grade is how far its header can be trusted.
func (b Backup) Grade() Grade {
	s := b.Set()
	switch {
	case s == nil:
		return Unreadable
	case s.Provisional || !b.Media.Complete:
		return Provisional
	}
	return Proved
}
