package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// textFiles are the pages and the examples that users read.
func textFiles(t *testing.T) map[string]string {
	t.Helper()
	root := os.DirFS("../..")
	out := map[string]string{}
	for _, at := range []string{"README.md", "docs", "examples"} {
		err := fs.WalkDir(root, at, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(path, "examples/check/") {
				return err
			}
			text, err := fs.ReadFile(root, path)
			out[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

var shellBlock = regexp.MustCompile("(?ms)^ *```(sh|console)\n(.*?)^ *```")

// TestCommandsInDocs: every migplan command in a block of shell exists, with
// its flags.
func TestCommandsInDocs(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for name, text := range textFiles(t) {
		for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
			for line := range strings.Lines(block[2]) {
				command, typed := strings.CutPrefix(strings.TrimSpace(line), "$ ")
				if block[1] == "console" && !typed || strings.HasPrefix(command, "migplan aply") {
					continue // an output, or the example of a mistake
				}
				for range checkLine(t, name, command) {
					seen[name]++
				}
			}
		}
	}
	for _, name := range []string{"README.md", "docs/install.md", "docs/recovery.md"} {
		if seen[name] == 0 {
			t.Errorf("no command in %s was checked", name)
		}
	}
}

var (
	variable = regexp.MustCompile(`\b(MIGPLAN|HUAWEICLOUD|HW|HC)_[A-Z_]*[A-Z]\b`)
	quoted   = regexp.MustCompile(`"([A-Z]+_[A-Z_]+)"`)
)

// TestVariablesInDocs: every variable in a page or an example is one that the
// program reads.
func TestVariablesInDocs(t *testing.T) {
	t.Parallel()
	var known []string
	for _, dir := range []string{".", "../../internal/credentials"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllSubmatch(source, -1) {
				if !strings.HasSuffix(file, "_test.go") {
					known = append(known, string(m[1]))
				}
			}
		}
	}
	seen := 0
	for name, text := range textFiles(t) {
		for _, v := range variable.FindAllString(text, -1) {
			seen++
			if !slices.Contains(known, v) {
				t.Errorf("%s names %s, which nothing reads", name, v)
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d variables were seen", seen)
	}
}
