package view

import (
	"fmt"
	"strings"
	"time"
)

// Markdown shows the state of plans in a comment or a ticket: one plan with its
// steps, several with a line each.
func (o Overview) Markdown(now time.Time) string {
	if o.IsOne() && o.Plans[0].Valid() {
		return bounded(o.Plans[0].markdownStatus(now), "migplan status")
	}
	all := o.sorted()
	parts := []string{o.Totals() + "\n"}
	if len(all) > 0 {
		parts = append(parts, "\n| plan | state | step | last pass | next |\n|---|---|---|---|---|\n")
	}
	for _, m := range all {
		r := m.overviewRow(now)
		parts = append(parts, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", cell(r[0]), r[1], r[2], cell(r[3]), cell(r[4])))
	}
	parts = append(parts, "\n")
	first, more := needs(all)
	for _, n := range first {
		parts = append(parts, "- "+markdownNeed(n))
	}
	if more > 0 {
		parts = append(parts, "- "+moreNeeds(more)+"\n")
	}
	return bounded(parts, "migplan status")
}

// markdownNeed is what to do about a plan, as an item of a list.
func markdownNeed(n need) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", code(n.name), code(n.what))
	for _, line := range n.next {
		fmt.Fprintf(&b, "  - %s\n", code(strings.TrimSpace(line)))
	}
	return b.String()
}

// markdownStatus are the pieces about one plan.
func (m *Migration) markdownStatus(now time.Time) []string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plan %s: %s\n\n", code(m.Plan.Name), m.PlanState())
	if m.LedgerFile == "" {
		b.WriteString("- no ledger yet: nothing was sent from here\n")
	} else {
		fmt.Fprintf(&b, "- %s\n", code(m.lastPass(now)))
	}
	if m.Unread {
		return []string{b.String() + "- " + unreadLedger + "\n"}
	}
	fmt.Fprintf(&b, "- database: %s\n", code(m.database()))
	for _, text := range m.chainLines() {
		fmt.Fprintf(&b, "- %s\n", code(text))
	}
	if m.needsPerson() {
		b.WriteString("- " + markdownNeed(m.need()))
	} else if next := m.awaited(); next != "" {
		fmt.Fprintf(&b, "- %s\n", code(next))
	}
	b.WriteString("\n| step | state | type | files | attempt | job | submitted | took |\n|---|---|---|---|---|---|---|---|\n")
	parts := []string{b.String()}
	for _, s := range m.steps() {
		st := s.known
		parts = append(parts, fmt.Sprintf("| %d | %s | %s | %s | %d | %s | %s | %s |\n", s.Seq, st.State, s.Backup.Type,
			cell(joinKeys(s.Backup.Keys)), st.Attempt, cell(Clean(st.JobID)), Stamp(st.SubmittedAt), took(st, now)))
	}
	parts = append(parts, "\n")
	for _, d := range m.differences() {
		parts = append(parts, "- "+code(d)+"\n")
	}
	return parts
}
