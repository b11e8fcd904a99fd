package main

import (
	"fmt"
	"html"
	"strings"

	"github.com/migplan/migplan/pkg/plan"
)

// markdownMost is the most that a comment on a pull request may hold.
const markdownMost = 65536

// markdown writes plans for a comment on a pull request. Bodies that do not
// fit are left out, with a pointer to the command that shows them. Every value
// of a plan is shown as code: nothing in it becomes a link, an image or a mention.
func markdown(all []loaded, previews []preview) string {
	const cut = "\n_Cut here: the rest does not fit. `migplan plan` shows all of it._\n"
	var b strings.Builder
	add := func(s string) bool {
		if b.Len()+len(s)+len(cut) > markdownMost {
			return false
		}
		b.WriteString(s)
		return true
	}
	var parts []string
	for _, l := range all {
		if !l.valid() {
			parts = append(parts, markdownInvalid(l))
		}
	}
	for _, p := range previews {
		parts = append(parts, markdownHead(p))
		parts = append(parts, markdownSteps(p)...)
	}
	for _, p := range previews {
		parts = append(parts, markdownBodies(p)...)
	}
	for _, part := range parts {
		if !add(part) {
			return b.String() + cut
		}
	}
	return b.String()
}

func markdownInvalid(l loaded) string {
	return fmt.Sprintf("### %s is invalid\n\n%s\n", code(l.file), markdownDiagnostics(l.diagnostics, ""))
}

// markdownDiagnostics is a list of at most a hundred complaints.
func markdownDiagnostics(ds []plan.Diagnostic, label string) string {
	var b strings.Builder
	for i, d := range ds {
		if i == 100 {
			fmt.Fprintf(&b, "- and %d more\n", len(ds)-i)
			break
		}
		fmt.Fprintf(&b, "- %s%s\n", label, code(strings.Replace(d.String(), ": warning: ", ": ", 1)))
	}
	return b.String()
}

func markdownHead(p preview) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plan %s: %s\n\n", code(p.plan.Name), planState(p.place, p.result.Stop))
	fmt.Fprintf(&b, "- %s of %s, chain %s\n", counted(len(p.steps), "step"), code(p.file), code(p.plan.Chain()))
	fmt.Fprintf(&b, "- target instance %s, databases %s\n", code(p.plan.Target.InstanceID), markdownDatabases(p.plan))
	if p.plan.Overwrite {
		b.WriteString("- **overwrite**: the full backup overwrites the databases with these names on the target\n")
	}
	fmt.Fprintf(&b, "- %s\n", cutoverLine(p.place))
	if p.ledger == "" {
		b.WriteString("- no ledger: every step is shown as pending\n")
	}
	return b.String() + markdownDiagnostics(p.loaded.diagnostics, "warning: ")
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

func markdownSteps(p preview) []string {
	rows := []string{"\n| step | state | type | files | is_last_backup | needs |\n|---|---|---|---|---|---|\n"}
	for _, s := range p.steps {
		var files []string
		for _, key := range s.Backup.Keys {
			files = append(files, cell(key))
		}
		rows = append(rows, fmt.Sprintf("| %d | %s | %s | %s | %t | %s |\n", s.Seq, p.state.Step(s.Seq).State,
			s.Backup.Type, strings.Join(files, " "), p.sent(s).Last, cell(needs(p.place, s.Seq))))
	}
	return append(rows, "\n")
}

func markdownBodies(p preview) []string {
	var out []string
	for _, s := range p.steps {
		st := p.state.Step(s.Seq)
		if st.State.Sent() {
			continue
		}
		if req, err := s.Request(st.Attempt); err == nil {
			fence := strings.Repeat("`", max(3, longestRun(string(req.Body))+1))
			out = append(out, fmt.Sprintf("<details><summary><code>%s</code>, step %d: <code>%s</code></summary>\n\n%sjson\n%s\n%s\n</details>\n",
				html.EscapeString(p.plan.Name), s.Seq, html.EscapeString(req.JobName), fence, plan.Printable(string(req.Body)), fence))
		}
	}
	return out
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
