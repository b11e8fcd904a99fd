// Package executor sends the steps of a plan to DRS, each at most once and
// each after the step before it succeeded. Pure functions of values decide
// what to do next (Next, decideDoubt, guard); the rest acts on their
// decisions.
package executor

import "github.com/migplan/migplan/pkg/ledger"

// Sent says whether a pass may have created a job.
type Sent string

// The values of Sent.
const (
	SentNo    Sent = "no"
	SentYes   Sent = "yes"
	SentMaybe Sent = "maybe"
)

// And is the Sent of two passes of one run together.
func (s Sent) And(other Sent) Sent {
	for _, most := range []Sent{SentYes, SentMaybe} {
		if s == most || other == most {
			return most
		}
	}
	return SentNo
}

// ChangeKind says what a pass or a decision did or learnt. The words are part of
// the output of apply as JSON.
type ChangeKind string

// Changes that a pass makes or finds.
const (
	ChangeSubmitted ChangeKind = "submitted"                     // the step was sent, and DRS gave a job id
	ChangeRefused   ChangeKind = ChangeKind(ledger.Refused)      // DRS refused the request
	ChangeAdopted   ChangeKind = ChangeKind(ledger.Adopted)      // a job was found, and is the step's
	ChangeAbsent    ChangeKind = ChangeKind(ledger.Absent)       // the request in doubt created no job
	ChangeSucceeded ChangeKind = ChangeKind(ledger.JobSucceeded) // by its job, or a person says so
	ChangeFailed    ChangeKind = ChangeKind(ledger.JobFailed)    // by its job, or a person says so
)

// Changes that a person decided.
const (
	ChangeRetry      ChangeKind = ledger.Retry
	ChangeNotCreated ChangeKind = ledger.NotCreated
	ChangeIgnoreJob  ChangeKind = ledger.IgnoreJob
	ChangeRecognize  ChangeKind = ledger.Recognize
	ChangeHold       ChangeKind = ledger.Hold
	ChangeRelease    ChangeKind = ledger.Release
	ChangeClose      ChangeKind = ledger.Close
)

// Change is one thing that a pass did or learnt.
type Change struct {
	Step    int
	What    ChangeKind
	JobName string
	JobID   string
	// NotCompared names what DRS does not show of an adopted job, so that
	// it could not be compared with the step.
	NotCompared []Value
}

// Result is the outcome of a pass over one plan.
type Result struct {
	Stop
	Changes []Change
	Sent    Sent
	// Chain is the chain as the pass read it, nil if the pass could not read it or
	// has added events since.
	Chain *Chain
	// JobStatus is what DRS showed of the running job, in its words; "" if the
	// pass did not ask.
	JobStatus string
}
