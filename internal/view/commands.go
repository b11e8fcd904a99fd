package view

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/migplan/migplan/internal/lazy"
	"github.com/migplan/migplan/pkg/plan"
)

// Commands to be pasted: they are about the same plan, the same ledger and the
// same DRS as the run that prints them.

// Flags are the flags of a run that commands to be pasted repeat, "" where not
// given.
type Flags struct {
	Ledger, Endpoint, OBSEndpoint, CAFile string
	Wait                                  bool
}

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
	if m.isFirstDecision(verb, rest) {
		line += " --new"
	}
	return line + m.Run.Flags.repeated(verb)
}

// isFirstDecision reports whether a command records a decision in a ledger that
// holds nothing of the plan yet.
func (m *Migration) isFirstDecision(verb, rest string) bool {
	decides := slices.Contains([]string{"retry", "adopt", "resolve", "hold", "release"}, verb)
	return decides && !strings.HasPrefix(rest, "--all") && m.LedgerFile != "" && !m.Unread && m.State.Head.Seq == 0 && m.State.Held == nil
}

// repeated are the flags that a command of this name takes.
func (f Flags) repeated(verb string) string {
	ledger, remote := verb != "whoami" && verb != "lock", slices.Contains([]string{"apply", "adopt", "resolve", "whoami", "close"}, verb)
	bucket := slices.Contains([]string{"apply", "verify", "lock"}, verb)
	var b strings.Builder
	for _, flag := range []struct {
		takes       bool
		name, value string
	}{{ledger, "ledger", f.Ledger}, {remote, "endpoint", f.Endpoint}, {bucket, "obs-endpoint", f.OBSEndpoint}, {remote, "ca-file", f.CAFile}} {
		if flag.takes && flag.value != "" {
			fmt.Fprintf(&b, " --%s %s", flag.name, Word(WithoutUser(flag.value)))
		}
	}
	if f.Wait && verb == "apply" {
		b.WriteString(" --wait")
	}
	return b.String()
}

// httpUser is a user, and perhaps a password, in the address of a server.
var httpUser = lazy.Regexp(`(?i)^((?:--[a-z-]+=)?https?:/*).*@`)

// WithoutUser is an argument without the user in the address of a server, which no
// setting takes: a password must not be printed.
func WithoutUser(arg string) string { return httpUser().ReplaceAllString(arg, "$1") }

// again is the command line of this run, or apply with the confirmations that
// were given for this plan.
func (m *Migration) again() string {
	if m.Run.Again != "" {
		return Clean(m.Run.Again)
	}
	var keys []string
	for _, k := range []struct {
		act plan.Act
		key string
	}{{plan.ActOverwrite, m.Run.Keys.Overwrite}, {plan.ActCutover, m.Run.Keys.Cutover}} {
		if strings.HasPrefix(k.key, m.Plan.Name+"@") {
			keys = append(keys, "--confirm-"+string(k.act)+" "+Word(k.key))
		}
	}
	return m.Command("apply", strings.Join(keys, " "))
}

// RebuildLedger is what to do about a broken ledger. A journal left in place
// would be rolled into the new file, so it is moved too.
func RebuildLedger(file, adopt string) string { return unmarked(rebuildLedger(file, adopt)) }

func rebuildLedger(file, adopt string) string {
	move := "move the file away"
	if file != "" {
		command := moveAway(file)
		if _, err := os.Lstat(file + "-journal"); err == nil {
			command += " && " + moveAway(file+"-journal")
		}
		move += ": " + marked(command)
	}
	return "stop all runners, " + move + "; wait 45 minutes; then " + marked(adopt)
}

// moveAway renames a file and overwrites no earlier copy.
func moveAway(file string) string {
	return "mv -i -- " + Word(file) + " " + Word(file+".broken")
}
