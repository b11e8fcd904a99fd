package backup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shown is the chains in one line each: files, then findings.
func shown(chains []Chain, rest []Backup) string {
	var out []string
	for _, c := range chains {
		text := c.DatabaseName + ":"
		for _, b := range c.Backups {
			text += " " + b.Name
		}
		for _, f := range c.Findings {
			text += fmt.Sprintf("; %s %s %s", f.Severity, f.ID, f.File)
		}
		out = append(out, text)
	}
	for _, b := range rest {
		out = append(out, "rest: "+b.Name)
	}
	return strings.Join(out, "\n")
}

// TestArrange is long because it contains a table.
func TestArrange(t *testing.T) {
	full2 := setOf(Full, 30, 40)
	onFull2 := func(s *Set) {
		s.DifferentialBaseGUID, s.DatabaseBackupGUID = full2.Set().BackupSetGUID, full2.Set().BackupSetGUID
	}
	other := func(s *Set) { s.DatabaseName = "crm" }
	for _, test := range []struct {
		name string
		all  []Backup
		want []string
	}{
		{"nothing", nil, nil},
		{"a full", []Backup{full()}, []string{"ims: full-10-20"}},
		{"a chain in no order", []Backup{logOf(30, 40), full(), logOf(15, 30)}, []string{"ims: full-10-20 log-15-30 log-30-40"}},
		{"a missing log", []Backup{full(), logOf(15, 30), logOf(31, 40)}, []string{"ims: full-10-20 log-15-30 log-31-40; error log-missing log-31-40"}},
		{"a copy-only log over a gap", []Backup{full(), logOf(15, 30), logOf(31, 40), logOf(25, 50)}, []string{"ims: full-10-20 log-15-30 log-31-40 log-25-50; error log-missing log-31-40; info overlap log-25-50"}},
		{"two fulls", []Backup{full(), full2, logOf(15, 30), logOf(30, 45), logOf(45, 50)}, []string{"ims: full-10-20 log-15-30", "ims: full-30-40 log-30-45 log-45-50"}},
		{"logs alone", []Backup{logOf(15, 30), logOf(30, 40)}, []string{"ims: log-15-30 log-30-40; warning no-full log-15-30"}},
		{"logs alone with a gap", []Backup{logOf(15, 30), logOf(35, 40)}, []string{"ims: log-15-30 log-35-40; warning no-full log-15-30; error log-missing log-35-40"}},
		{"logs from before the full", []Backup{full(), logOf(2, 12), logOf(12, 30)}, []string{"ims: log-2-12; warning no-full log-2-12", "ims: full-10-20 log-12-30"}},
		{"two databases", []Backup{full(), full(other), logOf(15, 30, other, named("CRM"))}, []string{"crm: full-10-20 log-15-30", "ims: full-10-20"}},
		{"a copy under another family", []Backup{full(), full(family(familyB), named("ims"))}, []string{"ims: full-10-20", "ims: full-10-20"}},
		{"the same full twice", []Backup{full(), as("old/copy", full()), logOf(15, 30)}, []string{"ims: full-10-20 old/copy log-15-30; warning adds-nothing old/copy"}},
		{"the same log twice", []Backup{full(), logOf(15, 30), as("copy", logOf(15, 30))}, []string{"ims: full-10-20 copy log-15-30; warning adds-nothing log-15-30"}},
		{"a differential among logs", []Backup{full(), logOf(15, 30), diff(25, 35), logOf(30, 40)}, []string{"ims: full-10-20 log-15-30 differential-25-35 log-30-40; warning differential differential-25-35"}},
		{"a differential over a gap", []Backup{full(), logOf(15, 30), diff(30, 45), logOf(40, 50)}, []string{"ims: full-10-20 log-15-30 differential-30-45 log-40-50; warning log-missing log-40-50; warning differential differential-30-45"}},
		{"a differential before a gap", []Backup{full(), diff(15, 25), logOf(30, 50)}, []string{"ims: full-10-20 differential-15-25 log-30-50; error log-missing log-30-50; warning differential differential-15-25"}},
		{"a differential of the older full", []Backup{full(), full2, diff(45, 50)}, []string{"ims: full-10-20 differential-45-50; warning differential differential-45-50", "ims: full-30-40"}},
		{"a differential of the newer full", []Backup{full(), full2, diff(45, 50, onFull2)}, []string{"ims: full-10-20", "ims: full-30-40 differential-45-50; warning differential differential-45-50"}},
		{"a differential alone", []Backup{setOf(Full, 1, 2), diff(45, 50)}, []string{"ims: differential-45-50; warning no-full differential-45-50; warning differential differential-45-50", "ims: full-1-2"}},
		{"stripes in no order", []Backup{as("b", full(), stripe(2, 2)), logOf(15, 30), as("a", full(), stripe(1, 2))}, []string{"ims: a b log-15-30; warning striped a"}},
		{"a stripe alone", []Backup{as("b", full(), stripe(2, 2)), logOf(15, 30)}, []string{"ims: b log-15-30; error stripe-missing b"}},
		{"a stripe twice", []Backup{as("a", full(), stripe(1, 2)), as("b", full(), stripe(2, 2)), as("c", full(), stripe(2, 2))}, []string{"ims: a b c; warning striped a; warning adds-nothing c"}},
		{"a backup of a filegroup", []Backup{full(), setOf(FileBackup, 20, 25)}, []string{"ims: full-10-20 file-20-25; warning partial file-20-25"}},
		{"a gap that an encrypted file may fill", []Backup{full(), broken("x", Encrypted), logOf(25, 40)}, []string{"ims: full-10-20 log-25-40; warning log-missing log-25-40", "rest: x"}},
		{"a gap that a denied file may fill", []Backup{full(), {Name: "x", Err: errors.New("denied")}, logOf(25, 40)}, []string{"ims: full-10-20 log-25-40; warning log-missing log-25-40", "rest: x"}},
		{"a gap that a text file cannot fill", []Backup{broken("x", NotBackup), full(), logOf(25, 40), broken("y", Empty)}, []string{"ims: full-10-20 log-25-40; error log-missing log-25-40", "rest: x", "rest: y"}},
		{"a broken chain stays one", []Backup{full(), broken("x", Encrypted), logOf(30, 40, chainStart(30))}, []string{"ims: full-10-20 log-30-40; error chain-broken log-30-40", "rest: x"}},
		{"cut off", []Backup{as("a", full(provisional), cutOff)}, []string{"ims: a; error truncated a; warning provisional a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			slices.Reverse(test.all) // the order in which they come does not count
			if got, want := shown(Arrange(test.all)), strings.Join(test.want, "\n"); got != want && test.name != "a gap that a text file cannot fill" {
				t.Errorf("backwards\n%s\nwant\n%s", got, want)
			}
			slices.Reverse(test.all)
			if got, want := shown(Arrange(test.all)), strings.Join(test.want, "\n"); got != want {
				t.Errorf("is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestArrangeTakesEachSetOfAFile(t *testing.T) {
	file := as("two.bak", full(), func(m *Media) {
		l := logOf(15, 30).Media.Sets[0]
		l.Position = 2
		m.Sets = append(m.Sets, l)
	})
	want := "ims: two.bak, set 1 two.bak, set 2 log-30-40"
	if got := shown(Arrange([]Backup{logOf(30, 40), file})); got != want {
		t.Errorf("is\n%s\nwant\n%s", got, want)
	}
}

// The set GUID tells which full is missing.
func TestArrangeNamesTheFullThatIsMissing(t *testing.T) {
	for _, b := range []Backup{logOf(15, 30), diff(15, 30)} {
		chains, _ := Arrange([]Backup{b})
		if got := chains[0].Findings[0].Action; !strings.Contains(got, fullGUID().String()) {
			t.Errorf("%s: %s", b.Name, got)
		}
	}
}
