package migplan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// place is a function that CONTRIBUTING.md names, in its file.
type place struct{ file, function string }

var codeSpan = regexp.MustCompile("`([^`]+)`")

// places reads the table of a section whose rows name a file and functions of
// it: | question | `pkg/x/y.go`: `F`, `T.Method` |.
func places(t *testing.T, page, heading string) (all []place) {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n## "+heading+"\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	if !found {
		t.Fatalf("there is no section %q", heading)
	}
	for line := range strings.Lines(section) {
		file := ""
		for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
			switch {
			case strings.HasSuffix(span[1], ".go"):
				file = span[1]
			case file != "":
				all = append(all, place{file, span[1]})
			}
		}
	}
	return all
}

// functions are the functions that a file declares, and its methods as
// Type.Method.
func functions(file string) ([]string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			names = append(names, receiver(f)+f.Name.Name)
		}
	}
	return names, nil
}

func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}

// missing says why a place is wrong, "" if it is right.
func (p place) missing() string {
	names, err := functions(p.file)
	switch {
	case err != nil:
		return err.Error()
	case !slices.Contains(names, p.function):
		return p.file + " has no function " + p.function
	}
	return ""
}

func TestContributingNamesFunctionsThatExist(t *testing.T) {
	page, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	all := places(t, string(page), "Where to look")
	if len(all) < 12 {
		t.Errorf("only %d functions are named", len(all))
	}
	for _, p := range all {
		if problem := p.missing(); problem != "" {
			t.Error("CONTRIBUTING.md: " + problem)
		}
	}
}

// A newcomer finds every folder with code in the table of folders.
func TestContributingNamesEveryPackage(t *testing.T) {
	page, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\n## Where things are\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	for pkg := range mayImport {
		if name := "`" + path.Base(pkg) + "`"; !strings.Contains(section, name) && !strings.Contains(section, "`"+pkg+"`") {
			t.Errorf("CONTRIBUTING.md does not name %s", pkg)
		}
	}
}

func TestPlaceThatDoesNotExistIsMissing(t *testing.T) {
	page := "\n## Where\n| x | `pkg/ledger/fold.go`: `Fold`, `State.Apply`, `State.Fold`, `pkg/ledger/no.go`: `Fold` |\n"
	var problems []string
	for _, p := range places(t, page, "Where") {
		problems = append(problems, p.missing())
	}
	if len(problems) != 4 || problems[0] != "" || problems[1] != "" ||
		problems[2] != "pkg/ledger/fold.go has no function State.Fold" || problems[3] == "" {
		t.Errorf("problems are %q", problems)
	}
}

// The README promises one command that runs the tests; make runs the same.
func TestReadmeAndMakeRunTheSameTests(t *testing.T) {
	const command = "go test -race ./..."
	for file, want := range map[string]string{"README.md": "\n$ " + command + "\n", "Makefile": "\ntest:\n\t" + command + "\n"} {
		if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not run %q: %v", file, command, err)
		}
	}
}
