package plan_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
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

// The bodies equal those of the API page, field by field, except name and
// description. Two mistakes in the page's RDS example are corrected first: its
// own table says Boolean, and full or incre.
func TestBodiesEqualAPIPageExamples(t *testing.T) {
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
			t.Fatal("the mistakes in the page's example have moved")
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

func loaded(t *testing.T, text string) *plan.Plan {
	t.Helper()
	p, ds := plan.Load("plan.yaml", []byte(text))
	if p == nil {
		t.Fatal(ds)
	}
	return p
}

// The effect of each key on the options of a request (page, table 8).
func TestPlanKeysSetRequestOptions(t *testing.T) {
	full := strings.Replace(base, "  - incremental: ims_log1.bak\n", "", 1)
	rds := strings.NewReplacer("  obs:\n    bucket: zyy-obs\n    prefix: floder/\n", "  rds:\n    instance_id: \"7fin04\"\n    version: \"2019_EE\"\n").Replace(full)
	for _, c := range []struct {
		name, text, key string
		want            any // nil: left out
	}{
		{"default", full, "is_cover", false},
		{"default", full, "is_precheck", true},
		{"default", full, "is_delete_backup_file", true},
		{"default", full, "is_default_restore", false},
		{"default", full, "db_names", []any{"ims"}},
		{"default", full, "reset_db_name_map", map[string]any{}},
		{"overwrite", full + "overwrite: [ims]\n", "is_cover", true},
		{"no precheck", full + "precheck: false\n", "is_precheck", false},
		{"keep", full + "keep_downloaded_backups: true\n", "is_delete_backup_file", false},
		{"all", strings.Replace(full, "[ims]", "all", 1), "is_default_restore", true},
		{"all", strings.Replace(full, "[ims]", "all", 1), "db_names", []any{""}},
		{"rename", full + "rename: ims_new\n", "reset_db_name_map", map[string]any{"": "ims_new"}},
		{"rename", full + "rename: ims_new\n", "is_default_restore", true},
		{"rename", full + "rename: ims_new\n", "db_names", []any{""}},
		{"rds", rds, "is_cover", nil},
		{"rds", rds, "is_default_restore", nil},
		{"rds", rds, "is_delete_backup_file", nil},
		{"rds", rds, "reset_db_name_map", map[string]any{"ims": ""}},
		{"rds, overwrite", rds + "overwrite: [ims]\n", "is_cover", true},
		{"rds, all", strings.Replace(rds, "[ims]", "all", 1), "is_default_restore", true},
		{"rds, all", strings.Replace(rds, "[ims]", "all", 1), "db_names", []any{""}},
	} {
		r, err := steps(t, loaded(t, c.text))[0].Request(1)
		if err != nil {
			t.Fatal(err)
		}
		if got := object(t, r.Body)["options"].(map[string]any)[c.key]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s is %v, want %v", c.name, c.key, got, c.want)
		}
	}
}

// The hash is that of the body, and names are sent as written.
func TestBodyKeepsNamesAndMatchesItsHash(t *testing.T) {
	p := loaded(t, strings.NewReplacer("[ims]", "[订单_<a>&b]").Replace(base))
	r, err := steps(t, p)[0].Request(2)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(r.Body); r.SHA256 != hex.EncodeToString(sum[:]) {
		t.Error("SHA256 is not that of Body")
	}
	if !strings.Contains(string(r.Body), `"订单_<a>&b"`) || !strings.HasSuffix(r.JobName, "-a2") {
		t.Errorf("%s: %s", r.JobName, r.Body)
	}
}

func TestStepsOfPlanWithoutBackupsIsAnError(t *testing.T) {
	for _, p := range []*plan.Plan{nil, {}} {
		if s, err := plan.Steps(p); err == nil || s != nil {
			t.Errorf("%v %v", s, err)
		}
	}
}
