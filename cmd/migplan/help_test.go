package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/drssim"
)

// TestHelp: every command has two examples of itself, with flags that exist.
func TestHelp(t *testing.T) {
	t.Parallel()
	a := &app{stdout: &bytes.Buffer{}, stderr: newMessages(&bytes.Buffer{}), env: os.LookupEnv}
	seen := 0
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		seen++
		own := 0
		for line := range strings.Lines(c.Example) {
			for _, path := range checkLine(t, c.CommandPath()+" --help", line) {
				if path == c.CommandPath() || c.HasSubCommands() {
					own++
				}
			}
		}
		if own < 2 {
			t.Errorf("%s has %d examples of itself, want two", c.CommandPath(), own)
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(a.root())
	if seen < 20 {
		t.Errorf("only %d commands were seen", seen)
	}
}

// TestFaultList: --faults shows each kind once, with a sentence.
func TestFaultList(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if code := run([]string{"simulate", "--faults"}, &out, &errs); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	for _, k := range drssim.FaultKinds() {
		n := 0
		for line := range strings.Lines(out.String()) {
			if name, sentence, _ := strings.Cut(strings.TrimSpace(line), " "); name == k.Name && strings.TrimSpace(sentence) == k.Help {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is listed %d times with its sentence", k.Name, n)
		}
	}
}

// TestMan: a page for every command that help shows.
func TestMan(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "man1")
	var out, errs bytes.Buffer
	if code := run([]string{"man", dir}, &out, &errs); code != 0 || out.Len()+errs.Len() > 0 {
		t.Fatalf("%d: %s%s", code, out.String(), errs.String())
	}
	a := &app{stdout: &bytes.Buffer{}, stderr: newMessages(&bytes.Buffer{}), env: os.LookupEnv}
	for _, c := range a.root().Commands() {
		if !c.IsAvailableCommand() || c.Name() == "help" {
			continue
		}
		page, err := os.ReadFile(filepath.Join(dir, "migplan-"+c.Name()+".1"))
		if err != nil || !bytes.Contains(page, []byte(c.Short)) {
			t.Errorf("no page of %s with its subject: %v", c.Name(), err)
		}
	}
	if code := run([]string{"man", filepath.Join(dir, "migplan.1")}, &out, &errs); code != 64 {
		t.Errorf("a file instead of the folder: exit code %d, want 64", code)
	}
}

// TestCompletion asks as a shell does.
func TestCompletion(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", chainPlan)
	s.migplan(t, 0, "apply", "plan.yaml")
	for _, c := range []struct{ want, line string }{
		{"markdown", "plan -o "},
		{"github", "validate -o "},
		{"lost-after-accept@", "rehearse --fault lost"},
		{"list-401@", "simulate --fault list-4"},
		{"3\tincremental", "retry plan.yaml "},
		{"ims-prod", "close --name "},
		{":8", "plan "}, // files with the ending of a plan
	} {
		out, _ := s.migplan(t, 0, append([]string{"__complete"}, strings.Split(c.line, " ")...)...)
		if !strings.Contains(out, c.want) {
			t.Errorf("migplan %s: %q lacks %q", c.line, out, c.want)
		}
	}
}
