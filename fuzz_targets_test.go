package migplan_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fuzzFunction = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	fuzzList     = regexp.MustCompile(`(?m)^FUZZ = ((?:.*\\\n)*.*)$`)
)

// make fuzz runs every fuzz target that there is, and none that is gone.
func TestMakeFuzzRunsEveryTarget(t *testing.T) {
	var want []string
	root := os.DirFS(".")
	err := fs.WalkDir(root, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, file)
		for _, m := range fuzzFunction.FindAllSubmatch(source, -1) {
			want = append(want, path.Dir(file)+":"+string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := fuzzList.FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no FUZZ")
	}
	got := strings.Fields(strings.ReplaceAll(string(list[1]), "\\\n", " "))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("make fuzz runs %q, and there are %q", got, want)
	}
}
