package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Against is the version of a plan's file at a git revision.
type Against struct {
	Revision string
	Old      *plan.Plan // nil if the file is new or not valid there
	Invalid  string     // why the version there is not valid, "" if it is or there is none
}

// Removed are the plan files that only a git revision has.
type Removed struct {
	Revision string
	Files    []string
}

// Write writes them as text.
func (r Removed) Write(w io.Writer) {
	for _, file := range r.Files {
		Line(w, "REMOVED since %s: %s: apply no longer runs this plan", Clean(r.Revision), file)
	}
	if len(r.Files) > 0 {
		Line(w, "")
	}
}

// Markdown shows them in a comment on a pull request.
func (r Removed) Markdown() string {
	var b strings.Builder
	for _, file := range r.Files {
		fmt.Fprintf(&b, "- **removed** since %s: %s; `apply` no longer runs this plan\n", code(r.Revision), code(file))
	}
	if len(r.Files) > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// sentSteps is how many of the plan's steps were sent, by their highest number;
// known is false without a ledger.
func (m *Migration) sentSteps() (n int, known bool) {
	for i, st := range m.State.Steps {
		if st.State.Sent() {
			n = i + 1
		}
	}
	return n, m.LedgerFile != "" && !m.Unread
}

// editedPast is the first step that was sent and that the new version would
// restore differently, 0 for none. In a new chain nothing was sent.
func (m *Migration) editedPast() int {
	a := m.Against
	if a == nil || a.Old == nil || a.Old.Chain() != m.Plan.Chain() {
		return 0
	}
	sent, _ := m.sentSteps()
	if first := plan.FirstChanged(a.Old, m.Plan); first <= sent {
		return first
	}
	return 0
}

// writeAgainst says what a reviewer of the change must know.
func (m *Migration) writeAgainst(w io.Writer) {
	if m.Against == nil {
		return
	}
	Line(w, "compared with %s:", Clean(m.Against.Revision))
	for _, text := range m.againstLines(Clean) {
		Line(w, "  %s", text)
	}
	Line(w, "")
}

// againstLines are the differences as sentences. show makes a value of the plan
// safe to show.
func (m *Migration) againstLines(show func(string) string) []string {
	a := m.Against
	switch {
	case a.Invalid != "":
		return []string{"the version there is not a valid plan: " + show(a.Invalid)}
	case a.Old == nil:
		return []string{"the plan is new: the file is not there", m.sentLine()}
	}
	var lines []string
	if n := m.editedPast(); n > 0 {
		lines = append(lines, fmt.Sprintf("EDITED PAST: step %d was already sent, and the change would restore it differently; apply refuses the plan", n))
	}
	lines = append(lines, differenceLines(plan.Compare(a.Old, m.Plan), show)...)
	if len(lines) == 0 {
		lines = []string{"no difference in what is sent"}
	}
	return append(lines, m.sentLine())
}

func (m *Migration) sentLine() string {
	n, known := m.sentSteps()
	switch {
	case !known:
		return "without a ledger it is not known what was already sent"
	case n == 0:
		return "already sent: nothing"
	case m.State.Step(n).State == ledger.StepInDoubt:
		return fmt.Sprintf("already sent: up to step %d of %d, which is in doubt", n, len(m.Plan.Steps))
	}
	return fmt.Sprintf("already sent: up to step %d of %d", n, len(m.Plan.Steps))
}

// fewDifferences is how many differences of one kind are shown each for itself.
const fewDifferences = 5

func differenceLines(ds []plan.Difference, show func(string) string) []string {
	counts, shown := map[plan.DifferenceKind]int{}, map[plan.DifferenceKind]int{}
	for _, d := range ds {
		counts[d.Kind]++
	}
	var lines []string
	for _, d := range ds {
		shown[d.Kind]++
		switch n := shown[d.Kind]; {
		case n <= fewDifferences:
			lines = append(lines, differenceLine(d, show))
		case n == counts[d.Kind]:
			lines = append(lines, fmt.Sprintf("and %d more of the kind %s, up to step %d", n-fewDifferences, d.Kind, d.Step))
		}
	}
	return lines
}

func differenceLine(d plan.Difference, show func(string) string) string {
	change := fmt.Sprintf("%s, now %s", orNone(show(d.Old)), orNone(show(d.New)))
	switch d.Kind {
	case plan.CutoverAdded:
		return fmt.Sprintf("CUTOVER ADDED: step %d brings the database online permanently; %s", d.Step, show(d.New))
	case plan.CutoverMoved:
		return "CUTOVER MOVED: " + change
	case plan.CutoverRemoved:
		return "CUTOVER REMOVED: the database stays restoring"
	case plan.WindowChanged:
		return "WINDOW CHANGED: " + change
	case plan.GuardChanged:
		return "CUTOVER GUARD CHANGED: " + change
	case plan.OverwriteAdded:
		return "OVERWRITE ADDED: the full backup overwrites the databases with these names on the target, " + show(d.New)
	case plan.OverwriteRemoved:
		return "OVERWRITE REMOVED: the full backup overwrites nothing on the target"
	case plan.OverwriteChanged:
		return "OVERWRITE CHANGED: " + change
	case plan.ChainChanged:
		return fmt.Sprintf("ANOTHER CHAIN: %s: %s; it begins with the full backup", d.Key, change)
	case plan.StepAdded:
		return fmt.Sprintf("step %d added: %s", d.Step, show(d.New))
	case plan.StepRemoved:
		return fmt.Sprintf("step %d removed: %s", d.Step, show(d.Old))
	case plan.StepChanged:
		return fmt.Sprintf("step %d changed: %s", d.Step, change)
	}
	return d.Key + " changed: " + change
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// AgainstJSON is what changed in a plan since a git revision.
type AgainstJSON struct {
	Revision    string           `json:"revision"`
	New         bool             `json:"new"`
	Invalid     string           `json:"invalid,omitempty"`
	SentSteps   *int             `json:"sent_steps,omitempty"`
	EditedPast  int              `json:"edited_past,omitempty"`
	Differences []DifferenceJSON `json:"differences"`
}

// DifferenceJSON is one change that a reviewer must know.
type DifferenceJSON struct {
	Kind plan.DifferenceKind `json:"kind"`
	Step int                 `json:"step,omitempty"`
	Key  string              `json:"key,omitempty"`
	Old  string              `json:"old,omitempty"`
	New  string              `json:"new,omitempty"`
}

func (m *Migration) againstJSON() *AgainstJSON {
	a := m.Against
	if a == nil {
		return nil
	}
	out := &AgainstJSON{
		Revision: a.Revision, New: a.Old == nil && a.Invalid == "", Invalid: a.Invalid,
		EditedPast: m.editedPast(), Differences: []DifferenceJSON{},
	}
	if n, known := m.sentSteps(); known {
		out.SentSteps = &n
	}
	if a.Old != nil {
		for _, d := range plan.Compare(a.Old, m.Plan) {
			out.Differences = append(out.Differences, DifferenceJSON(d))
		}
	}
	return out
}
