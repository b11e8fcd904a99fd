package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
)

// notBySimulator are the stops that no script makes, with why not.
func notBySimulator() map[executor.Reason]string {
	return map[executor.Reason]string{
		executor.NotAllowed:     "it ends a person's decision, which is no pass",
		executor.LockHeld:       "a run that did not get the lock makes no pass and records none; sigstop.txtar",
		executor.LockLost:       "the connection that holds the lock must end during a pass; pkg/executor and pkg/ledger",
		executor.PlanInvalid:    "while the file is invalid, status lists its errors with the same code; reread-invalid.txtar",
		executor.PlanReplaced:   "status shows the plan that the file now holds; reread-other.txtar",
		executor.PlanChanged:    "the file must change in each of five passes; afterwards it is another file",
		executor.LedgerConflict: "two runs must send one step at the same time; pkg/executor's model",
		executor.LedgerBusy:     "nothing can be recorded while another process locks the file; pkg/ledger/busy_test.go",
		executor.RaceLost:       "other runs must write between each read and each append; pkg/executor's model",
		executor.RecordLost:     "the disk must fail between a request and its answer; internal/e2e/disk_test.go",
		executor.NotSent:        "the connection must be refused after a listing came through; pkg/executor's model",
		executor.Broken:         "it is a bug in migplan",
	}
}

// TestStatusRepeatsEveryStop: a script makes each stop that can be made, by the
// command stops, which compares what apply says with what status says.
func TestStatusRepeatsEveryStop(t *testing.T) {
	t.Parallel()
	made := map[executor.Reason]bool{}
	for _, m := range allMatches(t, filepath.Join("testdata", "script", "*.txtar"), `(?m)^(?:stops|stopped) \d+ (\S+) `) {
		made[executor.Reason(m)] = true
	}
	never := notBySimulator()
	declared := allMatches(t, filepath.Join("..", "..", "pkg", "executor", "stop.go"), `(?m)^\t\w+ +Reason += "([^"]+)"`)
	if len(declared) < 50 {
		t.Fatalf("found %d reasons", len(declared))
	}
	for _, r := range declared {
		reason := executor.Reason(r)
		if why := never[reason]; reason.Class() != executor.OK && made[reason] == (why != "") {
			t.Errorf("%s: made by a script: %v; why it cannot be: %q", reason, made[reason], why)
		}
	}
}

// allMatches are the first groups of a pattern in files.
func allMatches(t *testing.T, files, pattern string) (found []string) {
	t.Helper()
	names, err := filepath.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			found = append(found, m[1])
		}
	}
	return found
}
