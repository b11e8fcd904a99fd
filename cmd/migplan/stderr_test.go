package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fullPipe is a full pipe that nobody reads.
func fullPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if err := w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat([]byte("\n"), 4<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if err := w.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// What is said waits for nobody; the log is bounded, errors are not, and once
// somebody reads it all comes in order.
func TestMessagesNeverWait(t *testing.T) {
	r, w := fullPipe(t)
	m := newMessages(w)
	began := time.Now()
	for i := range 40 {
		fmt.Fprintf(logLines{m}, "log %d %s\n", i, strings.Repeat("x", maxWaiting/20))
		fmt.Fprintf(m, "error %d %s\n", i, strings.Repeat("x", maxWaiting/100))
	}
	m.settle(time.Millisecond)
	m.settle(time.Hour) // nothing moves: not waited for again
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	read := make(chan string)
	go func() { b, _ := io.ReadAll(r); read <- strings.TrimLeft(string(b), "\n") }()
	if err := m.close(time.Minute); err != nil {
		t.Error(err)
	}
	w.Close()
	checkMessages(t, <-read)
}

func checkMessages(t *testing.T, got string) {
	t.Helper()
	errs, logged := 0, 0
	for line := range strings.Lines(got) {
		line = strings.SplitAfter(line, " x")[0]
		switch {
		case line == fmt.Sprintf("error %d x", errs):
			errs++
		case line == fmt.Sprintf("log %d x", logged):
			logged++
		case strings.Contains(line, fmt.Sprintf("stderr was not read; %d lines of the log left out here", 40-logged)):
		default:
			t.Errorf("unexpected %.80q after %d errors and %d lines", line, errs, logged)
		}
	}
	if errs != 40 || logged < 10 || logged > 20 || !strings.Contains(got, "left out here") {
		t.Errorf("%d errors, %d lines", errs, logged)
	}
}

func TestMessagesEndWithoutAReader(t *testing.T) {
	_, w := fullPipe(t)
	m := newMessages(w)
	fmt.Fprintln(m, "error: x")
	began := time.Now()
	if err := m.close(50 * time.Millisecond); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	fmt.Fprintln(m, "later") // goes nowhere
}

type brokenWriter struct{ writes int }

func (b *brokenWriter) Write([]byte) (int, error) { b.writes++; return 0, syscall.EPIPE }

func TestMessagesRememberAFailedWrite(t *testing.T) {
	b := &brokenWriter{}
	m := newMessages(b)
	for range 3 {
		fmt.Fprintln(m, "error: x")
	}
	if err := m.close(time.Minute); !errors.Is(err, syscall.EPIPE) || b.writes != 1 {
		t.Errorf("%v after %d writes", err, b.writes)
	}
}

// A run whose stderr nobody reads still sends, records and ends, however
// much it logs.
func TestStderrThatNobodyReadsDelaysNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", chainPlan)
	_, full := fullPipe(t)
	cmd := exec.Command("migplan", "apply", "-v", "plan.yaml")
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, s.env, full
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v; %d jobs", err, len(s.sim.Jobs()))
	}
	s.submitted(t)
}

// submitted wants one job, and its record in the ledger.
func (s *stage) submitted(t *testing.T) {
	t.Helper()
	jobs := s.sim.Jobs()
	if len(jobs) != 1 {
		t.Fatalf("%d jobs", len(jobs))
	}
	if out, _ := s.migplan(t, 0, "history", "plan.yaml"); !strings.Contains(out, "accepted") || !strings.Contains(out, jobs[0].ID) {
		t.Errorf("the ledger does not hold the answer:\n%s", out)
	}
}

// A reader of stderr that goes away takes nothing along: `apply -v 2>&1
// >/dev/null | head -N`.
func TestReaderOfStderrGoesAway(t *testing.T) {
	t.Parallel()
	for lines := range 4 {
		t.Run(fmt.Sprint(lines), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.write(t, "plan.yaml", chainPlan)
			code := s.readLines(t, lines, "apply", "-v", "plan.yaml")
			if code != 141 && (code != 0 || lines < 3) {
				t.Errorf("exit code %d", code)
			}
			s.submitted(t)
		})
	}
}

// readLines runs the command, and closes its stderr after some lines.
func (s *stage) readLines(t *testing.T, lines int, args ...string) int {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("migplan", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = s.dir, s.env, w
	if lines == 0 {
		r.Close()
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	for one := make([]byte, 1); lines > 0; {
		if n, err := r.Read(one); err != nil {
			break
		} else if n == 1 && one[0] == '\n' {
			lines--
		}
	}
	r.Close()
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}
