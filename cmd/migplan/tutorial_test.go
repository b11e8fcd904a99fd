package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// typedCommand is a command of a page, with the lines of its here-document.
var typedCommand = regexp.MustCompile(`(?m)^\$ (.*<<'END'\n(?s:.*?)\nEND|.*)\n`)

var consolePart = regexp.MustCompile("(?s)```console\n(.*?)```")

// TestTutorial runs every command of docs/tutorial.md in one shell, in an empty
// folder, and compares what each prints. -update rewrites the outputs.
func TestTutorial(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "tutorial.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range consolePart.FindAllStringSubmatch(string(page), -1) {
		for _, m := range typedCommand.FindAllStringSubmatch(block[1], -1) {
			commands = append(commands, m[1])
		}
	}
	outputs := inOneShell(t, commands)
	n := 0
	fresh := consolePart.ReplaceAllStringFunc(string(page), func(block string) string {
		shown, next := strings.TrimSuffix(strings.TrimPrefix(block, "```console\n"), "```"), ""
		for range typedCommand.FindAllString(shown, -1) {
			next += "$ " + commands[n] + "\n" + outputs[n]
			n++
		}
		if plain(next) != plain(shown) && !*update {
			t.Errorf("the tutorial shows\n%s\nand the commands print\n%s", shown, next)
		}
		return "```console\n" + next + "```"
	})
	if n < 20 {
		t.Errorf("only %d commands were found", n)
	}
	if *update {
		if err := os.WriteFile(file, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// inOneShell runs commands one after the other and returns what each printed.
func inOneShell(t *testing.T, commands []string) []string {
	t.Helper()
	dir, address := t.TempDir(), freeAddress(t)
	const mark = "\x01"
	script := "exec 2>&1\ntrap 'kill $SIMULATOR 2>/dev/null' EXIT\n"
	for _, c := range commands {
		script += strings.ReplaceAll(c, "127.0.0.1:18080", address) + "\nstatus=$?; printf '" + mark + "'; (exit $status)\n"
	}
	shell := exec.Command("/bin/sh", "-c", script)
	shell.Dir = dir
	shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC", "GORACE=atexit_sleep_ms=0"}
	out, err := shell.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	said := strings.NewReplacer(dir, "/home/dba/crm", address, "127.0.0.1:18080").Replace(string(out))
	said = regexp.MustCompile(`read by user \w+`).ReplaceAllString(said, "read by user dba")
	said = regexp.MustCompile(`\(\d+s ago\)`).ReplaceAllString(said, "(2s ago)")
	said = regexp.MustCompile(`by \S+ on [^:\s]+`).ReplaceAllString(said, "by dba on runner1")
	parts := strings.Split(said, mark)
	if len(parts) != len(commands)+1 {
		t.Fatalf("%d outputs of %d commands:\n%s", len(parts)-1, len(commands), said)
	}
	return parts
}

// freeAddress is one on loopback that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
