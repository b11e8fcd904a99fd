package view

import (
	"fmt"
	"strings"

	"github.com/migplan/migplan/pkg/plan"
)

// markdownMost is the most that a comment on a pull request may hold.
const markdownMost = 65536

// Markdown shows plans in a comment on a pull request, the invalid ones first.
// Bodies that do not fit are left out, with a pointer to the command that shows
// them. Every value of a plan is shown as code: nothing in it becomes a link, an
// image or a mention.
func Markdown(all []*Migration, b Bodies) string {
	return bounded(markdownParts(all, b), "migplan plan")
}

// bounded joins the parts that fit into a comment; the command shows the others.
func bounded(parts []string, command string) string {
	cut := fmt.Sprintf("\n_Cut here: the rest does not fit. `%s` shows all of it._\n", command)
	var out strings.Builder
	for _, part := range parts {
		if out.Len()+len(part)+len(cut) > markdownMost {
			return out.String() + cut
		}
		out.WriteString(part)
	}
	return out.String()
}

// markdownParts are the pieces of a comment that are shown whole or not at all.
func markdownParts(all []*Migration, b Bodies) (parts []string) {
	var bodies []string
	for _, m := range all {
		if !m.Valid() {
			parts = append(parts, fmt.Sprintf("### %s is invalid\n\n%s\n", code(m.File), markdownDiagnostics(m.Diagnostics, "")))
		}
	}
	for _, m := range all {
		if m.Valid() {
			parts = append(append(parts, m.markdownHead()), m.markdownSteps()...)
			bodies = append(bodies, m.markdownBodies(b)...)
		}
	}
	return append(parts, bodies...)
}

// markdownDiagnostics is a list of at most a hundred diagnostics.
func markdownDiagnostics(ds []plan.Diagnostic, label string) string {
	var b strings.Builder
	ds = plan.Group(ds)
	for i, d := range ds {
		if i == 100 {
			fmt.Fprintf(&b, "- and %d more\n", len(ds)-i)
			break
		}
		fmt.Fprintf(&b, "- %s%s\n", label, code(strings.Replace(d.String(), ": warning: ", ": ", 1)))
	}
	return b.String()
}

func (m *Migration) markdownHead() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plan %s: %s\n\n", code(m.Plan.Name), m.PlanState())
	fmt.Fprintf(&b, "- %s of %s, chain %s\n", Counted(len(m.Plan.Steps), "step"), code(m.File), code(m.Plan.Chain()))
	fmt.Fprintf(&b, "- target instance %s, databases %s\n", code(m.Plan.Target.InstanceID), markdownDatabases(m.Plan))
	if m.Plan.Overwrite {
		b.WriteString("- **overwrite**: the full backup overwrites the databases with these names on the target\n")
	}
	fmt.Fprintf(&b, "- %s\n", m.cutoverLine())
	if m.LedgerFile == "" {
		b.WriteString("- no ledger: every step is shown as pending\n")
	}
	if m.notBegun() {
		b.WriteString("- in a subfolder and not begun: `apply` begins it only with `--recursive`\n")
	}
	b.WriteString(markdownDiagnostics(m.Diagnostics, "warning: "))
	if m.Against != nil {
		fmt.Fprintf(&b, "\n**Compared with %s**\n\n", code(m.Against.Revision))
		for _, text := range m.againstLines(code) {
			fmt.Fprintf(&b, "- %s\n", text)
		}
	}
	return b.String()
}

func markdownDatabases(p *plan.Plan) string {
	var names []string
	for _, n := range p.Databases.Names {
		names = append(names, code(n))
	}
	if p.Databases.All {
		names = []string{"all in the backups"}
	}
	if p.Rename != "" {
		names = append(names, "renamed to "+code(p.Rename))
	}
	return strings.Join(names, ", ")
}

func (m *Migration) markdownSteps() []string {
	rows := []string{"\n| step | state | type | files | is_last_backup | needs |\n|---|---|---|---|---|---|\n"}
	for _, s := range m.steps() {
		var files []string
		for _, key := range s.Backup.Keys {
			files = append(files, cell(key))
		}
		rows = append(rows, fmt.Sprintf("| %d | %s | %s | %s | %t | %s |\n", s.Seq, s.known.State,
			s.Backup.Type, strings.Join(files, " "), s.Last, cell(m.needs(s.Seq))))
	}
	rows = append(rows, "\n")
	for _, d := range m.differences() {
		rows = append(rows, "- "+code(d)+"\n")
	}
	for _, text := range m.lockedLines(code) {
		rows = append(rows, "- "+text+"\n")
	}
	return rows
}

// code shows a value as it is, whatever markup is in it: as a code span, whose
// fence is longer than any run of backticks in it (CommonMark 6.1).
func code(s string) string {
	if s = plan.Printable(s); s == "" {
		return ""
	}
	if first, last := s[0], s[len(s)-1]; first == '`' || last == '`' || first == ' ' && last == ' ' && strings.Trim(s, " ") != "" {
		s = " " + s + " " // CommonMark takes these two away again
	}
	fence := strings.Repeat("`", longestRun(s)+1)
	return fence + s + fence
}

// cell is code in a table, where a pipe needs a backslash (GFM 4.10). A
// backslash before a pipe cannot be written.
func cell(s string) string {
	return code(strings.ReplaceAll(strings.ReplaceAll(plan.Printable(s), `\|`, "\uFFFD|"), "|", `\|`))
}

// longestRun is the length of the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
