package migplan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

// warns is written in front of a block, or in an example's head, where a plan
// is meant to give a warning.
const warns = "gives a warning"

// block is a fenced block of a page, and the line in front of it.
type block struct {
	file         string
	line         int
	info, text   string
	introduction string
}

// isPlan: a YAML block with the version of a plan is a whole one.
func (b block) isPlan() bool {
	return strings.HasPrefix(b.info, "yaml") && strings.Contains("\n"+b.text, "\nversion: 1\n")
}

func blocks(t *testing.T, file string) []block {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	var current *block
	introduction := ""
	for i, line := range strings.Split(string(data), "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && current == nil:
			current = &block{file: file, line: i + 1, info: fence, introduction: introduction}
		case isFence:
			out, current = append(out, *current), nil
		case current != nil:
			current.text += line + "\n"
		case strings.TrimSpace(line) != "":
			introduction = line
		}
	}
	if current != nil {
		t.Errorf("%s:%d: the block has no end", file, current.line)
	}
	return out
}

func pages(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("docs/*.md")
	if err != nil || len(all) == 0 {
		t.Fatal("no page in docs", err)
	}
	for _, file := range []string{"README.md", "CONTRIBUTING.md"} {
		if _, err := os.Stat(file); err == nil {
			all = append(all, file)
		}
	}
	return all
}

// Every plan that the pages show is one: a reader copies it.
func TestDocsShowValidPlans(t *testing.T) {
	seen := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if !b.isPlan() {
				continue
			}
			seen++
			p, ds := plan.Load(page, []byte(b.text))
			if p == nil || plan.Invalid(ds, !strings.Contains(b.introduction, warns)) {
				t.Errorf("%s:%d: %v", page, b.line, ds)
			}
		}
	}
	if seen == 0 {
		t.Error("no page shows a plan")
	}
}

// A block that looks like a whole plan and has no version is not checked above.
func TestDocsShowNoHalfPlans(t *testing.T) {
	for _, page := range pages(t) {
		if page == filepath.FromSlash("docs/rules.md") {
			continue // its examples are lines of one plan, as it says
		}
		for _, b := range blocks(t, page) {
			if strings.HasPrefix(b.info, "yaml") && strings.Contains("\n"+b.text, "\nbackups:") && strings.Contains("\n"+b.text, "\ntarget:") && !b.isPlan() {
				t.Errorf("%s:%d: this plan has no version", page, b.line)
			}
		}
	}
}

func examplePlans(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("examples/plans/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples (%v)", len(files), err)
	}
	return files
}

func TestExamplesAreValid(t *testing.T) {
	var plans []*plan.Plan
	for _, file := range examplePlans(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(data), "\nversion:")
		p, ds, err := plan.LoadFile(file)
		if err != nil || p == nil || plan.Invalid(ds, !strings.Contains(head, warns)) {
			t.Errorf("%s: %v %v", file, ds, err)
			continue
		}
		plans = append(plans, p)
	}
	if ds := plan.CheckConflicts(plans); len(ds) > 0 {
		t.Errorf("the folder cannot be applied as it is: %v", ds)
	}
}

// An editor finds the schema by the first line.
func TestExamplesBeginWithTheirSchema(t *testing.T) {
	const modeline = "# yaml-language-server: $schema="
	for _, file := range examplePlans(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		path, ok := strings.CutPrefix(first, modeline)
		if !ok {
			t.Errorf("%s begins with %q, want %s...", file, first, modeline)
			continue
		}
		got, err := os.Stat(filepath.Join(filepath.Dir(file), filepath.FromSlash(path)))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		want, err := os.Stat("schema/plan.schema.json")
		if err != nil || !os.SameFile(got, want) {
			t.Errorf("%s names %s, which is not the plan's schema", file, path)
		}
	}
}
