package plan_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

const examples = "../../examples/plans/"

func load(t testing.TB, file string) *plan.Plan {
	t.Helper()
	p, ds, err := plan.LoadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		t.Fatalf("%s: %v", file, ds)
	}
	return p
}

func steps(t testing.TB, p *plan.Plan) []plan.Step {
	t.Helper()
	s, err := plan.Steps(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func object(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// The bodies are those of the API page, field by field, name and description
// apart. In the RDS example two slips of the page are mended first: its own
// table says Boolean, and full or incre.
func TestBodiesEqualTheAPIPage(t *testing.T) {
	for file, pages := range map[string][]string{
		"full-cutover.yaml":             {"request-obs-full.json"},
		"full-incremental-cutover.yaml": {"request-obs-chain-1-full.json", "request-obs-chain-2-incremental.json", "request-obs-chain-3-last-incremental.json"},
		"rds-backup.yaml":               {"request-rds-full.json"},
	} {
		got := steps(t, load(t, examples+file))
		if len(got) != len(pages) {
			t.Fatalf("%s: %d steps, want %d", file, len(got), len(pages))
		}
		for i, page := range pages {
			compareWithPage(t, got[i], page)
		}
	}
}

func compareWithPage(t *testing.T, s plan.Step, page string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata/api-page", page))
	if err != nil {
		t.Fatal(err)
	}
	want := object(t, raw)
	if page == "request-rds-full.json" {
		options := want["options"].(map[string]any)
		if options["recovery_mode"] != "" || options["is_last_backup"] != "" {
			t.Fatal("the page's slips are not where they were")
		}
		options["recovery_mode"], options["is_last_backup"] = "full", true
	}
	r, err := s.Request(1)
	if err != nil {
		t.Fatal(err)
	}
	got := object(t, r.Body)
	for _, m := range []map[string]any{want, got} {
		base := m["base_info"].(map[string]any)
		for _, key := range []string{"name", "description"} {
			if _, ok := base[key].(string); !ok {
				t.Errorf("%s: no %s", page, key)
			}
			delete(base, key)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", page, got, want)
	}
}
