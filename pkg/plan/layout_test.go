package plan

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func examples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../examples/plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no example", err)
	}
	valid, err := filepath.Glob("testdata/rules/valid-*.yaml")
	if err != nil || len(valid) == 0 {
		t.Fatal("no valid plan", err)
	}
	out := map[string][]byte{}
	for _, file := range append(files, valid...) {
		if out[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestFindMistakeFindsNothingInValidFiles(t *testing.T) {
	files := examples(t)
	files["long values"] = []byte("description: |\n  - a\n   b: c\n\ntarget: {region: 'r }',\n     project_id: \"p\",\n  instance_id: i}\ndatabases:\n- a # ]\n- b\nname: x\n")
	for file, data := range files {
		if m := findMistake(data); m != nil {
			t.Errorf("%s: %+v", file, *m)
		}
	}
}

// Each line of each example is indented by one space more, one less and by a
// tab. If the file is no longer YAML, the diagnostic names that line or, if it is
// the first one of a map or list, the next one that differs from it.
func TestWrongIndentationIsReportedAtItsLine(t *testing.T) {
	wrong := 0
	for file, data := range examples(t) {
		lines, before := strings.Split(strings.ReplaceAll(string(data), "\r", ""), "\n"), ":"
		for i, line := range lines {
			if content := strings.TrimLeft(line, " "); content == "" || content[0] == '#' {
				continue
			}
			first := strings.HasSuffix(before, ":")
			for _, changed := range []string{" " + line, strings.TrimPrefix(line, " "), "\t" + line} {
				lines[i] = changed
				wrong += checkReportedAt(t, file, i+1, first, strings.Join(lines, "\n"))
			}
			lines[i], before = line, line
		}
	}
	if wrong < 100 {
		t.Errorf("only %d changes gave an invalid file", wrong)
	}
}

func checkReportedAt(t *testing.T, file string, line int, first bool, text string) int {
	t.Helper()
	_, ds := Load("plan.yaml", []byte(text))
	for _, d := range ds {
		if d.Rule != "yaml" {
			continue
		}
		if d.Pos.Line != line && (!first || d.Pos.Line < line) {
			t.Errorf("%s: line %d was changed, and %s", file, line, d)
		}
		return 1
	}
	return 0
}

func TestWrongIndentationIsReportedFarBelowTheListsStart(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("version: 1\nbackups:\n  - full: ims.bak\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "  - incremental: log%d.bak\n", i)
	}
	b.WriteString("   - cutover\n  - incremental: x.bak\n")
	_, ds := Load("plan.yaml", b.Bytes())
	if len(ds) != 1 || ds[0].Pos != (Pos{1004, 4}) {
		t.Errorf("got %v", ds)
	}
}
