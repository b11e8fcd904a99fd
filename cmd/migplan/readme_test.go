package main

import (
	"bytes"
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
)

var update = flag.Bool("update", false, "rewrite the outputs of the README")

var consoleBlock = regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n(.*?)```")

// TestREADME runs every command of the README, in order, and compares what it
// prints with what the README shows. Times, ports and random ids may differ.
func TestREADME(t *testing.T) {
	root := "../.."
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(readme, []byte("\n")); lines > 250 {
		t.Errorf("the README has %d lines, and 250 is the most", lines)
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sim := httptest.NewServer(drssim.New(drssim.Config{Seed: 1, RestoreTime: 100 * time.Millisecond}))
	defer sim.Close()
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "MIGPLAN_ENDPOINT="+sim.URL,
		"MIGPLAN_AUTH_TOKEN=any", "MIGPLAN_LEDGER="+filepath.Join(t.TempDir(), "ledger"), "TZ=UTC", "USER=dba")
	ran := 0
	fresh := consoleBlock.ReplaceAllFunc(readme, func(block []byte) []byte {
		m := consoleBlock.FindSubmatch(block)
		command, shown := string(m[1]), string(m[2])
		ran++
		if command == "go test -race ./..." {
			return block // that is what runs this test
		}
		got := shell(t, root, env, command)
		if !*update && plain(got) != plain(shown) {
			t.Errorf("$ %s\nprints\n%s\nand the README shows\n%s", command, got, shown)
		}
		return []byte("```console\n$ " + command + "\n" + got + "```")
	})
	if ran < 8 {
		t.Errorf("only %d commands were found", ran)
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, "README.md"), fresh, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func shell(t *testing.T, dir string, env []string, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Dir, c.Env = dir, env
	out, err := c.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatalf("$ %s: %v", command, err)
	}
	if strings.HasPrefix(command, "migplan plan") {
		out = head(out, 10)
	}
	return strings.ReplaceAll(string(out), strings.TrimPrefix(env[len(env)-3], "MIGPLAN_LEDGER="), "/tmp/migplan-ledger")
}

// head is the first lines of a long output; the README says so by "...".
func head(out []byte, n int) []byte {
	lines := bytes.SplitAfter(out, []byte("\n"))
	if len(lines) <= n {
		return out
	}
	return append(bytes.Join(lines[:n], nil), "...\n"...)
}

// plain takes from an output what differs from run to run.
func plain(s string) string {
	for _, r := range []struct{ form, by string }{
		{`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]+jb[0-9]+\b`, "JOB"},
		{`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)`, "TIME"},
		{`\b[0-9.]+m?s\b`, "DURATION"},
		{`127\.0\.0\.1:\d+`, "ADDRESS"},
		{`read by user \w+`, "read by user USER"},
		{`ago\) by \S+ on \S+:`, "ago) by USER on HOST:"},
		{` +`, " "},
		{`"time":"[^"]*"`, "TIME"},
		{` ?\(request [0-9a-f]+\)`, ""},
	} {
		s = regexp.MustCompile(r.form).ReplaceAllString(s, r.by)
	}
	return strings.TrimSpace(s)
}
