package plan_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/plan"
)

// base is a valid plan that tests modify.
const base = `version: 1
name: ims-prod
target:
  region: ap-southeast-3
  project_id: "054ba152d480d55b2f5dc0069e7ddef0"
  instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"
source:
  obs:
    bucket: zyy-obs
    prefix: floder/
databases: [ims]
backups:
  - full: ims.bak
  - incremental: ims_log1.bak
  - cutover
`

func TestBasePlanIsValid(t *testing.T) {
	if p, ds := plan.Load("base.yaml", []byte(base)); p == nil || len(ds) > 0 {
		t.Fatal(ds)
	}
}

func ruleOf(ds []plan.Diagnostic) string {
	if len(ds) == 0 {
		return ""
	}
	return ds[0].Rule
}

func TestTooLargeFileIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large.yaml")
	comment := append([]byte(base+"#"), bytes.Repeat([]byte("x"), plan.MaxSize)...)
	for size, want := range map[int]string{plan.MaxSize: "", plan.MaxSize + 1: "size"} {
		if want == "" && raceEnabled {
			continue // seconds in the scanner of YAML
		}
		if err := os.WriteFile(file, append(bytes.Clone(comment[:size-1]), '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		_, ds, err := plan.LoadFile(file)
		if err != nil || ruleOf(ds) != want {
			t.Errorf("%d bytes: %v %v, want [%s]", size, ds, err, want)
		}
	}
}

// bomb is the "billion laughs" attack: each line expands to ten of the line before.
func bomb(levels int) string {
	s := "l0: &l0 [x]\n"
	for i := 1; i < levels; i++ {
		name, before := "l"+string(rune('0'+i)), "*l"+string(rune('0'+i-1))
		s += name + ": &" + name + " [" + strings.TrimSuffix(strings.Repeat(before+", ", 10), ", ") + "]\n"
	}
	return s
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: x\n", i)
	}
	return b.String()
}

// The measure is total allocation, which is never less than peak use.
// It is long because it contains a table.
func TestHostilePlanUsesLittleMemory(t *testing.T) {
	size := plan.MaxSize
	if raceEnabled {
		size /= 16 // the scanner of YAML takes seconds then
	}
	for _, c := range []struct {
		name, data, rule string
		mib              uint64
	}{
		{"alias bomb", bomb(10), "unknown-key", 64},
		{"alias bomb in a merge", bomb(9) + "<<: *l8\n", "unknown-key", 64},
		{"10,000 deep in brackets", strings.Repeat("[", 10_000), "yaml", 64},
		{"10,000 deep and closed", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "depth", 64},
		{"9,999 deep in braces", strings.Repeat("{a: ", 9_999) + strings.Repeat("}", 9_999), "depth", 64},
		{"10,000 deep in hyphens", strings.Repeat("- ", 10_000), "depth", 64},
		{"500,000 deep", strings.Repeat("[", 500_000), "yaml", 64},
		{"16 MiB and a byte", strings.Repeat("x", plan.MaxSize+1), "size", 64},
		{"16 MiB in one line", "name: " + strings.Repeat("x", size-len("name: \n")) + "\n", "required", 256},
		{"16 MiB of line breaks", strings.Repeat("\n", plan.MaxSize), "size", 64},
		{"a dense list", "databases: [" + strings.Repeat("1,", 4<<20) + "1]\n", "size", 64},
		{"a dense block", "backups:\n" + strings.Repeat("-\n", 4<<20), "size", 64},
		{"lines of hyphens", strings.Repeat(strings.Repeat("- ", 60)+"\n", plan.MaxSize/121), "size", 64},
		{"lines of deep hyphens", strings.Repeat(strings.Repeat("- ", 4_999)+"\n", plan.MaxSize/9_999), "size", 64},
		{"lines of question marks", strings.Repeat(strings.Repeat("? ", 4_999)+"\n", plan.MaxSize/9_999), "size", 64},
		{"50,000 databases", strings.Replace(base, "[ims]", "["+strings.Repeat("1,", 50_000)+"1]", 1), "size", 64},
		{"20,000 keys", base + manyKeys(20_000), "size", 64},
		{"20,000 empty files", base + strings.Repeat("  - full: \"\"\n", 20_000), "size", 64},
		{"16 MiB of one comment", "#" + strings.Repeat("x", size-1), "empty", 256},
		{"20,000 wrong entries", base + strings.Repeat("  - 7\n", 20_000), "size", 64},
		{"999 wrong entries", base + strings.Repeat("  - 7\n", 999), "type", 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			data := []byte(c.data)
			runtime.ReadMemStats(&before)
			_, ds := plan.Load("hostile.yaml", data)
			runtime.ReadMemStats(&after)
			if len(ds) == 0 || len(ds) > 1000 || !hasRule(ds, c.rule) {
				t.Errorf("%d diagnostics, the first [%s], and none is [%s]", len(ds), ruleOf(ds), c.rule)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > c.mib {
				t.Errorf("%d MiB were allocated, want %d at most", used, c.mib)
			}
		})
	}
}

func hasRule(ds []plan.Diagnostic, rule string) bool {
	for _, d := range ds {
		if d.Rule == rule {
			return true
		}
	}
	return false
}

// The limit on diagnostics must not make an invalid plan valid: here warnings
// reach the limit before the rule that refuses the plan runs.
func TestErrorIsReportedAfterThousandWarnings(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.Replace(base, "  - cutover\n", "", 1))
	for i := range 1100 {
		fmt.Fprintf(&b, "  - incremental: log %d.bak\n", i)
	}
	p, ds := plan.Load("many.yaml", []byte(b.String()))
	if p == nil || len(ds) != 1000 {
		t.Errorf("plan %v with %d diagnostics, want 1,000 warnings", p, len(ds))
	}
	p, ds = plan.Load("many.yaml", []byte(b.String()+`description: "two\nlines"`+"\n"))
	if p != nil || !hasRule(ds, "description-control") {
		t.Errorf("1,000 warnings hid the error after them")
	}
}

// A window is read exactly as written, or refused; it is never dropped.
func TestWindowIsReadExactlyOrRefused(t *testing.T) {
	for _, c := range []struct {
		written string
		want    time.Time // zero: refused
	}{
		{`"2027-03-01T01:00:00+08:00"`, time.Date(2027, 2, 28, 17, 0, 0, 0, time.UTC)},
		{`2027-03-01T01:00:00+08:00`, time.Date(2027, 2, 28, 17, 0, 0, 0, time.UTC)},
		{`2027-03-01T01:00:00Z`, time.Date(2027, 3, 1, 1, 0, 0, 0, time.UTC)},
		{`"2027-03-01T01:00:00.5Z"`, time.Date(2027, 3, 1, 1, 0, 0, 5e8, time.UTC)},
		{written: `2027-03-01t01:00:00z`}, {written: `2027-03-01 01:00:00+08:00`}, {written: `2027-03-01T01:00:00`},
		{written: `2027-03-01`}, {written: `2026-12-31T23:59:60Z`}, {written: `2027-02-29T01:00:00Z`},
		{written: `2027-03-01T24:00:00Z`}, {written: `2027-03-01T01:00:00+24:00`}, {written: `0001-01-01T00:00:00Z`},
		{written: `2027-03-01T01:00:00,5Z`}, {written: `""`}, {written: ``}, {written: `~`}, {written: `1772298000`},
		{written: `[2027-03-01T01:00:00Z]`}, {written: `now`}, {written: `2027-03-01T01:00:00-00:00:00`},
		{written: `" 2027-03-01T01:00:00Z"`}, {written: `"２０２７-03-01T01:00:00Z"`},
	} {
		data := strings.Replace(base, "- cutover", "- cutover:\n      not_before: "+c.written+"\n      not_after: 2050-01-01T00:00:00Z", 1)
		p, ds := plan.Load("window.yaml", []byte(data))
		switch {
		case c.want.IsZero() && p != nil:
			t.Errorf("%s is read as %v", c.written, p.Cutover)
		case !c.want.IsZero() && p == nil:
			t.Errorf("%s: %v", c.written, ds)
		case p != nil && !p.Cutover.NotBefore.Equal(c.want):
			t.Errorf("%s is read as %v, want %v", c.written, p.Cutover.NotBefore, c.want)
		}
	}
}

// Duplicate keys are refused at every level.
func TestDuplicateKeyIsRefusedAtEveryLevel(t *testing.T) {
	full := strings.Replace(base, "- cutover", "- cutover:\n      not_before: 2027-03-01T01:00:00Z\n      not_after: 2050-01-01T00:00:00Z", 1) +
		"tags:\n  - key: team\n    value: dba\n"
	lines := strings.SplitAfter(full, "\n")
	tried := 0
	for i, line := range lines {
		key, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(value) == "" {
			continue
		}
		tried++
		again := strings.Replace(key, "-", " ", strings.Count(key[:len(key)-len(strings.TrimLeft(key, " -"))], "-")) + ":" + value
		data := strings.Join(lines[:i+1], "") + again + strings.Join(lines[i+1:], "")
		if p, ds := plan.Load("twice.yaml", []byte(data)); p != nil || !hasRule(ds, "duplicate-key") {
			t.Errorf("%q twice: %v", line, ds)
		}
	}
	if tried < 14 {
		t.Errorf("only %d keys were tried", tried)
	}
}

// In every string field, a value that YAML reads as another type is refused, and
// the hint shows how to write it.
func TestUnquotedNonStringIsRefused(t *testing.T) {
	fields := []string{"name: ims-prod", "region: ap-southeast-3", "bucket: zyy-obs", "prefix: floder/", "full: ims.bak", "incremental: ims_log1.bak"}
	for _, field := range fields {
		key, _, _ := strings.Cut(field, ":")
		for _, value := range []string{"7", "-1", "0123", "0x1F", "1_000", "1.5", "1e3", ".inf", "-.inf", ".NaN", "true", "False", "null", "~", "18446744073709551616"} {
			p, ds := plan.Load("quote.yaml", []byte(strings.Replace(base, field, key+": "+value, 1)))
			if p != nil || !hasHint(ds, "quote", `quote it: "`+value+`"`) {
				t.Errorf("%s: %s: %v", key, value, ds)
			}
		}
		for _, value := range []string{"2027-03-01", "2001-12-14t21:59:43.10-05:00", "yes", "off", "1:30", "0b", "12e03x", "-"} {
			_, ds := plan.Load("text.yaml", []byte(strings.Replace(base, field, key+": "+value, 1)))
			if hasRule(ds, "quote") {
				t.Errorf("%s: %s is a string: %v", key, value, ds)
			}
		}
	}
}

func hasHint(ds []plan.Diagnostic, rule, hint string) bool {
	for _, d := range ds {
		if d.Rule == rule && d.Hint == hint {
			return true
		}
	}
	return false
}

func TestTimestampKeepsItsText(t *testing.T) {
	p, ds := plan.Load("date.yaml", []byte(strings.Replace(base, "databases: [ims]", "databases: [2027-03-01]\nrename: 2027-03-02\ndescription: 2027-03-03", 1)))
	if p == nil {
		p, ds = plan.Load("date.yaml", []byte(strings.NewReplacer("databases: [ims]", "databases: [2027-03-01]\nrename: 2027-03-02\ndescription: 2027-03-03", "  - incremental: ims_log1.bak\n", "").Replace(base)))
	}
	if p == nil || p.Databases.Names[0] != "2027-03-01" || p.Rename != "2027-03-02" || p.Description != "2027-03-03" {
		t.Errorf("%v %v", p, ds)
	}
}

func TestLoadFileFailsForFolderAndMissingFile(t *testing.T) {
	for _, file := range []string{t.TempDir(), filepath.Join(t.TempDir(), "absent.yaml")} {
		if p, ds, err := plan.LoadFile(file); err == nil || p != nil || ds != nil {
			t.Errorf("%v %v %v", p, ds, err)
		}
	}
}
