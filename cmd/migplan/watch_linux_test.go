package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal is a pseudo terminal: what a person has, and what a program sees
// (pts(4)).
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

func resize(t *testing.T, terminal *os.File, width, height uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width}); err != nil {
		t.Fatal(err)
	}
}

// readUntil reads what the terminal shows until the text has been there n times.
func readUntil(t *testing.T, terminal *os.File, text string, n int) string {
	t.Helper()
	var all []byte
	for buf := make([]byte, 1<<12); strings.Count(string(all), text) < n; {
		got, err := terminal.Read(buf)
		if all = append(all, buf[:got]...); err != nil {
			t.Fatalf("the terminal ended before %q: %v\n%s", text, err, all)
		}
	}
	return string(all)
}

// status --watch draws on a terminal, again at once when that has another size, and
// ends at Ctrl-C with the code of what it showed.
func TestStatusWatch(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.write(t, "plan.yaml", imsPlan("  - full: ims.bak\n  - cutover:\n      not_after: 2020-01-02T00:00:00+08:00\n"))
	person, program := openTerminal(t)
	resize(t, person, 60, 40)
	cmd := exec.Command("migplan", "status", "--watch", "plan.yaml")
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, s.env, program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const drawn = "\x1b[J"
	checkRows(t, readUntil(t, person, drawn, 1), 60)
	resize(t, person, 40, 30)
	checkRows(t, readUntil(t, person, drawn, 1), 40)
	if _, err := person.Write([]byte{3}); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 7 {
		t.Errorf("exit code %d, want 7", got)
	}
}

// checkRows wants rows that fit a terminal, one of which has the state.
func checkRows(t *testing.T, shown string, width int) {
	t.Helper()
	if !strings.Contains(shown, ": held") {
		t.Errorf("the state is missing in %q", shown)
	}
	_, frame, _ := strings.Cut(shown, "\x1b[H")
	for row := range strings.Lines(frame) {
		row = strings.TrimRight(strings.ReplaceAll(row, "\x1b[K", ""), "\r\n")
		if len(row) >= width && !strings.Contains(row, "…") {
			t.Errorf("a row of %d characters on a terminal of %d: %q", len(row), width, row)
		}
	}
}
