package view

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Commands to be pasted: they are about the same plan, the same ledger and the
// same DRS as the run that prints them.

// Flags are the flags of a run that commands to be pasted repeat, "" where not
// given.
type Flags struct{ Ledger, Endpoint, CAFile string }

// Command is a command line to be pasted. A file name is one word, and no flag.
func (m *Migration) Command(verb, rest string) string {
	file := m.File
	if file == "" { // of a plan that is known by its name only
		file = "PLAN"
	}
	if strings.HasPrefix(file, "-") {
		file = "./" + file
	}
	line := "migplan " + verb + " " + Word(file)
	if rest != "" {
		line += " " + rest
	}
	return line + m.Run.Flags.repeated(verb)
}

// repeated are the flags that a command of this name takes.
func (f Flags) repeated(verb string) string {
	ledger, remote := verb != "whoami", slices.Contains([]string{"apply", "adopt", "resolve", "whoami", "close"}, verb)
	var b strings.Builder
	for _, f := range []struct {
		takes       bool
		name, value string
	}{{ledger, "ledger", f.Ledger}, {remote, "endpoint", f.Endpoint}, {remote, "ca-file", f.CAFile}} {
		if f.takes && f.value != "" {
			fmt.Fprintf(&b, " --%s %s", f.name, Word(f.value))
		}
	}
	return b.String()
}

// again is the command line of this run, or apply.
func (m *Migration) again() string {
	if m.Run.Again != "" {
		return Clean(m.Run.Again)
	}
	return m.Command("apply", "")
}

// ignore says that a job does not matter to the plan.
func (m *Migration) ignore(jobID string) string {
	return m.Command("resolve", fmt.Sprintf("--ignore-job %s --reason TEXT", Word(jobID)))
}

// closeOther ends the chain of another plan.
func (m *Migration) closeOther(name string) string {
	return "migplan close --name " + Word(name) + " --reason TEXT" + m.Run.Flags.repeated("close")
}

// RebuildLedger is what to do about a broken ledger. A journal left in place
// would be rolled into the new file, so it is moved too.
func RebuildLedger(file, adopt string) string {
	move := "move the file away"
	if file != "" {
		move += ": " + moveAway(file)
		if _, err := os.Lstat(file + "-journal"); err == nil {
			move += " && " + moveAway(file+"-journal")
		}
	}
	return "stop all runners, " + move + "; wait 45 minutes; then " + adopt
}

// moveAway renames a file and overwrites no earlier copy.
func moveAway(file string) string {
	return "mv -i -- " + Word(file) + " " + Word(file+".broken")
}
