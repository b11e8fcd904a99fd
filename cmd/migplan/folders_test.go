package main

import (
	"path/filepath"
	"testing"

	"github.com/migplan/migplan/pkg/plan"
)

// A subfolder that cannot be read, here because it was just removed, is an error
// of its own.
func TestUnreadableSubfolderIsAnError(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "gone")
	found := plansBelow(dir)
	if len(found) != 1 || found[0].file != dir || !found[0].sub || found[0].err == nil {
		t.Fatalf("got %v", found)
	}
	d := cannotRead(found[0].file, "folder", found[0].err)
	if want := "the folder cannot be read: no such file or directory. check the path"; d.Severity != plan.Error || d.Message() != want {
		t.Errorf("got %v, want %s", d, want)
	}
}
