package plan_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/plan"
)

func wholeDraft() plan.Draft {
	return plan.Draft{
		Name: "ims-prod", Region: "ap-southeast-3", ProjectID: "054ba152d480d55b2f5dc0069e7ddef0",
		InstanceID: "0a3182607bc549bcb46cc9a8755761a6in04", Bucket: "zyy-obs", Prefix: "floder/", Databases: []string{"ims"},
	}
}

func loadDraft(t testing.TB, d plan.Draft) (*plan.Plan, []plan.Diagnostic) {
	t.Helper()
	text, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return plan.Load("plan.yaml", text)
}

func TestDraftOfGivenValuesIsValid(t *testing.T) {
	for _, databases := range [][]string{{"ims"}, {"ims", "crm_2"}, {"all"}} {
		d := wholeDraft()
		d.Databases = databases
		p, ds := loadDraft(t, d)
		if p == nil || len(ds) > 0 {
			t.Fatal(ds)
		}
		if p.Name != d.Name || p.Target.ProjectID != d.ProjectID || p.Source.OBS.Bucket != d.Bucket || p.Source.OBS.Prefix != d.Prefix {
			t.Errorf("got %+v", p)
		}
		if p.Databases.All != (databases[0] == "all") || !p.Databases.All && !slices.Equal(p.Databases.Names, databases) {
			t.Errorf("databases %v, want %v", p.Databases, databases)
		}
		if p.Overwrite || p.Cutover != nil {
			t.Error("a draft overwrites or cuts over")
		}
	}
}

// Each missing value is refused at its line, with what goes there and nothing
// else.
func TestDraftPlaceholdersAreRefused(t *testing.T) {
	text, err := plan.Draft{Name: "ims-prod"}.YAML()
	if err != nil {
		t.Fatal(err)
	}
	p, ds := plan.Load("plan.yaml", text)
	if p != nil {
		t.Fatal("a plan with placeholders is valid")
	}
	lines := strings.Split(string(text), "\n")
	want := []string{"region", "project_id", "instance_id", "bucket", "database", "full"}
	for i, d := range plan.Group(ds) {
		if d.Rule != "placeholder" || i >= len(want) || !strings.Contains(lines[d.Pos.Line-1], "<"+want[i]+">") || strings.HasPrefix(d.Hint, "write the value") {
			t.Errorf("got %v", d)
		}
	}
	if len(ds) != len(want) {
		t.Errorf("got %d diagnostics, want %d: %v", len(ds), len(want), ds)
	}
}

// Whatever is given is read back as it was, or refused.
func TestDraftKeepsOddValues(t *testing.T) {
	odd := rapid.OneOf(rapid.SampledFrom([]string{"yes", "null", "1e3", "0x10", "~", "a: b", "#x", "- a", "<x>", "{a}", "[", "\"", "'", "a\nb", "é", "true", "2027-01-01", "..", "y"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		d := wholeDraft()
		d.Prefix, d.Databases = odd.Draw(t, "prefix"), rapid.SliceOfN(odd, 1, 3).Draw(t, "databases")
		text, err := d.YAML()
		if err != nil {
			t.Fatal(err)
		}
		p, ds := plan.Load("plan.yaml", text)
		for _, c := range ds {
			if slices.Contains([]string{"yaml", "quote", "type", "anchor", "yaml-tag", "one-document", "duplicate-key", "unknown-key"}, c.Rule) {
				t.Fatalf("%q and %q give %v in\n%s", d.Prefix, d.Databases, c, text)
			}
		}
		if p == nil || p.Databases.All {
			return
		}
		if !slices.Equal(p.Databases.Names, d.Databases) || strings.Trim(p.Source.OBS.Prefix, "/") != strings.Trim(d.Prefix, "/") {
			t.Fatalf("%q and %q became %+v in\n%s", d.Prefix, d.Databases, p, text)
		}
	})
}
