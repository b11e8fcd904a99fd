package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// measure runs a command and prints what it cost, as JSON. The peak memory of a
// process counts from that of the process which started it, so this small one
// starts it and not the benchmark.
func measure(w io.Writer, argv []string) error {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = &stderr
	if os.Getenv("BARE_STDOUT") != "" {
		cmd.Stdout = &stdout
	}
	began := time.Now()
	err := cmd.Run()
	wall := time.Since(began)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	cost := map[string]any{
		"cpu": cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), "wall": wall,
		"code": cmd.ProcessState.ExitCode(), "stdout": stdout.String(), "stderr": stderr.String(),
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		cost["peak_kib"] = u.Maxrss
	}
	return json.NewEncoder(w).Encode(cost)
}
