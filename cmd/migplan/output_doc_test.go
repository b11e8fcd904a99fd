package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/alerts"
	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/ledger"
)

// documented is the struct of each table of fields in docs/output.md and
// docs/alerts.md.
func documented() map[string]any {
	return map[string]any{
		"validation": view.DiagnosticsJSON{}, "diagnostic": view.DiagnosticJSON{}, "plans": view.PlansJSON{}, "plan": view.PlanJSON{}, "lastpass": view.LastPassJSON{}, "against": view.AgainstJSON{}, "difference": view.DifferenceJSON{},
		"change": view.ChangeJSON{}, "step": view.StepJSON{}, "history": view.HistoryJSON{}, "event": view.EventJSON{},
		"opened": ledger.OpenedData{}, "closed": ledger.ClosedData{}, "intent": ledger.IntentData{}, "outcome": ledger.OutcomeData{},
		"searched": ledger.SearchedData{}, "finished": ledger.FinishedData{}, "decision": ledger.DecisionData{},
		"sight": ledger.SightData{}, "checked": ledger.CheckedData{}, "moved": ledger.MovedData{},
		"inspection": view.InspectionJSON{}, "backupfile": view.MediaJSON{}, "backupset": view.SetJSON{}, "databasefile": backup.File{},
		"restorechain": view.ChainJSON{}, "finding": backup.Finding{},
		"verification": view.VerificationJSON{}, "verified": view.VerifiedJSON{}, "verifiedfile": view.VerifiedFileJSON{},
		"fileset": verify.EntrySet{}, "lockedfile": verify.Entry{}, "verifieddatabase": view.VerifiedDatabaseJSON{}, "planfinding": verify.Finding{},
		"webhook": alerts.WebhookBody{}, "situation": alerts.Situation{},
	}
}

// outputs is each example of docs/output.md: its command, its exit code, and
// what its JSON is.
func outputs() []outputExample {
	return []outputExample{
		{"validate", []string{"validate", "-o", "json", "wrong.yaml"}, 3, &view.DiagnosticsJSON{}},
		{"plan", []string{"plan", "-o", "json", "whole.yaml"}, 0, &view.PlansJSON{}},
		{"apply", []string{"apply", "--wait", "--timeout", "30s", "-o", "json", "ims.yaml"}, 0, &view.PlansJSON{}},
		{"status", []string{"status", "-o", "json", "ims.yaml"}, 0, &view.PlansJSON{}},
		{"history", []string{"history", "-o", "json", "ims.yaml"}, 0, &view.HistoryJSON{}},
		{"inspect", []string{"inspect", "-o", "json", "ims_log.trn"}, 0, &view.InspectionJSON{}},
		{"verify", []string{"verify", "-o", "json", "--from", "backups", "gap.yaml"}, 3, &view.VerificationJSON{}},
	}
}

type outputExample struct {
	name string
	args []string
	code int
	into any
}

const (
	outputDoc = "../../docs/output.md"
	alertsDoc = "../../docs/alerts.md"
)

func readPage(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Each table has the fields of its struct, in order, and says rightly whether
// a field is always there.
func TestOutputDocKnowsEveryField(t *testing.T) {
	tables := map[string][]string{}
	form := regexp.MustCompile("(?s)<!-- fields: ([a-z]+) -->\n\n.*?\n\\|---[^\n]*\n(.*?)\n\n")
	for _, m := range form.FindAllStringSubmatch(readPage(t, outputDoc)+"\n"+readPage(t, alertsDoc), -1) {
		for _, row := range regexp.MustCompile("(?m)^\\| `([A-Za-z0-9_]+)` \\| [^|]+ \\| (always|when known) \\| [^|]+ \\|$").FindAllStringSubmatch(m[2], -1) {
			tables[m[1]] = append(tables[m[1]], row[1]+" "+row[2])
		}
		if rows := strings.Count(m[2], "\n") + 1; rows != len(tables[m[1]]) {
			t.Errorf("%s: %d rows, %d of them in the form of a field", m[1], rows, len(tables[m[1]]))
		}
	}
	for name, value := range documented() {
		if want := fields(reflect.TypeOf(value)); !slices.Equal(tables[name], want) {
			t.Errorf("%s is documented as\n%q\nand is\n%q", name, tables[name], want)
		}
	}
	if len(tables) != len(documented()) {
		t.Errorf("%d tables, want %d", len(tables), len(documented()))
	}
}

func fields(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		if f.Anonymous {
			out = append(out, fields(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		there := "always"
		if strings.HasPrefix(options, "omit") {
			there = "when known"
		}
		out = append(out, name+" "+there)
	}
	return out
}

// No output has a field that no table can describe: a struct inside
// one is documented too.
func TestOutputDocKnowsEveryStruct(t *testing.T) {
	known := map[reflect.Type]bool{}
	for _, v := range documented() {
		known[reflect.TypeOf(v)] = true
	}
	isText := func(t reflect.Type) bool { return t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) }
	for name, v := range documented() {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			inner := f.Type
			for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && !f.Anonymous && !isText(inner) && !known[inner] {
				t.Errorf("%s.%s is a %s, which has no table", name, f.Name, inner)
			}
		}
	}
}

// The examples are what the commands print, with all that differs from run to
// run made equal; -update writes them.
func TestOutputDocShowsRealOutputs(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "ims.yaml", imsPlan("  - full: ims.bak\n"))
	log := backupBytes("log", map[string]string{"first": "8512", "last": "8600"})
	s.write(t, "ims_log.trn", string(log))
	s.write(t, "gap.yaml", imsPlan("  - full: ims.bak\n  - incremental: LOG/2.bak\n"))
	writeFile(t, filepath.Join(s.dir, "backups/ims.bak"), string(backupBytes("full", nil)))
	writeFile(t, filepath.Join(s.dir, "backups/LOG/2.bak"), string(backupBytes("log", map[string]string{"first": "8600", "last": "8700"})))
	s.write(t, "whole.yaml", imsPlan("  - full: ims.bak\n  - cutover\n"))
	s.write(t, "wrong.yaml", strings.Replace(imsPlan("  - full: ims.txt\n  - cutover:\n"), "[ims]", "ims", 1))
	page := readPage(t, outputDoc)
	for _, e := range outputs() {
		printed, _ := s.migplan(t, e.code, e.args...)
		strict(t, e.name, printed, e.into)
		page = shows(t, page, e.name, "\n```console\n$ migplan "+strings.Join(e.args, " ")+"\n"+alike(s, printed)+"```\n")
	}
	if *update {
		if err := os.WriteFile(outputDoc, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// shows checks that a page has this block of text as its example of name, and
// returns the page with it.
func shows(t *testing.T, page, name, want string) string {
	t.Helper()
	place := regexp.MustCompile("(?s)<!-- example: " + name + " -->\n(\n```[a-z]+\n.*?\n```\n)?")
	got := place.FindStringSubmatch(page)
	switch {
	case got == nil:
		t.Errorf("no place for an example of %s", name)
	case got[1] != want && !*update:
		t.Errorf("the example of %s is\n%s\nand should be\n%s", name, got[1], want)
	}
	return place.ReplaceAllLiteralString(page, "<!-- example: "+name+" -->\n"+want)
}

// strict decodes an output without passing over unknown fields, and the data
// of each event as the type of its kind.
func strict(t *testing.T, name, printed string, into any) {
	t.Helper()
	decode := func(data []byte, into any) {
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			t.Errorf("%s: %v in %s", name, err, data)
		}
	}
	decode([]byte(printed), into)
	want := int64(view.Version)
	if h, ok := into.(*view.HistoryJSON); ok {
		want = view.HistoryVersion
		for _, e := range h.Events {
			decode(e.Data, dataOf(t, e.Kind))
		}
	}
	if version := reflect.ValueOf(into).Elem().FieldByName("Version").Int(); version != want {
		t.Errorf("%s has version %d", name, version)
	}
}

func dataOf(t *testing.T, kind ledger.Kind) any {
	t.Helper()
	switch kind {
	case ledger.Opened:
		return &ledger.OpenedData{}
	case ledger.Closed:
		return &ledger.ClosedData{}
	case ledger.Intent:
		return &ledger.IntentData{}
	case ledger.Searched:
		return &ledger.SearchedData{}
	case ledger.JobSucceeded, ledger.JobFailed:
		return &ledger.FinishedData{}
	case ledger.Decision:
		return &ledger.DecisionData{}
	}
	return &ledger.OutcomeData{}
}

// alike replaces what differs from run to run.
func alike(s *stage, printed string) string {
	for _, c := range []struct{ form, same string }{
		{regexp.QuoteMeta(s.dir), "/home/dba"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "2027-03-06T15:00:00Z"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]+jb\d+`, "60cf7d2e-5a45-4b13-8e45-2fa7a13jb701"},
		{`http://127\.0\.0\.1:\d+`, "https://drs.ap-southeast-3.myhuaweicloud.com"},
		{`("request_id"): "[^"]*"`, `$1: "5f3c9a0de1b24c77"`},
		{`("user"): "[^"]*"`, `$1: "dba"`},
		{`("host"): "[^"]*"`, `$1: "jump1"`},
		{`("run"|"intent_run"): "[^"]*"`, `$1: "b1946ac92492d234"`},
		{`("hash"): "[0-9a-f]{64}"`, `$1: "7d0a8468ed220400c0b8e6f335baa7e070ce880a37e2ac5995b9a97b809026de"`},
	} {
		printed = regexp.MustCompile(c.form).ReplaceAllString(printed, c.same)
	}
	return printed
}

// docs/rules.md shows what this says of a file that is not there.
func TestRulesDocShowsTheMissingFile(t *testing.T) {
	t.Parallel()
	stdout, _ := newStage(t).migplan(t, 3, "validate", "absent.yaml")
	rules, err := os.ReadFile(filepath.Join("..", "..", "docs", "rules.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := strings.Replace(stdout, "absent.yaml", "plan.yaml", 1)
	if !strings.Contains(string(rules), fmt.Sprintf("```text\n%s```", shown)) {
		t.Errorf("docs/rules.md does not show %q", shown)
	}
}
