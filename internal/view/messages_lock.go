package view

import "github.com/migplan/migplan/pkg/executor"

// lockMessages are for a step that the lock of its plan holds back.
var lockMessages = map[executor.Reason]message{
	executor.FileChanged: {
		What:  `{{.Step}} was not submitted: {{.Err}}`,
		Tried: lockTried,
		Known: `the file was reviewed as it was when it was locked; nothing was sent`,
		Next:  `find out who replaced it; if it is right, {{.UpdateLock}}; have the change of the lock reviewed, then {{.Again}}`,
	},
	executor.FileNotLocked: {
		What:  `{{.Step}} was not submitted: {{.Err}}`,
		Tried: lockTried,
		Known: `nothing was sent`,
		Next:  `write the lock again: {{.Lock}}; have its change reviewed with that of the plan, then {{.Again}}`,
	},
	executor.FilesDenied: {
		What:  `{{.Step}} was not submitted: {{.Err}}`,
		Tried: lockTried,
		Known: lockKnown,
		Next:  `{{.FileRemedy}}; then {{.Again}}`,
	},
}

const (
	lockTried = `comparing the files of the step with the plan's lock`
	lockKnown = `a step of a plan with a lock is sent only after a look at its files; nothing was sent`
)

// Lock is the command that writes the lock of the plan.
func (s stopped) Lock() string { return marked(s.Command("lock", "")) }

// UpdateLock is the command that takes files that have changed into the lock.
func (s stopped) UpdateLock() string { return marked(s.Command("lock", "--update")) }
