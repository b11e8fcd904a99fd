package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the command's specification by example, all at once.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"stops":   stopsAlike,
			"stopped": stoppedAlike,
			"signal":  signalBackground,
			"exited":  exited,
			"paste":   paste,
			"json":    jsonValue,
			"drs":     drsCommand,
			"age":     age,
			"make":    makeFile,
			"atmost":  atMost,
			"backup":  backupCommand,
			"bucket":  bucketCommand,
		},
	})
}

// setup gives each script a simulated world of its own.
func setup(env *testscript.Env) error {
	env.Setenv("MIGPLAN_AUTH_TOKEN", "any")
	env.Setenv("MIGPLAN_LEDGER", env.WorkDir+"/ledger")
	env.Setenv("GORACE", "atexit_sleep_ms=0") // or each process would sleep a second
	env.Setenv("TZ", "UTC")
	if name := strings.TrimPrefix(filepath.Base(env.WorkDir), "script-"); raceDetector && slices.Contains(raced(), name) {
		env.Setenv("PATH", os.Getenv(racedPath))
	}
	w := &world{}
	env.Values[worldKey{}] = w
	env.Defer(w.stop)
	return nil
}

// exits CODE COMMAND... runs a command and wants this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := exitCodeOf(ts, ts.Exec(args[1], args[2:]...)); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func exitCodeOf(ts *testscript.TestScript, err error) int {
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) {
		ts.Fatalf("%v", err)
	}
	if e != nil {
		return e.ExitCode()
	}
	return 0
}

// signal SIGNAL sends a signal to the command that was last put in the background.
func signalBackground(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}
	running := ts.BackgroundCmds()
	if neg || len(args) != 1 || signals[args[0]] == nil || len(running) == 0 {
		ts.Fatalf("usage: signal TERM|INT|HUP|STOP|CONT, with a command in the background")
	}
	cmd := running[len(running)-1]
	worldOf(ts).killed = cmd
	if args[0] == "STOP" { // a script that fails would wait for it for ever
		time.AfterFunc(time.Minute, func() { _ = cmd.Process.Signal(syscall.SIGCONT) })
	}
	ts.Check(cmd.Process.Signal(signals[args[0]]))
}

// exited CODE wants this exit code of the command that got a signal, after wait;
// -1 is a command that the signal killed.
func exited(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || worldOf(ts).killed == nil {
		ts.Fatalf("usage: exited CODE, after signal and wait")
	}
	state := worldOf(ts).killed.ProcessState
	if state == nil {
		ts.Fatalf("it still runs")
	}
	if got := strconv.Itoa(state.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}
