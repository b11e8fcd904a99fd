// Package ledger is the append-only log of each chain of a migration: which
// creates were about to be sent, and what came of them. An event is durable
// before Append returns, and an append succeeds only if its writer has read all
// events before it.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
)

// Kind says what an event records.
type Kind string

// The kinds of events, and the type of their Data.
const (
	Opened       Kind = "opened"    // OpenedData: the chain's identity, before its first intent
	Closed       Kind = "closed"    // ClosedData: a higher generation has taken over
	Intent       Kind = "intent"    // IntentData: a create is about to be sent
	Unsent       Kind = "unsent"    // OutcomeData: DRS did not take the create
	Throttled    Kind = "throttled" // OutcomeData: too many requests; DRS did not take the create
	Refused      Kind = "refused"   // OutcomeData: DRS refused what the create asks for
	Accepted     Kind = "accepted"  // OutcomeData: DRS gave a job id
	Adopted      Kind = "adopted"   // OutcomeData: a job on the target was compared and is this step's
	Absent       Kind = "absent"    // OutcomeData: there is evidence that DRS made no job
	Answered     Kind = "answered"  // OutcomeData: DRS answered, but not whether it made a job
	Searched     Kind = "searched"  // SearchedData: one complete listing, to find the job of a create in doubt
	JobSucceeded Kind = "succeeded" // FinishedData
	JobFailed    Kind = "failed"    // FinishedData
	Missing      Kind = "missing"   // SightData: DRS no longer knows a job; the first such answer
	Found        Kind = "found"     // SightData: DRS shows the job again
	Unknown      Kind = "unknown"   // SightData: DRS shows a status that is not documented; the first such answer
	Checked      Kind = "checked"   // CheckedData: a listing after the cutover showed no second job of this chain
	Moved        Kind = "moved"     // MovedData: the ledger is on another database server, which may lack the newest events
	Decision     Kind = "decision"  // DecisionData: what a person decided, and why
)

// Event is one row of the log.
type Event struct {
	Chain   string // 16 hex digits
	Seq     int64  // 1 for the first event of a chain; the order of events, whatever the clocks say
	At      time.Time
	Kind    Kind
	Step    int    // 1 for the full backup; 0 where the event is about the chain
	Attempt int    // 1 for the first; 0 where Step is 0
	Run     string // the process that wrote it
	Data    json.RawMessage
	Prev    string // Hash of the event before; "" for the first
	Hash    string // 64 hex digits over all of the above

	decoded *decodedData // nil for an event of a database
}

// Head is the newest event that a writer has read; zero for an empty chain.
type Head struct {
	Seq  int64
	Hash string
}

// seal sets the fields that depend on the place of the event in its chain.
func (e Event) seal(h Head) Event {
	e.Seq, e.Prev = h.Seq+1, h.Hash
	e.At = e.At.UTC().Truncate(time.Microsecond)
	e.Hash = e.digest()
	return e
}

// digest hashes every field but Hash, as a JSON array: no two events have the
// same text.
func (e Event) digest() string {
	hash, _ := e.digestIn(make([]byte, 0, 512+2*len(e.Data)))
	return hash
}

// digestIn is digest, in a buffer whose content is overwritten. It returns the buffer,
// which may have grown, for the next event.
func (e Event) digestIn(b []byte) (hash string, buffer []byte) {
	b = appendJSON(append(b[:0], '['), e.Chain)
	b = strconv.AppendInt(append(b, ','), e.Seq, 10)
	b = append(e.At.AppendFormat(append(b, ',', '"'), timeLayout), '"')
	b = appendJSON(append(b, ','), string(e.Kind))
	b = strconv.AppendInt(append(b, ','), int64(e.Step), 10)
	b = strconv.AppendInt(append(b, ','), int64(e.Attempt), 10)
	b = appendJSON(append(b, ','), e.Run)
	b = appendJSON(append(b, ','), string(e.Data))
	b = appendJSON(append(b, ','), e.Prev)
	b = append(b, ']')
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), b
}

// appendJSON appends a string as json.Marshal writes it. Quotes and backslashes
// are nearly all that it escapes in an event; for the rest it is slow.
func appendJSON(b []byte, s string) []byte {
	start, copied := len(b), 0
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(append(b, s[copied:i]...), '\\')
			copied = i
		case c < ' ' || c >= 0x7f || c == '<' || c == '>' || c == '&':
			quoted, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always marshals
			}
			return append(b[:start], quoted...)
		}
	}
	return append(append(b, s[copied:]...), '"')
}

// timeLayout is how a time is stored and hashed: UTC, to the microsecond.
const timeLayout = "2006-01-02T15:04:05.000000Z"
