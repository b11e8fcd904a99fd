package view

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
)

var (
	field    = regexp.MustCompile(`{{[^}]*}}`)
	tableRow = regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \|$`)
)

// saidBy are all forms of a message, with dots for what differs.
func saidBy(m message) string {
	text := m.What
	for _, cause := range m.Causes {
		text += "\n" + cause.What
	}
	return field.ReplaceAllString(strings.ReplaceAll(text, "{{.Step}}", "step"), "...")
}

// TestRecoveryTable: the table of section 6 has a row for every conflict, and
// none for a message that no longer exists.
func TestRecoveryTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/recovery.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "| message | way out |\n|---|---|\n")
	section, _, _ = strings.Cut(section, "\n\n")
	listed := map[string]bool{} // whether a message has it
	for _, row := range tableRow.FindAllStringSubmatch(section, -1) {
		for phrase := range strings.SplitSeq(row[1], ", ") {
			listed[phrase] = false
		}
	}
	for _, subject := range subjects() {
		for reason, m := range subject {
			if (executor.Stop{Reason: reason}).Class() != executor.Conflict {
				continue
			}
			found := false
			for phrase := range listed {
				if strings.Contains(saidBy(m), phrase) {
					listed[phrase], found = true, true
				}
			}
			if !found {
				t.Errorf("section 6 has no row for %q", saidBy(m))
			}
		}
	}
	source := sources(t)
	for phrase, said := range listed {
		if !said && !strings.Contains(source, phrase) {
			t.Errorf("no message says %q", phrase)
		}
	}
}

// sources is the package: some messages depend on the state of the plan, and are
// put together in its functions.
func sources(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("messages*.go")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			b.Write(text)
		}
	}
	return b.String()
}
