// Package view is everything that migplan shows. Migration says of one plan
// what it says, what was sent, its state and what comes next; text,
// Markdown and JSON are renderings of it. Every message about a plan is in this
// package; cmd/migplan has those about flags, settings and access to a bucket. All
// have one style: no capital at the start, no full stop at the end; what happened,
// then what to do.
package view

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Migration is one plan as a command sees it.
type Migration struct {
	// What it says.
	File        string
	InSubfolder bool       // of a folder that the command was given
	Plan        *plan.Plan // nil if the file is not valid
	Diagnostics []plan.Diagnostic

	// What was sent, and where it stands, from the ledger.
	LedgerFolder string
	LedgerFile   string // "" if there is no ledger yet
	Unread       bool   // the ledger could not be read: State is empty
	State        ledger.State
	KnowsPlan    bool            // the ledger holds an event of the plan, in any generation
	OnlineBefore bool            // another chain has cut over on one of the databases
	SeededBy     *executor.Owner // another chain that worked on one of the databases; nil: none
	LeftBy       *executor.Left  // another chain that worked last on one of them; nil: this one did, or none
	Shared       *executor.Owner // another plan that has one of the databases too, in an old ledger

	// What comes next: how the last pass, preview or decision ended.
	Result executor.Result
	// Setup is why no pass could be made, with its class; nil: one could.
	Setup *SetupError
	// LastPass is the last pass as it was recorded; nil: none was.
	LastPass *LastPass
	said     *Explanation // of the last pass, while it stands

	// Against is the version that the plan is compared with; nil: none.
	Against *Against

	// Lock is what the plan's lock says of its files; nil: there is none.
	// LockProblem is why it cannot be used.
	Lock        *verify.Lock
	LockProblem error

	Run Run
}

// SetupError is why a plan could not be run at all: no endpoint or no
// credentials.
type SetupError struct {
	Class  executor.Class
	Err    error
	Remedy string
	// Looked are the places that were searched, with what was found in each.
	Looked []string
}

// Run is how the command was called that shows a plan.
type Run struct {
	Flags Flags
	Keys  executor.Keys
	// Proxy is the environment variable that names the proxy, "" for none.
	Proxy string
	// Again is the command line of this run, where it is not apply.
	Again string
	// Reads: the command only reads.
	Reads bool
	// Rehearsal: nothing real was touched, and no command may touch it now.
	Rehearsal bool
}

// Valid reports whether the plan's file could be loaded.
func (m *Migration) Valid() bool { return m.Plan != nil }

// notBegun reports whether apply leaves the plan out when it is given the folder
// above: its chain has no event.
func (m *Migration) notBegun() bool {
	return m.InSubfolder && !m.Unread && m.State.Head == (ledger.Head{})
}

// Class is how the run ended for this plan.
func (m *Migration) Class() executor.Class {
	switch {
	case !m.Valid():
		return executor.Invalid
	case m.Setup != nil:
		return m.Setup.Class
	}
	return m.Result.Class()
}

// SetChain takes over what the ledger says about the plan.
func (m *Migration) SetChain(c *executor.Chain) {
	m.State, m.OnlineBefore, m.Unread = *c.State, c.OnlineBefore(m.Plan), false
	m.SeededBy, m.Shared, m.KnowsPlan = c.SeededBy(m.Plan), c.Shared(m.Plan), c.Knows(m.Plan)
	m.LeftBy = c.LeftBy(m.Plan)
}

// unknownHere reports whether there is a ledger that no pass over the plan and no
// decision has used.
func (m *Migration) unknownHere() bool {
	return m.LedgerFile != "" && !m.Unread && !m.KnowsPlan && m.LastPass == nil
}

// Open reports whether a step has not succeeded yet.
func (m *Migration) Open() bool {
	for _, s := range m.Plan.Steps {
		if m.State.Step(s.Seq).State != ledger.StepSucceeded {
			return true
		}
	}
	return false
}

// stepName is "step 2 of 3 (incremental LOG/ims_log1.bak)".
func (m *Migration) stepName(seq int) string {
	if s := m.step(seq); s.inPlan {
		return fmt.Sprintf("step %d of %d (%s %s)", seq, len(m.Plan.Steps), s.Backup.Type, strings.Join(s.Backup.Keys, ", "))
	}
	return fmt.Sprintf("step %d", seq)
}

// cutOver is the step that was sent as the last backup, 0 for none.
func (m *Migration) cutOver() int {
	for i, st := range m.State.Steps {
		if st.State.Sent() && st.Last {
			return i + 1
		}
	}
	return 0
}

// confirmation is the NAME@HASH that an act of a step needs, "" where it needs
// none.
func (m *Migration) confirmation(seq int, act plan.Act) string {
	steps := m.Plan.Steps
	if seq < 1 || seq > len(steps) {
		return ""
	}
	s := steps[seq-1]
	needed := executor.Facts{Steps: steps, State: &m.State, OnlineBefore: m.OnlineBefore}.OverwriteKey(s)
	if act == plan.ActCutover {
		needed = s.Last && !m.Plan.Cutover.Unattended
	}
	if !needed {
		return ""
	}
	return plan.Confirmation(steps, act, m.State.Step(seq).Attempt)
}

// needs are the flags that a step waits for.
func (m *Migration) needs(seq int) string {
	if m.State.Step(seq).State.Sent() {
		return ""
	}
	var flags []string
	for _, act := range []plan.Act{plan.ActOverwrite, plan.ActCutover} {
		if key := m.confirmation(seq, act); key != "" {
			flags = append(flags, "--confirm-"+string(act)+" "+key)
		}
	}
	return strings.Join(flags, " ")
}
