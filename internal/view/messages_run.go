package view

import (
	"strconv"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// runMessages are for what ended a run early.
var runMessages = map[executor.Reason]message{
	executor.LockHeld: {
		What:  `another run is working on this target: {{.Err}}`,
		Tried: `starting a pass`,
		Known: `only one run at a time may work on a target; nothing was sent`,
		Next:  `let it finish, or wait for it: {{.AgainWith "--lock-wait 10m"}}`,
	},
	executor.LockLost: {
		What:  `the lock on this target was lost during the pass: {{.Err}}`,
		Tried: `starting {{.Step}}`,
		Known: `another run may be working on this target; nothing was sent`,
		Next:  `run it again: {{.Again}}`,
	},
	executor.NoServerDate: {
		What:  `DRS's answer has no Date header, so neither a window nor a pause that DRS asked for can be checked against its clock`,
		Known: `the window cannot be checked without the server's time; nothing was sent`,
		Next:  `run it again: {{.Again}}`,
	},
	executor.RaceLost: {
		What:  `other runs kept writing to the ledger first`,
		Tried: passesTried,
		Known: `what they did is in the ledger: {{.History}}`,
		Next:  `run it again: {{.Again}}`,
	},
	executor.TimeUp: {
		What:  `the --timeout has passed{{.Meanwhile}}`,
		Tried: passesTried,
		Known: endedKnown,
		Next:  `{{.FixFirst}}run it again: {{.Again}}`,
	},
	executor.Stopped: {
		What:  `stopped by a signal{{.Meanwhile}}`,
		Tried: passesTried,
		Known: endedKnown,
		Next:  `run it again: {{.Again}}`,
	},
	executor.Broken: {
		What:  `the final check before sending failed: {{.Err}}`,
		Known: `nothing was sent; this is a bug in migplan`,
		Next:  `keep the plan and the ledger, and report it`,
	},
}

const (
	passesTried = `passes over the plan, until this run ended early`

	endedKnown = `everything that had begun was finished and recorded; {{with .Running}}{{.}} continues in DRS{{else}}no job of this plan is running{{end}}`
)

// Running is the job that DRS works on, "" for none.
func (s stopped) Running() string {
	for i, st := range s.State.Steps {
		if st.State == ledger.StepRunning {
			return "job " + Clean(st.JobID) + " of " + s.stepName(i+1)
		}
	}
	return ""
}

// Meanwhile is what kept a run waiting until it ended early, where it is known.
func (s stopped) Meanwhile() string {
	if s.stop.Err == nil {
		return ""
	}
	return " while DRS gave no usable answer: " + s.Err()
}

// Stop is the stop itself.
func (s stopped) Stop() executor.Stop { return s.stop }

// NowSays are the files that the plan has now for a step that was sent with
// others, "" where they are the same.
func (s stopped) NowSays() string { return Clean(joinKeys(s.step(s.stop.Step).planned)) }

// NothingFollows is for an edit after the cutover, "" before it.
func (s stopped) NothingFollows() string {
	if n := s.cutOver(); n > 0 {
		return "; the cutover was submitted with step " + strconv.Itoa(n) + ", so nothing can follow"
	}
	return ""
}

// KeyOfOther tells a key of another plan from a missing one.
func (s stopped) KeyOfOther(key string) string {
	name, _, _ := strings.Cut(key, "@")
	if name == "" || name == s.Plan.Name {
		return ""
	}
	return "; the key given is for plan " + Clean(name)
}

// Overwriting names the step that overwrites databases.
func (s stopped) Overwriting() string {
	if s.stop.Step > 1 {
		return "step " + strconv.Itoa(s.stop.Step)
	}
	return "full backup"
}

// NotStored tells a person who gave the cutover's key before its window that
// the key has to be given again. A key that does not match ended the pass.
func (s stopped) NotStored() string {
	if s.Run.Keys.Cutover == "" || s.Plan.Cutover.Unattended {
		return ""
	}
	return "; the key matches but is not stored: give it again then, or use --wait"
}

// Window names the window of the cutover, "" for none.
func (s stopped) Window() string {
	c := s.Plan.Cutover
	if c == nil || c.NotBefore.IsZero() && c.NotAfter.IsZero() {
		return ""
	}
	note := "; its window"
	if !c.NotBefore.IsZero() {
		note += " begins " + c.NotBefore.Format(time.RFC3339)
	}
	if !c.NotBefore.IsZero() && !c.NotAfter.IsZero() {
		note += " and"
	}
	if !c.NotAfter.IsZero() {
		note += " ends " + c.NotAfter.Format(time.RFC3339)
	}
	return note
}
