// Package ledger is the append-only log of what was intended, sent and learnt
// for each chain of a migration. An event is durable before Append returns,
// and an append succeeds only on the history its writer has read.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Kind says what an event records.
type Kind string

// The kinds of events, and the type of their Data.
const (
	Opened       Kind = "opened"    // OpenedData: the chain's identity, before its first intent
	Closed       Kind = "closed"    // ClosedData: a higher generation has taken over
	Intent       Kind = "intent"    // IntentData: a create is about to be sent
	Unsent       Kind = "unsent"    // OutcomeData: known not to have been taken
	Throttled    Kind = "throttled" // OutcomeData: refused for its rate
	Refused      Kind = "refused"   // OutcomeData: refused for its content
	Accepted     Kind = "accepted"  // OutcomeData: DRS gave a job id
	Adopted      Kind = "adopted"   // OutcomeData: a listed job was compared and is this step's
	Absent       Kind = "absent"    // OutcomeData: shown by evidence not to have been taken
	Answered     Kind = "answered"  // OutcomeData: DRS answered, but what became of the create is open
	Searched     Kind = "searched"  // SearchedData: one complete listing made to settle a doubt
	JobSucceeded Kind = "succeeded" // FinishedData
	JobFailed    Kind = "failed"    // FinishedData
	Missing      Kind = "missing"   // SightData: the first look that did not know a job
	Found        Kind = "found"     // SightData: a later look that showed it again
	Unknown      Kind = "unknown"   // SightData: the first look that showed a status no page knows
	Checked      Kind = "checked"   // CheckedData: a listing after the cutover showed no second job of this chain
	Decision     Kind = "decision"  // DecisionData: what a person decided, and why
)

// Event is one row of the log.
type Event struct {
	Chain   string // 16 hex digits
	Seq     int64  // 1 for the first event of a chain; decides order, never a clock
	At      time.Time
	Kind    Kind
	Step    int    // 1 for the full backup; 0 where the event is about the chain
	Attempt int    // 1 for the first; 0 where Step is 0
	Run     string // the process that wrote it
	Data    json.RawMessage
	Prev    string // Hash of the event before; "" for the first
	Hash    string // 64 hex digits over all of the above
}

// Head is the newest event that a writer has read; zero for an empty chain.
type Head struct {
	Seq  int64
	Hash string
}

// seal fills in what an event owes to its place in the chain.
func (e Event) seal(h Head) Event {
	e.Seq, e.Prev = h.Seq+1, h.Hash
	e.At = e.At.UTC().Truncate(time.Microsecond)
	e.Hash = e.digest()
	return e
}

// digest hashes every field but Hash as a JSON array, whose strings cannot run
// into each other.
func (e Event) digest() string {
	b, err := json.Marshal([]any{
		e.Chain, e.Seq, e.At.Format(timeLayout), e.Kind, e.Step, e.Attempt, e.Run, string(e.Data), e.Prev,
	})
	if err != nil {
		panic(err) // strings and integers always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// timeLayout is how a time is stored and hashed: UTC, to the microsecond.
const timeLayout = "2006-01-02T15:04:05.000000Z"
