package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// place is where a stop happened.
type place struct {
	file  string
	plan  *plan.Plan
	steps []plan.Step
	state *ledger.State
	// ledgerPath is the file of the ledger that this run reads.
	ledgerPath string
	// settings are the flags of this run; commands to be pasted repeat them.
	settings settings
	// keys are the keys given to this run.
	keys executor.Keys
	// proxy is the variable that names the proxy, "" for none.
	proxy string
	// again is the command line of this run, where it is not apply.
	again string
	// unread: the ledger could not be read, so state says nothing.
	unread bool
	// looked: a command that only reads stopped here.
	looked bool
	// rehearsed: nothing real was touched, and no command may touch it now.
	rehearsed bool
	// onlineBefore: another chain has cut over on one of the databases.
	onlineBefore bool
	// seededBy is another chain that worked on one of the databases, nil for none.
	seededBy *executor.Owner
	// shared is another plan that has one of the databases too, in an old ledger.
	shared *executor.Owner
}

// setChain keeps what the ledger says about the plan.
func (at *place) setChain(c *executor.Chain) {
	at.state, at.onlineBefore = c.State, c.OnlineBefore(at.plan)
	at.seededBy, at.shared = c.SeededBy(at.plan), c.Shared(at.plan)
}

// overwriteKey reports whether a step needs the key to overwrite.
func (at place) overwriteKey(s plan.Step) bool {
	return executor.Facts{Steps: at.steps, State: at.state, OnlineBefore: at.onlineBefore}.OverwriteKey(s)
}

// sent is a step as it was sent: a marker that came too late was no part of it,
// and one that was taken away since was.
func (at place) sent(s plan.Step) plan.Step {
	st := at.state.Step(s.Seq)
	if !st.State.Sent() || st.ChainSHA256 == "" {
		return s
	}
	s.Last = st.Last
	if st.ChainSHA256 == s.OpenSHA256 {
		s.ChainSHA256 = s.OpenSHA256
	}
	return s
}

// cutOver is the step that was sent as the last backup, 0 for none.
func (at place) cutOver() int {
	for i, st := range at.state.Steps {
		if st.State.Sent() && st.Last {
			return i + 1
		}
	}
	return 0
}

// command is a command line to be pasted: about the same plan, the same ledger
// and the same DRS as this run. A file name is one word, and no flag.
func (at place) command(verb, rest string) string {
	file := at.file
	if file == "" { // of a plan that is known by its name only
		file = "PLAN"
	}
	if strings.HasPrefix(file, "-") {
		file = "./" + file
	}
	line := "migplan " + verb + " " + word(file)
	if rest != "" {
		line += " " + rest
	}
	return line + at.settings.repeated(verb)
}

// repeated are the flags given to this run that a command of this name takes
// and that must not change on the way to it.
func (s settings) repeated(verb string) string {
	ledger, remote := verb != "whoami", slices.Contains([]string{"apply", "adopt", "resolve", "whoami", "close"}, verb)
	var b strings.Builder
	for _, f := range []struct {
		takes       bool
		name, value string
	}{{ledger, "ledger", s.ledger}, {remote, "endpoint", s.endpoint}, {remote, "ca-file", s.caFile}} {
		if f.takes && f.value != "" {
			fmt.Fprintf(&b, " --%s %s", f.name, word(f.value))
		}
	}
	return b.String()
}

// adoptCommand says that a job is the step's.
func adoptCommand(at place, seq int, jobID string) string {
	step := "STEP"
	if seq > 0 {
		step = fmt.Sprint(seq)
	}
	return at.command("adopt", fmt.Sprintf("%s %s --reason TEXT", step, word(jobID)))
}

// closeCommand ends the chain of another plan.
func closeCommand(at place, name string) string {
	return "migplan close --name " + word(name) + " --reason TEXT" + at.settings.repeated("close")
}

// ignoreCommand says that a job is of no concern.
func ignoreCommand(at place, jobID string) string {
	return at.command("resolve", fmt.Sprintf("--ignore-job %s --reason TEXT", word(jobID)))
}

// word is one word for a shell, whoever wrote it: an id comes from the server.
func word(s string) string { return plan.ShellWord(clean(s)) }
