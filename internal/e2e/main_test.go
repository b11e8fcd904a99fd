//go:build linux && amd64

package e2e_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var all = flag.Bool("all", false, "kill and fail at every call, not at a sample of them")

// binary is the command under test, built once, without the race detector.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "migplan-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "migplan")
	build := exec.Command("go", "build", "-race=false", "-o", binary, "github.com/migplan/migplan/cmd/migplan")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the command: %w\n%s", err, out)
	}
	inMemory()
	code := m.Run()
	postgres.Remove()
	return code, nil
}

// inMemory puts the ledgers of the tests into memory, where a sync costs nothing:
// these tests need the call, not its effect on a disk.
func inMemory() {
	if dir, err := os.MkdirTemp("/dev/shm", "migplan-e2e-"); err == nil {
		_ = os.Remove(dir)
		_ = os.Setenv("TMPDIR", "/dev/shm")
	}
}

// requireStrace fails the test if strace does not work: a skipped test would go
// unnoticed.
func requireStrace(t *testing.T) {
	t.Helper()
	if err := exec.Command("strace", "-f", "true").Run(); err != nil {
		t.Fatalf("strace does not work here (%v): install it, apt-get install strace, and allow ptrace", err)
	}
}

// result is how a process ended and what it printed.
type result struct {
	code           int // -1 when a signal ended it
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\nstdout: %s\nstderr: %s", r.code, r.stdout, r.stderr)
}

// execute runs a program with nothing in its environment but env.
func execute(t *testing.T, env []string, argv ...string) result {
	t.Helper()
	return start(t, env, func(int) {}, argv...)
}

// start is execute, and passes the process id to started at once.
func start(t *testing.T, env []string, started func(pid int), argv ...string) result {
	t.Helper()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := &exec.Cmd{Path: path, Args: argv, Env: env, Stdout: &stdout, Stderr: &stderr}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started(cmd.Process.Pid)
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}
