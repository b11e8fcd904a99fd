// Package executor sends the steps of a plan to DRS, each at most once and
// each after the step before it succeeded. Pure functions of values decide
// what to do next (Next, decideDoubt, guard); the rest acts on their
// decisions.
package executor

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

// Change is one thing that a pass did or learnt.
type Change struct {
	Step    int
	What    string // "submitted", "adopted", "succeeded", "failed", "refused", "absent"
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
	// JobStatus is what DRS showed of the running job, in its words; "" if the
	// pass did not ask.
	JobStatus string
}
