// Package alerts tells other systems how a run ended: a dead man's switch, a
// webhook and a metrics file. Nothing here decides what is sent to DRS, and no
// failure here changes how a run ends.
package alerts

import "time"

// Plan is what alerts say of one plan after a pass. Times are zero where there is
// no such event. docs/alerts.md describes the JSON.
type Plan struct {
	Name       string `json:"plan"`
	Generation int    `json:"generation"`
	Chain      string `json:"chain"`
	File       string `json:"file"`
	Ledger     string `json:"ledger"`
	State      string `json:"state"`            // as status prints it: "catching up", "blocked", ...
	Exit       string `json:"exit"`             // the word of the exit code
	Code       int    `json:"code"`             // the exit code
	Reason     string `json:"reason,omitempty"` // why the pass ended, "" after a plan that could not be read
	Step       int    `json:"step,omitempty"`   // 0 where it is about no step
	Steps      int    `json:"steps"`            // how many the plan has
	Succeeded  int    `json:"succeeded"`        // how many of them DRS has restored
	What       string `json:"what,omitempty"`   // in words
	Next       string `json:"next,omitempty"`   // what to do about it

	PassedAt     time.Time `json:"passed_at"`             // the end of the pass
	SubmittedAt  time.Time `json:"submitted_at,omitzero"` // of the step that it is about, or else of the running step
	RestoredAt   time.Time `json:"restored_at,omitzero"`  // the end of the last step that succeeded
	RunningSince time.Time `json:"-"`                     // when the running step was submitted
}

// Situation identifies the state that a webhook was told of. While it stays the
// same, nothing is sent again.
type Situation struct {
	State  string `json:"state"`
	Exit   string `json:"exit"`
	Reason string `json:"reason,omitempty"`
	Step   int    `json:"step,omitempty"`
}

// Situation of the plan. A chain that moves on by itself, from backup to backup, is
// in the same situation: that is no news.
func (p Plan) Situation() Situation {
	s := Situation{State: p.State, Exit: p.Exit}
	if s.State == "waiting for the next backup" {
		s.State = "catching up"
	}
	if p.Code != 0 {
		s.Reason, s.Step = p.Reason, p.Step
	}
	return s
}
