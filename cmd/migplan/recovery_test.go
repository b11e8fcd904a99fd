package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stop is one way to get an exit code: what comes before, and the command
// that the document shows.
type stop struct {
	faults []string
	plan   string // what comes behind `backups:`
	first  func(t *testing.T, s *stage)
	args   []string
}

const (
	fullOnly = "  - full: ims.bak\n"
	oneLog   = fullOnly + "  - incremental: LOG/ims_log1.bak\n"
)

// stops are the examples of docs/recovery.md.
func stops() map[int]stop {
	finish := func(t *testing.T, s *stage) { s.migplan(t, 0, "apply", "--wait", "--timeout", "60s", "ims.yaml") }
	return map[int]stop{
		0: {plan: oneLog, args: []string{"apply", "ims.yaml"}},
		1: {plan: fullOnly, args: []string{"apply", "--ledger", "state/migplan", "ims.yaml"}},
		3: {plan: oneLog, args: []string{"apply", "ims.yaml"}, first: func(t *testing.T, s *stage) {
			finish(t, s)
			s.write(t, "ims.yaml", imsPlan(oneLog+"  - cutover\n"))
		}},
		4: {plan: oneLog, faults: []string{"job-failed@2:Failed to obtain the restoration file information."},
			args: []string{"apply", "ims.yaml"}, first: func(t *testing.T, s *stage) { s.migplan(t, 4, "apply", "--wait", "--timeout", "60s", "ims.yaml") }},
		5: {plan: fullOnly, faults: []string{"lost-before-accept@1"}, args: []string{"apply", "--timeout", "4s", "ims.yaml"}},
		6: {plan: fullOnly, args: []string{"apply", "ims.yaml"}, first: func(t *testing.T, s *stage) {
			finish(t, s)
			if err := os.RemoveAll(filepath.Join(s.dir, "ledger")); err != nil {
				t.Fatal(err)
			}
		}},
		7: {plan: fullOnly + "  - incremental: LOG/ims_tail.bak\n  - cutover\n", args: []string{"apply", "ims.yaml"},
			first: func(t *testing.T, s *stage) { s.migplan(t, 7, "apply", "--wait", "--timeout", "60s", "ims.yaml") }},
		10: {plan: oneLog, args: []string{"plan", "--exit-code", "ims.yaml"}},
		64: {plan: oneLog, args: []string{"aply", "ims.yaml"}},
		75: {plan: fullOnly, faults: []string{"502-before-accept@2"}, args: []string{"apply", "ims.yaml"}, first: func(t *testing.T, s *stage) {
			finish(t, s)
			s.write(t, "ims.yaml", imsPlan(oneLog))
			s.migplan(t, 75, "apply", "--timeout", "4s", "ims.yaml")
		}},
		77: {plan: fullOnly, faults: []string{"list-401@1"}, args: []string{"apply", "ims.yaml"}},
	}
}

func imsPlan(backups string) string {
	head, _, _ := strings.Cut(chainPlan, "  - full")
	return head + backups
}

// TestRecovery holds the examples of docs/recovery.md against what the command
// says; -update rewrites them.
func TestRecovery(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "recovery.md")
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(was)
	for code, stop := range stops() {
		want := example(t, code, stop)
		block := regexp.MustCompile(`(?s)<!-- example: ` + strconv.Itoa(code) + " -->\n(\n```console\n.*?\n```\n)?")
		got := block.FindStringSubmatch(text)
		switch {
		case got == nil:
			t.Errorf("docs/recovery.md has no place for an example of %d", code)
		case got[1] != want && !*update:
			t.Errorf("docs/recovery.md shows for %d\n%s\nand the command says\n%s", code, got[1], want)
		}
		text = block.ReplaceAllLiteralString(text, "<!-- example: "+strconv.Itoa(code)+" -->\n"+want)
	}
	if *update && text != string(was) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// reach runs a plan into the stop, and returns what the last command said.
func (stop stop) reach(t *testing.T, code int) (s *stage, stdout, stderr string) {
	t.Helper()
	s = newStage(t, stop.faults...)
	s.write(t, "ims.yaml", imsPlan(stop.plan))
	if stop.first != nil {
		stop.first(t, s)
	}
	stdout, stderr = s.migplan(t, code, stop.args...)
	return s, stdout, stderr
}

// inOneNight moves the times of a text to one night. Their distances stay, in whole
// minutes.
func inOneNight(said string) string {
	night, first := time.Date(2027, 3, 6, 23, 0, 0, 0, time.UTC), time.Time{}
	return regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)`).ReplaceAllStringFunc(said, func(text string) string {
		at, _ := time.Parse(time.RFC3339, text)
		if first.IsZero() {
			first = at
		}
		return night.Add(at.Sub(first).Round(time.Minute)).Format(time.RFC3339)
	})
}

// example is a command and what it says on both outputs, without its logs, and
// with all that differs from run to run made equal.
func example(t *testing.T, code int, stop stop) string {
	t.Helper()
	s, stdout, stderr := stop.reach(t, code)
	if at := strings.Index(stdout, "\nstep 1: POST"); at >= 0 {
		stdout = stdout[:at] + "\n... (the bytes of each request)\n"
	}
	var b strings.Builder
	if line, rest, _ := strings.Cut(stderr, "\n"); strings.HasPrefix(line, "new ledger: ") {
		stdout, stderr = line+"\n"+stdout, rest // printed first
	}
	for _, line := range strings.SplitAfter(stdout+stderr, "\n") {
		if !strings.HasPrefix(line, `{"level":`) {
			b.WriteString(line)
		}
	}
	said := b.String()
	for _, c := range []struct{ form, same string }{
		{regexp.QuoteMeta(s.dir), "/home/dba"},
		{`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]+jb\d+`, "60cf7d2e-5a45-4b13-8e45-2fa7a13jb701"},
		{`http://127\.0\.0\.1:\d+`, "https://drs.ap-southeast-3.myhuaweicloud.com"},
		{`\(request [0-9a-f]+\)`, "(request 5f3c9a0de1b24c77)"},
	} {
		said = regexp.MustCompile(c.form).ReplaceAllString(said, c.same)
	}
	said = inOneNight(said)
	return "\n```console\n$ migplan " + strings.Join(stop.args, " ") + "\n" + said + "$ echo $?\n" + strconv.Itoa(code) + "\n```\n"
}
