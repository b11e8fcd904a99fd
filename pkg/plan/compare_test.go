package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/plan"
)

const reviewed = `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"}
source: {obs: {bucket: zyy-obs, prefix: floder/}}
databases: [ims]
backups:
  - full: ims.bak
  - incremental: log1.bak
  - incremental: log2.bak
`

const marker = "  - cutover\n"

func differences(old, new *plan.Plan) string {
	var lines []string
	for _, d := range plan.Compare(old, new) {
		lines = append(lines, fmt.Sprintf("%s %d %s %q %q", d.Kind, d.Step, d.Key, d.Old, d.New))
	}
	return strings.Join(lines, "\n")
}

func mustLoad(t testing.TB, text string) *plan.Plan {
	t.Helper()
	p, ds := plan.Load("plan.yaml", []byte(text))
	if p == nil {
		t.Fatalf("%v\n%s", ds, text)
	}
	return p
}

// TestCompare is long because it contains a table.
func TestCompare(t *testing.T) {
	window := "  - cutover:\n      not_before: \"2027-03-01T01:00:00+08:00\"\n      not_after: \"2027-03-01T04:00:00+08:00\"\n"
	with := func(old, new string) string { return strings.Replace(reviewed, old, new, 1) }
	for _, c := range []struct{ name, old, new, want string }{
		{"comments and layout", reviewed, "# why\n" + with("[ims]", "\n  - ims"), ""},
		{"a log is added", reviewed, reviewed + "  - incremental: log3.bak\n", `step-added 4  "" "incremental floder/log3.bak"`},
		{"two are added", reviewed, reviewed + "  - incremental: log3.bak\n  - incremental: log4.bak\n", "step-added 4  \"\" \"incremental floder/log3.bak\"\nstep-added 5  \"\" \"incremental floder/log4.bak\""},
		{"the cutover is added", reviewed, reviewed + marker, `cutover-added 3  "" "at any time, with --confirm-cutover"`},
		{"the cutover is added with a log", reviewed, reviewed + "  - incremental: tail.bak\n" + window,
			"cutover-added 4  \"\" \"not before 2027-03-01T01:00:00+08:00, not after 2027-03-01T04:00:00+08:00\"\nstep-added 4  \"\" \"incremental floder/tail.bak\""},
		{"the cutover is removed", reviewed + marker, reviewed, `cutover-removed 3  "at any time, with --confirm-cutover" ""`},
		{"the cutover moves", reviewed + marker, reviewed + "  - incremental: log3.bak\n" + marker, "cutover-moved 3  \"step 3\" \"step 4\"\nstep-added 4  \"\" \"incremental floder/log3.bak\""},
		{"the window changes", reviewed + window, reviewed + strings.Replace(window, "T04", "T05", 1),
			`window-changed 0  "not before 2027-03-01T01:00:00+08:00, not after 2027-03-01T04:00:00+08:00" "not before 2027-03-01T01:00:00+08:00, not after 2027-03-01T05:00:00+08:00"`},
		{"nobody is asked", reviewed + window, reviewed + window + "      unattended: true\n",
			`window-changed 0  "not before 2027-03-01T01:00:00+08:00, not after 2027-03-01T04:00:00+08:00" "not before 2027-03-01T01:00:00+08:00, not after 2027-03-01T04:00:00+08:00, unattended"`},
		{"newer backups are ignored", reviewed + window, reviewed + window + "      ignore_newer: [late.bak]\n", `guard-changed 0  "" "ignoring floder/late.bak"`},
		{"no tail log is required", reviewed + window + "      tail_log: required\n", reviewed + window, `guard-changed 0  "only after a tail-log backup" ""`},
		{"the cutover is added with a tail log", reviewed, reviewed + "  - cutover: {tail_log: required, ignore_newer: [late.bak]}\n",
			`cutover-added 3  "" "at any time, with --confirm-cutover; only after a tail-log backup, ignoring floder/late.bak"`},
		{"it overwrites", reviewed, reviewed + "overwrite: [ims]\n", `overwrite-added 1 overwrite "" "with --confirm-overwrite"`},
		{"it overwrites no longer", reviewed + "overwrite: [ims]\n", reviewed, `overwrite-removed 1 overwrite "with --confirm-overwrite" ""`},
		{"it overwrites alone", reviewed + "overwrite: [ims]\n", reviewed + "overwrite: [ims]\noverwrite_unattended: true\n", `overwrite-changed 0 overwrite_unattended "with --confirm-overwrite" "without a person"`},
		{"a step is edited", reviewed, with("log1.bak", "log1b.bak"), `step-changed 2  "incremental floder/log1.bak" "incremental floder/log1b.bak"`},
		{"a step is inserted", reviewed, with("  - incremental: log2", "  - incremental: log1b.bak\n  - incremental: log2"), `step-added 3  "" "incremental floder/log1b.bak"`},
		{"a step is removed", reviewed, with("  - incremental: log1.bak\n", ""), `step-removed 2  "incremental floder/log1.bak" ""`},
		{"the last step is removed", reviewed, with("  - incremental: log2.bak\n", ""), `step-removed 3  "incremental floder/log2.bak" ""`},
		{"two steps change places", reviewed, strings.NewReplacer("log1", "log2", "log2", "log1").Replace(reviewed),
			"step-changed 2  \"incremental floder/log1.bak\" \"incremental floder/log2.bak\"\nstep-changed 3  \"incremental floder/log2.bak\" \"incremental floder/log1.bak\""},
		{"the generation is raised", reviewed, reviewed + "generation: 2\n", `chain-changed 1 generation "1" "2"`},
		{"the name changes", reviewed, with("ims-prod", "ims-test"), `chain-changed 1 name "ims-prod" "ims-test"`},
		{"the instance changes", reviewed, with("0a3182607", "1a3182607"), `chain-changed 1 target.instance_id "0a3182607bc549bcb46cc9a8755761a6in04" "1a3182607bc549bcb46cc9a8755761a6in04"`},
		{"the databases change", reviewed, with("[ims]", "all"), `content-changed 1 databases "ims" "all"`},
		{"the bucket changes", reviewed, with("zyy-obs", "other-obs"), `content-changed 1 source "bucket zyy-obs" "bucket other-obs"`},
		{"the precheck is switched off", reviewed, reviewed + "precheck: false\n", `request-changed 1 precheck "true" "false"`},
		{"the tags change", reviewed, reviewed + "tags: [{key: team, value: dba}]\n", `request-changed 1 tags "" "team=dba"`},
	} {
		if got := differences(mustLoad(t, c.old), mustLoad(t, c.new)); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

// Plans without a difference have the same requests, and plans whose requests
// differ have one.
func TestCompareFindsEveryChangeOfARequest(t *testing.T) {
	edits := [][2]string{
		{"ims-prod", "ims-test"}, {"ap-southeast-3", "ap-southeast-2"}, {"054ba152", "154ba152"}, {"0a318260", "1a318260"}, {"zyy-obs", "other"}, {"floder/", "folder/"},
		{"[ims]", "[crm]"}, {"[ims]", "all"}, {"log1.bak", "log9.bak"}, {"  - incremental: log2.bak\n", ""}, {"  - incremental: log2.bak\n", "  - incremental: log2.bak\n  - cutover\n"},
		{"version: 1\n", "version: 1\nprecheck: false\n"}, {"version: 1\n", "version: 1\ngeneration: 3\n"}, {"version: 1\n", "version: 1\nkeep_downloaded_backups: true\n"},
		{"version: 1\n", "version: 1\ndescription: nightly\n"}, {"version: 1\n", "version: 1\ntags: [{key: a, value: b}]\n"}, {"region:", "filestream: true, region:"},
		{"region:", "enterprise_project_id: \"0\", region:"}, {"version: 1\n", "# a comment\nversion: 1\n"},
	}
	rapid.Check(t, func(t *rapid.T) {
		edited := func(label string) string {
			text := reviewed
			for _, e := range rapid.SliceOfN(rapid.SampledFrom(edits), 0, 3).Draw(t, label) {
				text = strings.Replace(text, e[0], e[1], 1)
			}
			return text
		}
		old, _ := plan.Load("plan.yaml", []byte(edited("old")))
		new, _ := plan.Load("plan.yaml", []byte(edited("new")))
		if old == nil || new == nil {
			return // an edit made twice gives a duplicate key
		}
		same, ds := slices.Equal(bodies(t, old), bodies(t, new)) && old.Target.Region == new.Target.Region, plan.Compare(old, new)
		if same != (len(ds) == 0) {
			t.Fatalf("requests are equal: %v, but %v", same, ds)
		}
	})
}

func bodies(t *rapid.T, p *plan.Plan) []string {
	out := []string{p.Target.ProjectID}
	for _, s := range p.Steps {
		req, err := s.Request(1)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(req.Body))
	}
	return out
}

func TestFirstChanged(t *testing.T) {
	for _, c := range []struct {
		new  string
		want int
	}{
		{reviewed, 0},
		{reviewed + "  - incremental: log3.bak\n", 0},
		{reviewed + marker, 3},
		{strings.Replace(reviewed, "log1", "log9", 1), 2},
		{strings.Replace(reviewed, "  - incremental: log2.bak\n", "", 1), 3},
		{strings.Replace(reviewed, "[ims]", "all", 1), 1},
		{reviewed + "precheck: false\n", 0},
		{reviewed + "overwrite: [ims]\n", 1},
	} {
		if got := plan.FirstChanged(mustLoad(t, reviewed), mustLoad(t, c.new)); got != c.want {
			t.Errorf("got %d, want %d for\n%s", got, c.want, c.new)
		}
	}
}
