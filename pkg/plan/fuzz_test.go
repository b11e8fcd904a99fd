package plan_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/migplan/migplan/pkg/plan"
)

// FuzzLoad goes from bytes to requests. For any bytes: no panic, every
// diagnostic is inside the file, and is_last_backup is true only in the last
// request of a plan whose file has a cutover after the last backup.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/rules/*.yaml", examples + "*.yaml"} {
		for _, file := range seeds(f, pattern) {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ds := plan.Load("fuzz.yaml", data)
		if (p == nil) != plan.Invalid(ds, false) {
			t.Fatalf("plan %v with %v", p, ds)
		}
		checkPlaces(t, data, ds)
		if p != nil {
			checkNothingEmpty(t, p)
			checkRequests(t, p, data)
		}
	})
}

func seeds(f *testing.F, pattern string) [][]byte {
	f.Helper()
	var all [][]byte
	for _, file := range glob(f, pattern) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

func checkPlaces(t *testing.T, data []byte, ds []plan.Diagnostic) {
	t.Helper()
	lines := bytes.Split(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n"))
	for _, d := range ds {
		_ = d.Snippet()
		if d.Pos.Line < 1 || d.Pos.Line > len(lines) || d.Column < 1 {
			t.Fatalf("%s is outside a file of %d lines", d, len(lines))
		}
		if d.Column > utf8.RuneCount(lines[d.Pos.Line-1])+1 {
			t.Fatalf("%s is outside its line %q", d, lines[d.Pos.Line-1])
		}
		if d.Rule == "" || d.Summary == "" || !utf8.ValidString(d.Summary) && utf8.Valid(data) {
			t.Fatalf("%q has no text", d)
		}
	}
}

// checkNothingEmpty: a name that was lost on the way would be sent as "".
func checkNothingEmpty(t *testing.T, p *plan.Plan) {
	t.Helper()
	words := append([]string{p.Name, p.Target.Region, p.Target.ProjectID, p.Target.InstanceID}, p.Databases.Names...)
	if p.Source.OBS != nil {
		words = append(words, p.Source.OBS.Bucket)
	} else {
		words = append(words, p.Source.RDS.InstanceID, p.Source.RDS.Version)
	}
	for _, b := range p.Backups {
		words = append(words, b.Keys...)
		if len(b.Keys) == 0 {
			t.Fatalf("%v has no key", b)
		}
	}
	for _, w := range words {
		if strings.TrimSpace(w) == "" {
			t.Fatalf("something is empty in %+v", p)
		}
	}
	if p.Generation < 1 || !p.Databases.All && len(p.Databases.Names) == 0 || len(p.Backups) == 0 {
		t.Fatalf("something is missing in %+v", p)
	}
}

func checkRequests(t *testing.T, p *plan.Plan, data []byte) {
	t.Helper()
	all := steps(t, p)
	for i, s := range all {
		r, err := s.Request(1)
		if err != nil {
			t.Fatal(err)
		}
		var sent struct {
			Options struct {
				Last *bool `json:"is_last_backup"`
			} `json:"options"`
		}
		if err := json.Unmarshal(r.Body, &sent); err != nil || sent.Options.Last == nil {
			t.Fatalf("step %d: %v in %s", s.Seq, err, r.Body)
		}
		marked := i == len(all)-1 && p.Cutover != nil && bytes.Contains(data, []byte("cutover"))
		if *sent.Options.Last != marked || bytes.Contains(r.Body, []byte(`"is_last_backup":true`)) != marked {
			t.Fatalf("step %d of %d says %v, with the marker %v:\n%s", s.Seq, len(all), *sent.Options.Last, p.Cutover, data)
		}
		if marked && !isAfter(p.Cutover.Pos, s.Backup.Pos) {
			t.Fatalf("the marker comes before step %d", s.Seq)
		}
	}
}

func isAfter(a, b plan.Pos) bool {
	return a.Line > b.Line || a.Line == b.Line && a.Column > b.Column
}
