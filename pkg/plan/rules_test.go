package plan_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

var update = flag.Bool("update", false, "write the outputs that the tests compare with")

// report is the output of validate for diagnostics.
func report(ds []plan.Diagnostic) string {
	var b strings.Builder
	for _, d := range plan.Group(ds) {
		fmt.Fprintln(&b, d)
		if s := d.Snippet(); s != "" {
			fmt.Fprintln(&b, s)
		}
	}
	return b.String()
}

// verdict ends an expected output.
func verdict(ds []plan.Diagnostic) string {
	switch {
	case plan.Invalid(ds, false):
		return "-- not valid\n"
	case plan.Invalid(ds, true):
		return "-- valid, but not with --strict\n"
	}
	return "-- valid\n"
}

func compareWithFile(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s\n got:\n%s\nwant:\n%s", file, got, want)
	}
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file is %s (%v)", pattern, err)
	}
	return files
}

// Each testdata/rules/NAME.yaml gives NAME.txt. NAME starts with the name of the
// rule that it violates.
func TestRuleFilesGiveExpectedOutput(t *testing.T) {
	for _, file := range glob(t, "testdata/rules/*.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, ds := plan.Load(filepath.Base(file), data)
			if (p == nil) != plan.Invalid(ds, false) {
				t.Errorf("plan %v with %v", p, ds)
			}
			compareWithFile(t, strings.TrimSuffix(file, "yaml")+"txt", report(ds)+verdict(ds))
		})
	}
}

// Each folder testdata/conflicts/NAME contains plans that are each valid, and
// want.txt.
func TestConflictingPlansGiveExpectedOutput(t *testing.T) {
	for _, dir := range glob(t, "testdata/conflicts/*") {
		var plans []*plan.Plan
		for _, file := range glob(t, dir+"/*.yaml") {
			p := load(t, file)
			p.File = filepath.Base(file)
			plans = append(plans, p)
		}
		ds := plan.CheckConflicts(plans)
		compareWithFile(t, dir+"/want.txt", report(ds)+verdict(ds))
	}
}

// withoutPair are the rules whose input cannot be a readable file.
var withoutPair = map[string]string{"size": "TestTooLargeFileIsRefused"}

func TestEveryRuleHasATestFile(t *testing.T) {
	shown := map[string]bool{}
	for _, file := range append(glob(t, "testdata/rules/*.txt"), glob(t, "testdata/conflicts/*/want.txt")...) {
		for _, rule := range rulesIn(t, file) {
			shown[rule] = true
		}
	}
	rules := ruleNames(t)
	for _, rule := range rules {
		if !shown[rule] && withoutPair[rule] == "" {
			t.Errorf("rule %s has no test file", rule)
		}
	}
	for rule := range shown {
		if !slices.Contains(rules, rule) {
			t.Errorf("rule %s is in a test file, but not in the source", rule)
		}
	}
}

var ruleAtEnd = regexp.MustCompile(`(?m)^\S+:\d+:\d+: .* \[([a-z-]+)\]$`)

func rulesIn(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, m := range ruleAtEnd.FindAllStringSubmatch(string(data), -1) {
		rules = append(rules, m[1])
	}
	return rules
}

// ruleNames are all rules of the package, read from its source: the names in
// rules(), and the arguments of add, addAt and diagnostic.
func ruleNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, file := range glob(t, "*.go") {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			names = append(names, ruleName(n)...)
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func ruleName(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		switch {
		case ok && (f.Sel.Name == "add" || f.Sel.Name == "addAt"):
			return firstString(n.Args[:2])
		case ok && f.Sel.Name == "diagnostic":
			return firstString(n.Args[:1])
		}
	case *ast.CompositeLit: // {"name", Error, check} in rules()
		if n.Type == nil && len(n.Elts) == 3 {
			return firstString(n.Elts[:1])
		}
	}
	return nil
}

func firstString(args []ast.Expr) []string {
	for _, a := range args {
		if lit, ok := a.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, err := strconv.Unquote(lit.Value)
			if err == nil {
				return []string{s}
			}
		}
	}
	return nil
}

func TestDiagnosticNamesItsStep(t *testing.T) {
	text := `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: odd}
source: {obs: {bucket: zyy-obs}}
backups:
  - full: [a.dat, b.bak]
  - incremental:
      - c.bak
      - d.dat
  - incremental: [e.dat, f.dat]
  - cutover: {unattended: true, not_before: 2027-03-01T01:00:00Z}
databases: [ims, "c rm"]
`
	_, ds := plan.Load("plan.yaml", []byte(text))
	var got []string
	for _, d := range ds {
		got = append(got, fmt.Sprintf("%s:%d", d.Rule, d.Step))
	}
	want := []string{"target-ids:0", "bak-suffix:1", "bak-suffix:2", "bak-suffix:3", "bak-suffix:3", "window:3", "database-name:0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
