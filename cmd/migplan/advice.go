package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/migplan/migplan/pkg/ledger"
)

// What to do next, where several commands give the same advice.

// rebuildLedger is the advice for a broken ledger. A journal left in place
// would be rolled into the new file, so it is moved too.
func rebuildLedger(file, adopt string) string {
	move := "move the file away"
	if file != "" {
		move += ": " + moveCommand(file)
		if _, err := os.Lstat(file + "-journal"); err == nil {
			move += " && " + moveCommand(file+"-journal")
		}
	}
	return "stop all runners, " + move + "; wait 45 minutes; then " + adopt
}

// moveCommand renames a file and overwrites no earlier copy.
func moveCommand(file string) string {
	return "mv -i -- " + word(file) + " " + word(file+".broken")
}

// settleFirst names the commands that end what keeps a plan from being closed.
func settleFirst(at place, seq int) string {
	first := "settle it first: " + at.command("apply", "") + "; or check the job and the database; "
	if at.state.Step(seq).State == ledger.StepInDoubt {
		first += "if no job was created, " + at.command("resolve", fmt.Sprintf("%d --not-created --reason TEXT", seq)) + "; "
	}
	return first + pronounce(at, seq)
}

// seeState leads to the state of a plan after a decision that does not fit it.
func seeState(at place) string {
	switch {
	case at.state != nil && at.state.Ended != nil:
		return "nothing to do: the plan is closed already; to restore again, raise generation"
	case at.file == "":
		return "nothing to do without the plan's file; with it, migplan status shows the current state"
	}
	return "see the current state: " + at.command("status", "")
}

// overwriting names the step that overwrites databases.
func overwriting(seq int) string {
	if seq > 1 {
		return fmt.Sprintf("step %d", seq)
	}
	return "full backup"
}

// noLedger says where there is no ledger yet.
func noLedger(dir string) string {
	if path, err := filepath.Abs(dir); err == nil {
		dir = path
	}
	return "no ledger in " + clean(dir)
}

// checkProxy leads to the setting of a proxy that did not work.
func checkProxy(at place, problem string) string {
	if at.proxy == "" || !strings.Contains(problem, "proxy") {
		return ""
	}
	return "check " + at.proxy + " in the environment; then "
}

// keyOf is the plan that a key names, "" for a text that is no key.
func keyOf(key string) string {
	name, _, _ := strings.Cut(key, "@")
	return name
}

// notStored tells a person who gave the cutover's key before its window that
// the key has to be given again. A key that does not match ended the pass.
func notStored(at place) string {
	if at.keys.Cutover == "" || at.plan.Cutover.Unattended {
		return ""
	}
	return "; the key matches but is not stored: give it again then, or use --wait"
}
