package plan_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

const rulesDoc = "../../docs/rules.md"

// section is what docs/rules.md says about a rule.
type section struct {
	rule     string
	severity string // "Error" or "Warning"
	kind     string // of the example: "", " whole", " appended"; "none" without one
	example  string
	output   string
	from, to int // position of output
}

var sectionForm = regexp.MustCompile("(?ms)^### ([a-z-]+)\n\n(Error|Warning)\\. Source: [^\n]*\n(?:\n```yaml( whole| appended)?\n(.*?)```\n)?\n```text\n(.*?)```\n")

func sections(t *testing.T, doc string) []section {
	t.Helper()
	var all []section
	for _, m := range sectionForm.FindAllStringSubmatchIndex(doc, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return doc[m[2*i]:m[2*i+1]]
		}
		s := section{rule: part(1), severity: part(2), kind: part(3), example: part(4), output: part(5), from: m[10], to: m[11]}
		if m[8] < 0 {
			s.kind = "none"
		}
		all = append(all, s)
	}
	if headings := strings.Count(doc, "\n### "); headings != len(all) {
		t.Fatalf("%d headings, %d of them in the form of a rule", headings, len(all))
	}
	return all
}

// basePlan is the first plan of the page; the examples change it.
func basePlan(doc string) string {
	_, after, _ := strings.Cut(doc, "```yaml\n")
	block, _, _ := strings.Cut(after, "```")
	return block
}

// blocks are the top-level keys of a plan, each with its lines.
func blocks(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " ") && len(out) > 0 {
			out[len(out)-1] += line
		} else {
			out = append(out, line)
		}
	}
	return out
}

// replaced is the base plan with the example's keys in place of its own.
func replaced(plan, example string) string {
	all := blocks(plan)
	for _, b := range blocks(example) {
		key, _, _ := strings.Cut(b, ":")
		i := slices.IndexFunc(all, func(have string) bool { return strings.HasPrefix(have, key+":") })
		if i < 0 {
			all = append(all, b)
		} else {
			all[i] = b
		}
	}
	return strings.Join(all, "")
}

// real is the output of validate for an example.
func (s section) real(t *testing.T, base string) string {
	switch s.kind {
	case " whole":
		return validated(s.example)
	case " appended":
		return validated(base + s.example)
	case "":
		return validated(replaced(base, s.example))
	}
	open := strings.Replace(base, "  - cutover\n", "", 1)
	switch s.rule {
	case "file": // said by the command, when the system says so
		return "plan.yaml:1:1: the file cannot be read: no such file or directory. check the path [file]\n"
	case "size":
		return validated(base + "#" + strings.Repeat("x", plan.MaxSize))
	case "encoding":
		return validated(base + "description: \xff\n")
	case "final-newline":
		return validated(strings.TrimSuffix(base, "\n"))
	case "database-count":
		return validated(strings.Replace(base, "[ims]", "[ims"+strings.Repeat(", x", 100)+"]", 1))
	case "name-twice":
		return together(t, base, strings.Replace(base, "[ims]", "[crm]", 1))
	case "database-shared":
		return together(t, open, strings.Replace(open, "name: ims-prod", "name: ims-again", 1))
	}
	t.Fatalf("rule %s has no example", s.rule)
	return ""
}

func validated(text string) string {
	_, ds := plan.Load("plan.yaml", []byte(text))
	return report(ds)
}

func together(t *testing.T, first, second string) string {
	t.Helper()
	a, ds := plan.Load("other.yaml", []byte(first))
	b, more := plan.Load("plan.yaml", []byte(second))
	if a == nil || b == nil {
		t.Fatal(ds, more)
	}
	return report(plan.CheckConflicts([]*plan.Plan{a, b}))
}

// The page shows the real output of each example; -update writes it.
func TestDocsShowRealOutputOfEachRule(t *testing.T) {
	data, err := os.ReadFile(rulesDoc)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(data)
	all, base := sections(t, doc), basePlan(doc)
	for _, s := range slices.Backward(all) {
		got := shortened(s, s.real(t, base))
		if *update {
			doc = doc[:s.from] + got + doc[s.to:]
		} else if got != s.output {
			t.Errorf("%s shows:\n%s\nbut it is:\n%s", s.rule, s.output, got)
		}
		checkSeverity(t, s, got)
	}
	if *update {
		if err := os.WriteFile(rulesDoc, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func checkSeverity(t *testing.T, s section, output string) {
	t.Helper()
	seen := 0
	for line := range strings.Lines(output) {
		if strings.HasSuffix(line, " ["+s.rule+"]\n") {
			seen++
			if strings.Contains(line, ": warning: ") != (s.severity == "Warning") {
				t.Errorf("%s is no %s: %s", s.rule, s.severity, line)
			}
		}
	}
	if seen == 0 {
		t.Errorf("%s is not in its own example:\n%s", s.rule, output)
	}
}

// shortened keeps only the diagnostic where the line is too long to show.
func shortened(s section, output string) string {
	if s.rule != "database-count" {
		return output
	}
	for line := range strings.Lines(output) {
		if strings.Contains(line, "["+s.rule+"]") {
			return line
		}
	}
	return output
}

func TestDocsListEveryRule(t *testing.T) {
	data, err := os.ReadFile(rulesDoc)
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, s := range sections(t, string(data)) {
		documented = append(documented, s.rule)
	}
	slices.Sort(documented)
	rules := append(ruleNames(t), "file") // which the command gives
	slices.Sort(rules)
	if !slices.Equal(documented, rules) {
		t.Errorf("documented:\n%v\nin the source:\n%v", documented, rules)
	}
}
