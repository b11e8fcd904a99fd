package view

import (
	"errors"
	"fmt"
	"strings"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/executor"
)

// guardMessages are for a step that the backup files hold back.
var guardMessages = map[executor.Reason]message{
	executor.NewerBackup: {
		What:  `cutover blocked: the bucket has {{.Newer}} than the plan's last one: {{.Objects}}`,
		Known: `{{.Detail}}. The cutover would lose the changes in it; nothing was sent`,
		Next: `add what is newer to the plan, before the cutover; or, if it does not belong to the migration, write {{.Ignoring}} into the cutover of the plan. ` +
			`The plan then has another key: {{.ShowPlan}}`,
	},
	executor.NoTailLog: {
		What:  `cutover blocked: the last backup is not proved to be a tail-log backup, which the plan requires`,
		Known: `{{.Detail}}. Nothing was sent`,
		Next: `{{with .FileRemedy}}{{.}}; then {{$.Guarded}}{{else}}stop writes on the source, take a tail-log backup and add it as the last incremental{{end}}; ` +
			`or remove tail_log from the plan and have it reviewed`,
	},
	executor.FilesUnavailable: {
		What:  `the backup files could not be checked: {{.FileProblem}}`,
		Known: `the cutover is blocked until the bucket is known to have no newer backup; nothing was sent`,
		Next:  `{{.FixFirst}}run it again: {{.Again}}; or, if this runner cannot reach OBS, send the cutover without this check: {{.Unguarded}}`,
		Causes: map[executor.Why]message{executor.WhyLocked: {
			What:  `{{.Step}} was not submitted: {{.Err}}`,
			Tried: lockTried,
			Known: lockKnown,
			Next:  `{{.FixFirst}}run it again: {{.Again}}`,
		}},
	},
}

// Newer counts the objects of the stop.
func (s stopped) Newer() string {
	if len(s.stop.Objects) == 1 {
		return "a newer backup"
	}
	return fmt.Sprintf("%d newer backups", len(s.stop.Objects))
}

func (s stopped) Objects() string { return Clean(strings.Join(s.stop.Objects, ", ")) }

// Ignoring is what a plan says of objects that do not hold its cutover.
func (s stopped) Ignoring() string {
	keys := make([]string, len(s.stop.Objects))
	for i, key := range s.stop.Objects {
		keys[i] = fmt.Sprintf("%q", key)
	}
	return Clean("ignore_newer: [" + strings.Join(keys, ", ") + "]")
}

// FileProblem is why a file could not be read.
func (s stopped) FileProblem() string {
	var e *verify.Error
	if errors.As(s.stop.Err, &e) {
		return Clean(e.Problem)
	}
	return s.Err()
}

// FileRemedy is what to do about it, "" where the files could be read.
func (s stopped) FileRemedy() string {
	var e *verify.Error
	switch {
	case s.stop.Err == nil:
		return ""
	case errors.As(s.stop.Err, &e) && e.Remedy != "":
		return Clean(e.Remedy)
	}
	return "give this runner access to the bucket"
}

// ShowPlan is the command that shows the plan's keys.
func (s stopped) ShowPlan() string { return marked(s.Command("plan", "")) }

// NoBucket, given instead of an endpoint of OBS, says that this runner cannot reach OBS.
const NoBucket = "none"

// Unguarded is apply without the check of the bucket.
func (s stopped) Unguarded() string {
	m := *s.Migration
	m.Run.Flags.OBSEndpoint = NoBucket
	return marked(m.again())
}

// Guarded is apply with the check of the bucket.
func (s stopped) Guarded() string {
	m := *s.Migration
	if m.Run.Flags.OBSEndpoint == NoBucket {
		m.Run.Flags.OBSEndpoint = ""
	}
	return marked(m.again())
}
