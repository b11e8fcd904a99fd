package executor

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// declared are the constants of a type in a file of this package, by value.
func declared(t *testing.T, file, typ string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != typ {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := names[value]; twice {
			t.Errorf("%s and %s are both %q", other, spec.Names[0].Name, value)
		}
		names[value] = spec.Names[0].Name
		return true
	})
	return names
}

func TestEveryReasonHasOneClass(t *testing.T) {
	names := declared(t, "stop.go", "Reason")
	if len(names) < 50 {
		t.Fatalf("stop.go declares only %d reasons", len(names))
	}
	seen := map[Reason]Class{}
	for class, all := range reasons {
		for _, r := range all {
			if other, twice := seen[r]; twice {
				t.Errorf("reason %q is %s and %s", r, other, class)
			}
			seen[r] = class
			if got := r.Class(); got != class {
				t.Errorf("the class of %q is %s, want %s", r, got, class)
			}
		}
	}
	for value, name := range names {
		if _, ok := seen[Reason(value)]; !ok {
			t.Errorf("%s has no class", name)
		}
	}
	if len(seen) != len(names) {
		t.Errorf("%d reasons have a class, and %d are declared", len(seen), len(names))
	}
}

func TestReasonThatIsNotDeclaredIsAnError(t *testing.T) {
	if got := Reason("unheard-of").Class(); got != ClassError {
		t.Errorf("its class is %s", got)
	}
}

func TestWhysDiffer(t *testing.T) {
	if names := declared(t, "why.go", "Why"); len(names) < 40 {
		t.Errorf("why.go declares only %d", len(names))
	}
}

func TestStopIsFoundInErrorThatWrapsIt(t *testing.T) {
	err := fmt.Errorf("the gate: %w", &Stop{Reason: WindowPast, Step: 2})
	if s, ok := asStop(err); !ok || s.Reason != WindowPast || err.Error() != "the gate: step 2: window-past" {
		t.Errorf("%v, %+v", err, s)
	}
	var none *Stop
	if s, ok := asStop(error(none)); ok || s.err() != nil {
		t.Errorf("a nil stop counts as %+v", s)
	}
	if got := aboutStep(stop(TimeUp, 0), 3).Error(); got != "step 3: time-up" {
		t.Errorf("got %q", got)
	}
}
