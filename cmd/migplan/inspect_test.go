package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
)

func TestInspectSaysWhyAFileCannotBeRead(t *testing.T) {
	for _, test := range []struct {
		err             error
		summary, action string
	}{
		{&fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}, "the file cannot be read: permission denied", "check its permissions"},
		{fmt.Errorf("read bytes 0 to 9: got 0: %w", &fs.PathError{Op: "read", Path: "a", Err: syscall.EIO}), "the file cannot be read: input/output error", "check the path"},
		{usage{"it is a socket", "give a file"}, "it is a socket", "give a file"},
	} {
		want := []backup.Finding{{ID: findFile, Severity: backup.Error, File: "a", Summary: test.summary, Action: test.action}}
		in := judge([]backup.Backup{{Name: "a", Err: test.err}}, nil)
		if !slices.Equal(in.Findings, want) || classOf(in) != executor.Invalid {
			t.Errorf("%v: %+v, %s", test.err, in.Findings, classOf(in))
		}
	}
}

func TestInspectKeepsTheOrderOfManyFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("%03d.trn", i))
		last := fmt.Sprint(8600 + i)
		writeFile(t, names[i], string(backupBytes("log", map[string]string{"first": "8500", "last": last})))
	}
	slices.Reverse(names)
	all, _ := readBackups(t.Context(), backupFiles(t.Context(), append(names, ".", "./000.trn"), nil))
	for i, b := range all {
		if want := names[i]; b.Name != want || b.Media == nil || b.Set().LastLSN.Block != uint32(8799-i) {
			t.Errorf("%d is %s (%v), want %s", i, b.Name, b.Err, want)
		}
	}
}

func TestInspectEndsWithTryAgainOnASignal(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	a := &app{stdout: &out, stderr: newMessages(&errs)}
	code := a.inspect(ctx, backupFiles(ctx, []string{"."}, nil), "text")
	if _ = a.stderr.close(lastWait); code != executor.TryAgain || out.Len() > 0 || !strings.Contains(errs.String(), "run it again") {
		t.Errorf("%s, %q, %q", code, out.String(), errs.String())
	}
}

// A damaged header may have a name of 32,000 characters: no column is that wide.
func TestInspectBoundsNamesInTheTable(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "a.bak", string(backupBytes("full", map[string]string{"db": strings.Repeat("ü", 5000)})))
	stdout, _, _ := command("inspect", "a.bak")
	if n := len(stdout); n > 2000 || !strings.Contains(stdout, strings.Repeat("ü", 128)+" …") {
		t.Errorf("%d bytes", n)
	}
}

// neverInspected are the findings that take a plan, or an order that Arrange
// does not make.
var neverInspected = []string{
	"several-sets", "no-such-set", "wrong-database", "newer-version", "second-full", "wrong-family", "renamed", "wrong-full",
	"later-log", "later-differential",
}

func TestInspectDocKnowsEveryFinding(t *testing.T) {
	source, err := os.ReadFile("../../pkg/backup/finding.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/inspect.md")
	if err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`Find\w+ +ID = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	want := []string{string(findFile), string(findObject), string(findKMS), string(findPlan)}
	for _, m := range ids {
		if id := m[1]; !slices.Contains(neverInspected, id) {
			want = append(want, id)
		}
	}
	var got []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| [a-z ]*(?:error|warning|info) \\|").FindAllStringSubmatch(string(page), -1) {
		got = append(got, m[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 30 || !slices.Equal(got, want) {
		t.Errorf("the page has\n%q, want\n%q", got, want)
	}
}

// docs/inspect.md shows what this prints.
func TestInspectDocShowsARealOutput(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	writeFile(t, filepath.Join(s.dir, "backups/ims.bak"), string(backupBytes("full", nil)))
	writeFile(t, filepath.Join(s.dir, "backups/LOG/a.trn"), string(backupBytes("log", map[string]string{"first": "8600", "last": "8700"})))
	writeFile(t, filepath.Join(s.dir, "backups/LOG/tail.trn"), string(backupBytes("log", map[string]string{"first": "8700", "last": "8800", "flags": "0x140"})))
	stdout, _ := s.migplan(t, 3, "inspect", "backups")
	page, err := os.ReadFile("../../docs/inspect.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "```text\n$ migplan inspect backups\n" + stdout + "```\n"; !strings.Contains(string(page), want) {
		t.Errorf("the page does not show\n%s", want)
	}
}
