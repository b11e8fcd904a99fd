package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// docs/verify.md shows what this prints.
func TestVerifyDocShowsARealOutput(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "gap.yaml", imsPlan("  - full: ims.bak\n  - incremental: LOG/2.bak\n  - incremental: LOG/3.bak\n"))
	writeFile(t, filepath.Join(s.dir, "backups/ims.bak"), string(backupBytes("full", nil)))
	writeFile(t, filepath.Join(s.dir, "backups/LOG/2.bak"), string(backupBytes("log", map[string]string{"first": "8600", "last": "8700"})))
	writeFile(t, filepath.Join(s.dir, "backups/LOG/3.bak"), string(backupBytes("log", map[string]string{"first": "8700", "last": "8800"})))
	stdout, _ := s.migplan(t, 3, "verify", "--from", "backups", "gap.yaml")
	const file = "../../docs/verify.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(page), "```text\n$ migplan verify --from backups gap.yaml\n")
	_, after, found := strings.Cut(rest, "```\n")
	want := before + "```text\n$ migplan verify --from backups gap.yaml\n" + stdout + "```\n" + after
	switch {
	case !found:
		t.Fatal("the page has no place for the output")
	case want != string(page) && *update:
		err = os.WriteFile(file, []byte(want), 0o644)
	case want != string(page):
		t.Errorf("the page does not show\n%s", stdout)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Of many files it says on stderr how far it is, and nothing else.
func TestVerifyShowsProgressOfManyFiles(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	entries := "  - full: ims.bak\n"
	writeFile(t, filepath.Join(s.dir, "backups/ims.bak"), string(backupBytes("full", nil)))
	for i := range 220 {
		name := fmt.Sprintf("%d.bak", i)
		entries += "  - incremental: " + name + "\n"
		log := backupBytes("log", map[string]string{"first": fmt.Sprint(8530 + 10*i), "last": fmt.Sprint(8540 + 10*i)})
		writeFile(t, filepath.Join(s.dir, "backups", name), string(log))
	}
	s.write(t, "many.yaml", imsPlan(entries))
	_, stderr := s.migplan(t, 0, "verify", "--from", "backups", "many.yaml")
	if want := "ims-prod: 100 of 221 files read\nims-prod: 200 of 221 files read\n"; stderr != want {
		t.Errorf("stderr is %q, want %q", stderr, want)
	}
}
