package ledger

import (
	"time"
)

// Step is what the ledger knows of one step.
type Step struct {
	State   StepState
	Attempt int // the current one, from 1

	Intent      IntentData // the newest one
	IntentSeq   int64      // 0: none
	IntentRun   string
	IntentAt    time.Time // after a retry, when the attempt before was sent
	ChainSHA256 string    // of what was sent last
	Last        bool

	JobID       string
	SubmittedAt time.Time
	FinishedAt  time.Time
	Status      string // the final status, as DRS spells it
	ErrorLog    string

	Answer    OutcomeData // the newest answer without a job
	Answered  bool        // the intent in doubt had a complete answer
	NotBefore time.Time   // no create before this, by the server's clock
	Searches  []SearchedData
	Absences  int // how often DRS was found to have made no job, in this attempt

	// AllJobIDs are the jobs that were ever this step's, of any attempt: a new
	// attempt is sent only when each of them is accounted for.
	AllJobIDs []string
	IsCover   *bool // adopted without an intent: as DRS showed it
}
