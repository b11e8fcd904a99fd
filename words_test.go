package migplan_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ofCommand is a flag, an environment variable, a command or an exit code of
// migplan. Packages that others can use as a library do not know these.
var ofCommand = regexp.MustCompile(`(?i)(^|[^\w-])--[a-z]|MIGPLAN_|exit (code|status)|\bmigplan (adopt|apply|close|history|hold|ledger|lock|plan|release|resolve|retry|status|verify|whoami)\b`)

// namesOfCommand are the lines of a package that name something of the command.
func namesOfCommand(t *testing.T, pkg string) (found []string) {
	t.Helper()
	files, err := filepath.Glob(pkg + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", pkg, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if ofCommand.MatchString(line) {
				found = append(found, file+": "+strings.TrimSpace(line))
			}
		}
	}
	return found
}

func TestExecutorAndLedgerNameNothingOfTheCommand(t *testing.T) {
	for _, pkg := range []string{"pkg/executor", "pkg/ledger"} {
		for _, line := range namesOfCommand(t, pkg) {
			t.Error(line)
		}
	}
	if len(namesOfCommand(t, "internal/view")) == 0 {
		t.Error("the commands in the messages of internal/view are not found")
	}
}
