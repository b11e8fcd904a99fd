// Package executor carries a plan's steps to DRS, each at most once and each
// after its predecessor succeeded. What to do next is decided by pure
// functions of values (Next, Doubt); the rest acts and has no decision in it.
package executor

// Sent says whether a pass may have made a job.
type Sent string

// The values of Sent.
const (
	SentNo    Sent = "no"
	SentYes   Sent = "yes"
	SentMaybe Sent = "maybe"
)

// And is what two passes of one run come to together.
func (s Sent) And(other Sent) Sent {
	for _, most := range []Sent{SentYes, SentMaybe} {
		if s == most || other == most {
			return most
		}
	}
	return SentNo
}

// Change is one thing that a pass did or learnt, in order.
type Change struct {
	Step    int
	What    string // "submitted", "adopted", "succeeded", "failed", "refused", "absent"
	JobName string
	JobID   string
	// NotCompared is what DRS does not show of an adopted job, so that it could
	// not be compared with the step.
	NotCompared []string
}

// Result is the outcome of a pass over one plan.
type Result struct {
	Stop
	Changes []Change
	Sent    Sent
}
