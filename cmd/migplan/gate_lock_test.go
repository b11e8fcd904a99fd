package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
)

// A lock that goes missing during a run holds back every step; one that was
// never there holds back none.
func TestLockThatGoesMissingHoldsBackSteps(t *testing.T) {
	dir := t.TempDir()
	file, lock := filepath.Join(dir, "ims.yaml"), filepath.Join(dir, "ims.lock.json")
	writeFile(t, file, imsPlan("  - full: ims.bak\n"))
	m := loadPlan(file)
	a := &app{env: func(string) (string, bool) { return "", false }}
	if err := a.lockGate(&planRun{Migration: m}, &remote{}, settings{})(t.Context(), m.Plan.Steps[0]); err != nil {
		t.Errorf("without a lock: %v", err)
	}
	writeFile(t, lock, `{"version":1,"plan":"ims-prod","files":[]}`)
	gate := a.lockGate(&planRun{Migration: m}, &remote{}, settings{})
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	var s *executor.Stop
	if err := gate(t.Context(), m.Plan.Steps[0]); !errors.As(err, &s) || s.Reason != executor.FileNotLocked {
		t.Errorf("%v", err)
	}
}
