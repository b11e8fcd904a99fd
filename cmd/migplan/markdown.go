package main

import (
	"fmt"
	"strings"
)

// markdownMost is the most that a comment on a pull request may hold.
const markdownMost = 65536

// markdown writes plans for a comment on a pull request. Bodies that do not
// fit are left out, with a pointer to the command that shows them.
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
	var b strings.Builder
	fmt.Fprintf(&b, "### %s is invalid\n\n", escapeMarkdown(l.file))
	for i, d := range l.diagnostics {
		if i == 100 {
			fmt.Fprintf(&b, "- and %d more\n", len(l.diagnostics)-i)
			break
		}
		fmt.Fprintf(&b, "- %s\n", escapeMarkdown(d.String()))
	}
	return b.String() + "\n"
}

func markdownHead(p preview) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### Plan %s: %s\n\n", p.plan.Name, planState(p.place, p.result.Stop))
	fmt.Fprintf(&b, "- %s of `%s`, chain `%s`\n", counted(len(p.steps), "step"), escapeMarkdown(p.file), p.plan.Chain())
	fmt.Fprintf(&b, "- target instance `%s`, databases %s\n", p.plan.Target.InstanceID, escapeMarkdown(databaseList(p.place)))
	if p.plan.Overwrite {
		b.WriteString("- **overwrite**: the full backup destroys what bears these names on the target\n")
	}
	fmt.Fprintf(&b, "- %s\n", cutoverLine(p.place))
	if p.ledger == "" {
		b.WriteString("- no ledger: every step is shown as pending\n")
	}
	return b.String()
}

func markdownSteps(p preview) []string {
	rows := []string{"\n| step | state | type | files | is_last_backup | needs |\n|---|---|---|---|---|---|\n"}
	for _, s := range p.steps {
		need := needs(p.place, s.Seq)
		if need != "" {
			need = "`" + need + "`"
		}
		rows = append(rows, fmt.Sprintf("| %d | %s | %s | %s | %t | %s |\n", s.Seq, p.state.Step(s.Seq).State,
			s.Backup.Type, escapeMarkdown(strings.Join(s.Backup.Keys, " ")), p.sent(s).Last, need))
	}
	return append(rows, "\n")
}

func markdownBodies(p preview) []string {
	var out []string
	for _, s := range p.steps {
		st := p.state.Step(s.Seq)
		if st.State.History() {
			continue
		}
		if req, err := s.Request(st.Attempt); err == nil {
			out = append(out, fmt.Sprintf("<details><summary>%s, step %d: %s</summary>\n\n```json\n%s\n```\n</details>\n",
				p.plan.Name, s.Seq, req.JobName, strings.ReplaceAll(string(req.Body), "```", "`\u200b``")))
		}
	}
	return out
}

// escapeMarkdown keeps names from being read as markup.
func escapeMarkdown(s string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;", "`", "\\`", "*", "\\*", "_", "\\_", "\n", " ", "\r", " ").Replace(clean(s))
}
