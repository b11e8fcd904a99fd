package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// Overview is what status shows of plans: of several, a line each.
type Overview struct {
	Plans []*Migration // those that are shown
	Of    int          // how many there are
	// Worst is the worst of several classes; the command defines their order.
	Worst func(...executor.Class) executor.Class
}

// IsOne reports whether there is one plan only: it is shown with its steps.
func (o Overview) IsOne() bool { return o.Of == 1 && len(o.Plans) == 1 }

// explained is for how many plans an overview says what to do.
const explained = 5

// Write writes the plans, the worst first, their totals, and what to do about the
// first that need a person. The reader is who runs the command.
func (o Overview) Write(w io.Writer, reader string, now time.Time) {
	all := o.sorted()
	o.writeLedger(w, reader)
	if len(all) > 0 {
		Table(w, overviewRows(all, now))
		Line(w, "")
	}
	Line(w, "%s", o.Totals())
	for _, m := range all {
		if m.Shared != nil {
			Line(w, "%s: %s", m.Plan.Name, m.sharedWarning())
		}
	}
	writeNeeds(w, all)
}

// writeLedger says once where the states are from.
func (o Overview) writeLedger(w io.Writer, reader string) {
	for _, m := range o.Plans {
		switch {
		case !m.Valid():
			continue
		case m.LedgerFile == "":
			Line(w, "%s yet: nothing was sent from here", m.noLedger())
		default:
			Line(w, "ledger: %s, read by %s", m.LedgerFolder, Clean(reader))
		}
		Line(w, "")
		return
	}
}

// sorted are the plans with the worst exit code first, then in the order of
// States, then by name.
func (o Overview) sorted() []*Migration {
	states, all := States(), slices.Clone(o.Plans)
	rank := map[*Migration]int{}
	for _, m := range all {
		rank[m] = slices.Index(states, m.PlanState())
	}
	slices.SortStableFunc(all, func(a, b *Migration) int {
		switch {
		case a.Class() == b.Class():
			return cmp.Or(rank[a]-rank[b], strings.Compare(a.title(), b.title()))
		case o.Worst(a.Class(), b.Class()) == a.Class():
			return -1
		}
		return 1
	})
	return all
}

// title is the name of the plan, or its file where that is not valid.
func (m *Migration) title() string {
	if !m.Valid() {
		return m.File
	}
	return m.Plan.Name
}

func overviewRows(all []*Migration, now time.Time) [][]string {
	rows := [][]string{{"PLAN", "STATE", "STEP", "LAST PASS", "NEXT"}}
	for _, m := range all {
		rows = append(rows, m.overviewRow(now))
	}
	return rows
}

func (m *Migration) overviewRow(now time.Time) []string {
	if !m.Valid() {
		return []string{m.File, m.PlanState(), "-", "-", "fix the plan file"}
	}
	n := len(m.Plan.Steps)
	step := fmt.Sprintf("%d/%d", min(m.restored()+1, n), n)
	if m.Unread {
		step = "-"
	}
	return []string{m.Plan.Name, m.PlanState(), step, m.lastPassInShort(now), m.nextInShort(now)}
}

// lastPassInShort is when the last pass was, by whom, and how it ended.
func (m *Migration) lastPassInShort(now time.Time) string {
	p := m.LastPass
	switch {
	case m.LedgerFile == "":
		return "-"
	case p == nil:
		return "not recorded"
	}
	text := fmt.Sprintf("%s ago, %s@%s: %s", coarsely(now.Sub(p.Ended)), Clean(p.User), Clean(p.Host), p.Class)
	if p.Superseded != "" && p.Class != executor.OK {
		text += "; changed since"
	}
	return text
}

// coarsely is a duration as 45s, 12m, 3h07m or 5d.
func coarsely(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	case d >= time.Minute && d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return roughly(d)
}

// nextInShort is what the plan waits for, or the reason that stops it, which
// docs/recovery.md explains.
func (m *Migration) nextInShort(now time.Time) string {
	r := m.Result
	switch {
	case m.Setup != nil:
		return m.Explain().What
	case r.Class() != executor.OK && r.Stop.Step > 0:
		return fmt.Sprintf("step %d: %s", r.Stop.Step, r.Reason)
	case r.Class() != executor.OK:
		return string(r.Reason)
	case m.notBegun():
		return "not begun: apply --recursive begins it"
	case r.Reason != "":
		return m.waitsInShort(now)
	}
	st := m.State.Step(r.Step)
	switch {
	case st.State == ledger.StepRunning:
		return m.runsInShort(now)
	case st.State == ledger.StepInDoubt:
		return fmt.Sprintf("apply searches for the job of step %d", r.Step)
	case m.needs(r.Step) != "":
		return fmt.Sprintf("step %d needs a confirmation", r.Step)
	}
	return fmt.Sprintf("apply submits step %d", r.Step)
}

func (m *Migration) runsInShort(now time.Time) string {
	seq := m.Result.Step
	return fmt.Sprintf("DRS runs step %d for %s", seq, coarsely(now.Sub(m.State.Step(seq).SubmittedAt)))
}

// waitsInShort is what a plan waits for that nothing stops.
func (m *Migration) waitsInShort(now time.Time) string {
	switch r := m.Result; r.Reason {
	case executor.JobRunning:
		return m.runsInShort(now)
	case executor.OnHold:
		return "until migplan release"
	case executor.NextBackup, executor.ChainClosed, executor.Online: // the state says it
		return "-"
	case executor.BeforeStart:
		return "waits for the window, from " + r.Until.Format(time.RFC3339)
	}
	return m.waits()
}

// Totals is "50 plans: 3 blocked, 2 held, 40 catching up, 5 online".
func (o Overview) Totals() string {
	count := map[string]int{}
	for _, m := range o.Plans {
		count[m.PlanState()]++
	}
	var parts []string
	for _, state := range States() {
		if n := count[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	text := Counted(o.Of, "plan")
	if len(o.Plans) != o.Of {
		text = fmt.Sprintf("%d of %s", len(o.Plans), text)
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// need is a plan that needs a person, and what to do about it.
type need struct {
	name, what string
	next       []string
}

// needs are the first of the plans that need a person, and how many more there are.
func needs(all []*Migration) (first []need, more int) {
	for _, m := range all {
		switch {
		case !m.needsPerson():
		case len(first) == explained:
			more++
		default:
			first = append(first, m.need())
		}
	}
	return first, more
}

// needsPerson reports whether a person has something to do. What is wrong with a
// file that is not valid has been said.
func (m *Migration) needsPerson() bool {
	switch class := m.Class(); {
	case !m.Valid(), class == executor.TryAgain:
		return false
	case class != executor.OK:
		return true
	}
	return m.Result.Reason == "" && m.needs(m.Result.Step) != ""
}

func (m *Migration) need() need {
	if m.Class() == executor.OK {
		seq := m.Result.Step
		return need{m.Plan.Name, m.stepName(seq) + " needs a confirmation", []string{m.Command("apply", m.needs(seq))}}
	}
	e := m.Explain()
	return need{m.Plan.Name, e.What, e.NextLines}
}

// moreNeeds says that there are others, and how to see them.
func moreNeeds(n int) string {
	return Counted(n, "more plan") + " that need a person: migplan status PLAN says what to do about one"
}

func writeNeeds(w io.Writer, all []*Migration) {
	first, more := needs(all)
	for _, n := range first {
		Line(w, "")
		Line(w, "%s: %s", n.name, n.what)
		writePart(w, "next:", n.next)
	}
	if more > 0 {
		Line(w, "")
		Line(w, "%s", moreNeeds(more))
	}
}
