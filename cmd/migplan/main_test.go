package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes `migplan` in a script the real main in a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"migplan": main})
}

// tests are the tests of this package, with the command that they run.
type tests struct{ *testing.M }

// Run puts a command without the race detector first in PATH if the tests run with
// it: a thousand processes that start with the detector take more time than all
// other tests. raced names the scripts that keep it.
func (t tests) Run() int {
	_ = flag.Set("test.parallel", strconv.Itoa(max(5, runtime.GOMAXPROCS(0)))) // they wait more than they compute
	if !raceDetector {
		return t.M.Run()
	}
	dir, err := os.MkdirTemp("", "migplan-bin-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = buildInto(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return t.M.Run()
}

func buildInto(dir string) error {
	build := exec.Command("go", "build", "-race=false", "-o", filepath.Join(dir, "migplan"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the command: %w\n%s", err, out)
	}
	if err := os.Setenv(racedPath, os.Getenv("PATH")); err != nil {
		return err
	}
	return os.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// racedPath is the variable with the PATH whose command has the race detector.
const racedPath = "MIGPLAN_TEST_RACED_PATH"

// raced are the scripts about what runs at the same time in one process: several
// plans, signals, slow readers, servers, and plan files that change.
func raced() []string {
	return []string{
		"cron", "fleet", "guard", "many", "pipes", "rehearse-leaves", "reread", "reread-folder", "signals", "signals-twice", "verify", "verify-bucket",
	}
}
