package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// States are the states of a plan, in the words of docs/output.md: first those
// that need a person.
func States() []string {
	return []string{"blocked", "held", "on hold", "cutting over", "seeding", "catching up", "waiting for the next backup", "online", "closed"}
}

// PlanState is the plan's state, one of States.
func (m *Migration) PlanState() string {
	if m.State.Ended != nil {
		return "closed"
	}
	switch m.Class() {
	case executor.OK, executor.TryAgain:
		return m.progress()
	case executor.CutoverHeld:
		return "held"
	}
	return "blocked"
}

// restored is how many steps have succeeded, up to the first that has not.
func (m *Migration) restored() int {
	done := 0
	for done < len(m.Plan.Steps) && m.State.Step(done+1).State == ledger.StepSucceeded {
		done++
	}
	return done
}

// progress is the state of a plan that nothing blocks.
func (m *Migration) progress() string {
	steps, done := m.Plan.Steps, m.restored()
	switch {
	case m.State.Held != nil:
		return "on hold"
	case done == len(steps) && m.State.CheckPending:
		return "cutting over"
	case done == len(steps) && m.Plan.Cutover != nil:
		return "online"
	case done == len(steps):
		return "waiting for the next backup"
	case done == 0:
		return "seeding"
	case steps[done].Last && m.State.Step(done+1).State.Sent():
		return "cutting over"
	}
	return "catching up"
}

// cutoverLine says when the cutover is sent.
func (m *Migration) cutoverLine() string {
	c := m.Plan.Cutover
	if n := m.cutOver(); n > 0 {
		return fmt.Sprintf("cutover: sent with step %d", n)
	}
	if c == nil {
		return "cutover: none yet; the database stays restoring"
	}
	line := fmt.Sprintf("cutover: with step %d", len(m.Plan.Steps))
	if !c.NotBefore.IsZero() {
		line += ", not before " + c.NotBefore.Format(time.RFC3339)
	}
	if !c.NotAfter.IsZero() {
		line += ", not after " + c.NotAfter.Format(time.RFC3339)
	}
	if c.Unattended {
		line += ", unattended"
	}
	if c.TailLog {
		line += ", only after a tail-log backup"
	}
	if len(c.IgnoreNewer) > 0 {
		line += ", whatever is in " + strings.Join(c.IgnoreNewer, ", ")
	}
	return line
}

// databaseList names the databases of the plan.
func (m *Migration) databaseList() string {
	names := strings.Join(m.Plan.Databases.Names, ", ")
	if m.Plan.Databases.All {
		names = "all in the backups"
	}
	if m.Plan.Rename != "" {
		names += ", renamed to " + m.Plan.Rename
	}
	return names
}

// Held says who put the plan on hold, why and since when, and what ends it.
func (m *Migration) Held() string {
	return m.HeldSince() + "; to end it: " + m.Command("release", "--reason TEXT")
}

// HeldSince says who put the plan on hold, why and since when.
func (m *Migration) HeldSince() string {
	since := ""
	if !m.State.HeldAt.IsZero() {
		since = " since " + Stamp(m.State.HeldAt)
	}
	return "on hold" + since + decidedBy(m.State.Held)
}

// ClosedBy says who closed the plan.
func (m *Migration) ClosedBy() string { return decidedBy(m.State.Ended) }

func decidedBy(d *ledger.DecisionData) string {
	if d == nil {
		return ""
	}
	by := " by " + Clean(d.User) + " on " + Clean(d.Host)
	if d.Reason != "" {
		by += ": " + runewidth.Truncate(Clean(d.Reason), longestReason, "…")
	}
	return by
}

// longestReason is how much of a reason is shown in a line that says more. history
// shows all of it.
const longestReason = 160

// Counted is "1 step", "2 steps".
func Counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Stamp shows a time with its offset, "-" for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.RFC3339)
}

// took is how long a step took, "-" where a clock that was set back hides it.
func took(st ledger.Step, now time.Time) string {
	if st.SubmittedAt.IsZero() {
		return "-"
	}
	end, suffix := st.FinishedAt, ""
	if end.IsZero() {
		end, suffix = now, " so far"
	}
	if end.Before(st.SubmittedAt) {
		return "-"
	}
	return rounded(end.Sub(st.SubmittedAt)) + suffix
}

// rounded shows a duration to the second, a short one to the millisecond.
func rounded(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
