package plan_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/plan"
)

// TestMain makes the generated plans the same in every run; -rapid.seed changes
// them.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.nofailfile": "true"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			_ = f.Value.Set(value)
		}
	}
	os.Exit(m.Run())
}

// anyPlan generates a plan that Load could return.
func anyPlan(t *rapid.T) *plan.Plan {
	p := &plan.Plan{
		Name:        rapid.StringMatching(`[a-z][a-z0-9-]{1,23}`).Draw(t, "name"),
		Description: rapid.StringMatching(`[a-zA-Z0-9 .,;订🧨]{0,180}`).Draw(t, "description"),
		Generation:  rapid.IntRange(1, 9999).Draw(t, "generation"),
		Target:      plan.Target{Region: "r1", ProjectID: hexID(t, "project"), InstanceID: hexID(t, "instance") + "in04"},
		Source:      plan.Source{OBS: &plan.OBS{Bucket: "zyy-obs", Prefix: "floder/"}},
		Databases:   plan.Databases{Names: []string{"ims", "crm"}},
		Overwrite:   rapid.Bool().Draw(t, "overwrite"),
		Precheck:    rapid.Bool().Draw(t, "precheck"),
	}
	for i := range rapid.IntRange(1, 12).Draw(t, "backups") {
		p.Backups = append(p.Backups, backup(t, i))
	}
	if rapid.Bool().Draw(t, "cutover") {
		p.Cutover = &plan.Cutover{}
	}
	return p
}

func hexID(t *rapid.T, label string) string {
	return rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, label)
}

func backup(t *rapid.T, i int) plan.Backup {
	b := plan.Backup{Type: plan.Incremental, Keys: rapid.SliceOfN(rapid.StringMatching(`floder/[a-z/]{1,8}\.bak`), 1, 3).Draw(t, "keys")}
	if i == 0 {
		b.Type = plan.Full
	}
	return b
}

func compiled(t *rapid.T, p *plan.Plan) []plan.Step {
	s, err := plan.Steps(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hashes are the chain hashes of the steps, and of what they would be open.
func hashes(steps []plan.Step) (chain, open []string) {
	for _, s := range steps {
		chain, open = append(chain, s.ChainSHA256), append(open, s.OpenSHA256)
	}
	return chain, open
}

func content(t *rapid.T, r plan.Request) (c drs.CreateOfflineTaskReq) {
	if err := json.Unmarshal(r.Body, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyLastStepOfPlanWithCutoverIsLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		all := compiled(t, p)
		for i, s := range all {
			r, err := s.Request(1)
			if err != nil {
				t.Fatal(err)
			}
			want := p.Cutover != nil && i == len(all)-1
			if s.Last != want || content(t, r).Options.IsLastBackup != want || strings.Contains(string(r.Body), `"is_last_backup":true`) != want {
				t.Fatalf("step %d of %d, marker %v: last %v, %s", s.Seq, len(all), p.Cutover, s.Last, r.Body)
			}
		}
	})
}

// Appending a backup, with or without the marker, changes no hash that is already
// in the ledger.
func TestAppendingChangesNoEarlierHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		p.Cutover = nil
		before, _ := hashes(compiled(t, p))
		p.Backups = append(p.Backups, backup(t, len(p.Backups)))
		after, _ := hashes(compiled(t, p))
		p.Cutover = &plan.Cutover{NotAfter: time.Now()}
		marked, open := hashes(compiled(t, p))
		n := len(before)
		switch {
		case !slices.Equal(before, after[:n]), !slices.Equal(before, marked[:n]):
			t.Fatal("an earlier hash changed")
		case marked[n] == after[n]:
			t.Fatal("the marker is not in the hash of its step")
		case open[n] != after[n]:
			t.Fatal("OpenSHA256 is not the hash without the marker")
		}
	})
}

// covered are the fields that decide what a step does to the database, each with
// a function that changes it, for the whole plan or for step i.
var covered = map[string]func(p *plan.Plan, i int){
	"name":       func(p *plan.Plan, _ int) { p.Name += "x" },
	"generation": func(p *plan.Plan, _ int) { p.Generation++ },
	"project":    func(p *plan.Plan, _ int) { p.Target.ProjectID += "0" },
	"instance":   func(p *plan.Plan, _ int) { p.Target.InstanceID += "0" },
	"filestream": func(p *plan.Plan, _ int) { p.Target.Filestream = !p.Target.Filestream },
	"bucket":     func(p *plan.Plan, _ int) { p.Source = plan.Source{OBS: &plan.OBS{Bucket: "other", Prefix: "floder/"}} },
	"rds":        func(p *plan.Plan, _ int) { p.Source = plan.Source{RDS: &plan.RDS{InstanceID: "a", Version: "b"}} },
	"databases":  func(p *plan.Plan, _ int) { p.Databases.Names = append(slices.Clone(p.Databases.Names), "x") },
	"order":      func(p *plan.Plan, _ int) { p.Databases.Names = []string{"crm", "ims"} },
	"all":        func(p *plan.Plan, _ int) { p.Databases = plan.Databases{All: true} },
	"rename":     func(p *plan.Plan, _ int) { p.Rename += "x" },
	"key":        func(p *plan.Plan, i int) { p.Backups[i].Keys = append(slices.Clone(p.Backups[i].Keys), "x.bak") },
	"split":      func(p *plan.Plan, i int) { p.Backups[i].Keys = []string{p.Backups[i].Keys[0] + ",x"} },
	"type":       func(p *plan.Plan, i int) { p.Backups[i].Type += "x" },
}

func TestCoveredFieldChangesItsHashAndAllLaterHashes(t *testing.T) {
	for name, change := range covered {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyPlan(t)
				before, _ := hashes(compiled(t, p))
				i := rapid.IntRange(0, len(p.Backups)-1).Draw(t, "step")
				change(p, i)
				if name != "key" && name != "split" && name != "type" {
					i = 0
				}
				after, _ := hashes(compiled(t, p))
				for j := range after {
					if (before[j] != after[j]) != (j >= i) {
						t.Fatalf("step %d was changed; step %d: %s, then %s", i+1, j+1, before[j], after[j])
					}
				}
			})
		})
	}
}

// What may be edited while a chain is running is in no hash and no job name.
func TestUncoveredFieldChangesNoHash(t *testing.T) {
	for name, change := range map[string]func(*plan.Plan){
		"description": func(p *plan.Plan) { p.Description += "x" },
		"tags":        func(p *plan.Plan) { p.Tags = []plan.Tag{{Key: "a", Value: "b"}} },
		"precheck":    func(p *plan.Plan) { p.Precheck = !p.Precheck },
		"keep":        func(p *plan.Plan) { p.KeepDownloaded = !p.KeepDownloaded },
		"overwrite":   func(p *plan.Plan) { p.Overwrite = !p.Overwrite },
		"unattended":  func(p *plan.Plan) { p.OverwriteUnattended = !p.OverwriteUnattended },
		"file":        func(p *plan.Plan) { p.File = "moved.yaml" },
		"accept":      func(p *plan.Plan) { p.AcceptDifferential = !p.AcceptDifferential },
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyPlan(t)
				before := compiled(t, p)
				chain, name := p.Chain(), before[0].JobName(1)
				was, _ := hashes(before)
				change(p)
				after := compiled(t, p)
				is, _ := hashes(after)
				if !slices.Equal(was, is) || p.Chain() != chain || after[0].JobName(1) != name {
					t.Fatalf("%v became %v", was, is)
				}
			})
		})
	}
}

var jobNameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{3,49}$`)
