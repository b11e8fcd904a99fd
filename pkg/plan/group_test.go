package plan_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

// The commands that validate prints for the names of Ola Hallengren's scripts
// run as printed: they copy each object once, and the plan is clean afterwards.
func TestPrintedCommandsRenameBackups(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/rules/file-name-dollar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "prefix: floder/", "prefix: a $b/", 1)
	file := filepath.Join(dir, "my plan.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, ds, err := plan.LoadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ds = plan.Group(ds)
	if len(ds) != 1 {
		t.Fatalf("got %v", ds)
	}
	copying, change, ok := strings.Cut(strings.TrimPrefix(ds[0].Hint, "copy the objects: "), "; then write the new names in the plan: ")
	if !ok {
		t.Fatal(ds[0].Hint)
	}
	out, err := exec.Command("sh", "-c", `obsutil() { echo "$#|$1|$2|$3"; }; `+copying+"; "+change).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const bucket, log = "obs://zyy-obs/a $b/", "ims/LOG/SRV$INST_ims_LOG_20270301_0"
	want := "3|cp|" + bucket + "SRV$INST/ims/FULL/SRV$INST_ims_FULL_20270301_010000.bak|" + bucket + "SRV_INST/ims/FULL/SRV_INST_ims_FULL_20270301_010000.bak\n"
	for _, hour := range []string{"2", "3"} {
		from := "SRV$INST/" + log + hour + "0000"
		want += "3|cp|" + bucket + from + ".trn|" + bucket + strings.ReplaceAll(from, "$", "_") + ".bak\n"
	}
	if string(out) != want {
		t.Errorf("got:\n%swant:\n%s", out, want)
	}
	if p, ds, err := plan.LoadFile(file); p == nil || len(ds) > 0 || err != nil || p.Source.OBS.Prefix != "a $b/" {
		t.Errorf("the changed plan: %v %v %v", p, ds, err)
	}
}

func TestGroupKeepsEveryKindAndPlace(t *testing.T) {
	var ds []plan.Diagnostic
	add := func(n int, severity plan.Severity, rule, summary string) {
		for i := range n {
			ds = append(ds, plan.Diagnostic{File: "p", Pos: plan.Pos{Line: i + 1, Column: 1}, Severity: severity, Rule: rule, Summary: summary, Hint: "do it"})
		}
	}
	add(6, plan.Error, "object-key", `object key "a \"b" has 12`)
	add(5, plan.Error, "object-key", `object key "a" is long`)
	add(6, plan.Warning, "object-key", `object key "x" has 9`)
	add(7, plan.Error, "required", `the plan has no key "name"`)
	add(1, plan.Error, "required", `the plan has no key "target"`)
	var got []string
	for _, d := range plan.Group(ds) {
		got = append(got, d.String())
	}
	want := []string{
		`p:1:1: object key "a \"b" has 12 (and 5 more like this, on lines 2, 3, 4, ...). do it [object-key]`,
		`p:1:1: object key "a" is long. do it [object-key]`, `p:2:1: object key "a" is long. do it [object-key]`,
		`p:3:1: object key "a" is long. do it [object-key]`, `p:4:1: object key "a" is long. do it [object-key]`,
		`p:5:1: object key "a" is long. do it [object-key]`,
		`p:1:1: warning: object key "x" has 9 (and 5 more like this, on lines 2, 3, 4, ...). do it [object-key]`,
		`p:1:1: the plan has no key "name" (and 6 more like this, on lines 2, 3, 4, ...). do it [required]`,
		`p:1:1: the plan has no key "target". do it [required]`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
