package main

// Everything that is said to a person is written here and in failures.go, in
// one style: no capitals at the start, no full stop at the end; what happened,
// then what to do. Results go to stdout; "error:" and what belongs to it to
// stderr. Every stop says what was tried, what is known, in what state the
// database is, and the one safe next command. text.go writes it.

import (
	"fmt"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

func (a *app) sayError(problem, remedy string) {
	line(a.stderr, "error: %s", clean(problem))
	if remedy != "" {
		line(a.stderr, "hint: %s", clean(remedy))
	}
}

// explanation is what a stop says to a person.
type explanation struct {
	What     string // in one line
	Tried    string
	Known    string
	Database string
	Next     string
}

// sayStop writes a stop that needs somebody's attention to stderr.
func (a *app) sayStop(at place, s executor.Stop) {
	e := explain(at, s)
	line(a.stderr, "error: %s: %s", at.plan.Name, e.What)
	for _, part := range []struct{ label, text string }{
		{"tried", e.Tried}, {"known", e.Known}, {"database", e.Database}, {"next", e.Next},
	} {
		if part.text != "" {
			line(a.stderr, "  %-9s %s", part.label+":", part.text)
		}
	}
}

// stepName is "step 2 of 3 (incremental LOG/ims_log1.bak)".
func stepName(at place, seq int) string {
	if seq < 1 || seq > len(at.steps) {
		return fmt.Sprintf("step %d", seq)
	}
	b := at.steps[seq-1].Backup
	return fmt.Sprintf("step %d of %d (%s %s)", seq, len(at.steps), b.Type, strings.Join(b.Keys, ", "))
}

// databaseState says in what state the target database is, as far as the
// ledger knows.
func databaseState(at place) string {
	restored, last := 0, false
	for i, st := range at.state.Steps {
		switch st.State {
		case ledger.StepSucceeded:
			restored, last = i+1, st.Last
		case ledger.StepRunning, ledger.StepInDoubt, ledger.StepFailed:
			if st.Last {
				return "uncertain: the cutover was submitted; check it in the console first"
			}
			if i == 0 {
				return "absent, or being restored for the first time"
			}
		case ledger.StepPending, ledger.StepRefused:
			if i == 0 && st.Attempt > 1 {
				return "absent, or as an earlier attempt left it"
			}
		}
	}
	switch {
	case last:
		return "online: nothing more can be restored into it"
	case restored == 0:
		return "not touched by this plan"
	}
	return fmt.Sprintf("restoring, %s applied; not readable, and more log backups can follow", counted(restored, "backup"))
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// planState is the plan's state in the words of the contract.
func planState(at place, s executor.Stop) string {
	if at.state != nil && at.state.Ended != nil {
		return "closed"
	}
	switch s.Class() {
	case executor.OK, executor.TryAgain:
	case executor.CutoverHeld:
		return "held"
	default:
		return "blocked"
	}
	done := 0
	for done < len(at.steps) && at.state.Step(done+1).State == ledger.StepSucceeded {
		done++
	}
	switch {
	case at.state.Held != nil:
		return "held"
	case done == len(at.steps) && at.state.CheckPending:
		return "cutting over"
	case done == len(at.steps) && at.plan.Cutover != nil:
		return "online"
	case done == len(at.steps):
		return "waiting for the next backup"
	case done == 0:
		return "seeding"
	case at.steps[done].Last:
		return "cutting over"
	}
	return "catching up"
}

// changeLine says one thing that a pass did.
func changeLine(at place, c executor.Change) string {
	who := at.plan.Name + ": "
	if c.Step > 0 {
		who += stepName(at, c.Step) + ": "
	}
	switch c.What {
	case "submitted":
		return who + "submitted as " + c.JobName + ", job " + clean(c.JobID)
	case "adopted":
		return who + "job " + clean(c.JobID) + " was found and adopted" + notCompared(c.NotCompared)
	case "absent":
		return who + "two searches show that no job was created; it may be sent again"
	case ledger.Retry:
		return who + sendsNext(at, c.Step, "the next pass sends it again")
	case ledger.NotCreated:
		return who + "recorded as not created; " + sendsNext(at, c.Step, "the next pass sends it")
	case ledger.Hold:
		return who + "on hold for every runner"
	case ledger.Release:
		return who + "released"
	case ledger.Close:
		return who + "closed: it sends nothing more, and its databases are free for another plan"
	case ledger.IgnoreJob:
		return who + "job " + clean(c.JobID) + " is ignored from now on"
	case ledger.Recognize:
		return who + "these credentials are recorded as the plan's"
	}
	if c.JobID != "" {
		return who + c.What + ", job " + clean(c.JobID)
	}
	return who + c.What
}

// waiting says what a pass that ended well waits for.
func waiting(at place, s executor.Stop) string {
	who := at.plan.Name + ": "
	switch s.Reason {
	case executor.Online:
		return who + "online: the cutover succeeded, nothing is left to do"
	case executor.CheckPending:
		return who + "the cutover succeeded; the next pass lists the target once more and then calls it online"
	case executor.NextBackup:
		return who + "waiting for the next backup: add it to the plan"
	case executor.BeforeStart:
		return who + "waiting for the cutover's window, which begins " + s.Until.Format(time.RFC3339) + notStored(at)
	case executor.OwnJobRunning:
		return who + "waiting: job " + clean(strings.Join(s.Jobs, ", ")) + " of another step is running on the instance"
	case executor.OnHold:
		return who + held(at)
	case executor.ChainClosed:
		return who + "closed" + heldBy(at.state.Ended)
	}
	return who + "waiting for DRS: " + stepName(at, s.Step) + " is running"
}

// sendsNext says when a step is sent: without its key it is not.
func sendsNext(at place, seq int, free string) string {
	if key := needs(at, seq); key != "" {
		return "to send it: " + at.command("apply", key)
	}
	return free
}

// held says who put a plan on hold, why and since when, and what ends it.
func held(at place) string {
	since := ""
	if !at.state.HeldAt.IsZero() {
		since = " since " + stamp(at.state.HeldAt)
	}
	return "on hold" + since + heldBy(at.state.Held) + "; to end it: " + at.command("release", "--reason TEXT")
}

// notCompared says what DRS did not show of an adopted job.
func notCompared(what []string) string {
	if len(what) == 0 {
		return ""
	}
	return " (not compared, since DRS does not show it: " + strings.Join(what, ", ") + ")"
}

func heldBy(d *ledger.DecisionData) string {
	if d == nil {
		return ""
	}
	by := " by " + clean(d.User) + " on " + clean(d.Host)
	if d.Reason != "" {
		by += ": " + clean(d.Reason)
	}
	return by
}

// stamp shows a time with its offset, "-" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.RFC3339)
}
