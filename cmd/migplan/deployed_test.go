package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// machine is where a file of examples/ is tried: a DRS that checks signatures,
// and a folder in place of the root of the file system.
type machine struct {
	*stage
	t     *testing.T
	moved []string // pairs: a path in the example, and where it is here
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{stage: newGuarded(t, signedBy(rightSK, "", time.Now)), t: t}
	m.folder("plans", 0o755)
	m.write(t, "plans/ims.yaml", chainPlan)
	return m
}

func (m *machine) folder(name string, mode os.FileMode) {
	m.t.Helper()
	dir := filepath.Join(m.dir, name)
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, mode)); err != nil {
		m.t.Fatal(err)
	}
}

// move makes a path of the example one below the machine's folder.
func (m *machine) move(from, name string) {
	m.moved = append(m.moved, from, filepath.Join(m.dir, name))
}

func (m *machine) here(text string) string { return strings.NewReplacer(m.moved...).Replace(text) }

// profile writes the SDK's credentials file.
func (m *machine) profile(name, sk string) {
	m.t.Helper()
	m.write(m.t, name, "[basic]\nak = "+rightAK+"\nsk = "+sk+"\n")
}

// run runs a line of shell with these variables and no others.
func (m *machine) run(want int, env []string, line string) string {
	m.t.Helper()
	program, err := exec.LookPath("migplan")
	if err != nil {
		m.t.Fatal(err)
	}
	c := exec.Command("/bin/sh", "-c", m.here(line))
	c.Dir, c.Env = m.dir, []string{"GORACE=atexit_sleep_ms=0"}
	for _, e := range m.env {
		if strings.HasPrefix(e, "MIGPLAN_ENDPOINT=") {
			c.Env = append(c.Env, e)
		}
	}
	for _, e := range env {
		e = m.here(e)
		if strings.HasPrefix(e, "PATH=") {
			e += ":" + filepath.Dir(program)
		}
		c.Env = append(c.Env, e)
	}
	out, err := c.CombinedOutput()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != want {
		m.t.Fatalf("%s: %v, want exit code %d\n%s", line, err, want, out)
	}
	return string(out)
}

// submits runs a line with a wrong secret key, which must be denied, and with
// the right one, which must submit the first step into the ledger.
func (m *machine) submits(credentials, ledger string, env []string, line string) {
	m.t.Helper()
	m.profile(credentials, "skWrongWrongWrongWrongWrongWrongWrong12")
	m.run(77, env, line)
	m.profile(credentials, rightSK)
	m.run(0, env, line)
	if jobs := m.sim.Jobs(); len(jobs) != 1 {
		m.t.Errorf("%d jobs, want 1", len(jobs))
	}
	if _, err := os.Stat(filepath.Join(m.dir, ledger, "ledger.db")); err != nil {
		m.t.Error(err)
	}
}

func readExample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "examples", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCronExample runs the line of the crontab with cron's environment.
func TestCronExample(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.move("/var/lib/migplan", "ledger")
	m.move("/etc/migplan/credentials", "credentials")
	m.move("/srv/plans", "plans")
	env := []string{"HOME=/var/lib/migplan", "LOGNAME=migplan"}
	jobs := 0
	for line := range strings.Lines(readExample(t, "cron/migplan")) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		switch {
		case line == "" || line[0] == '#':
		case !strings.Contains(fields[0], "*") && strings.Contains(fields[0], "="):
			env = append(env, line)
		default:
			jobs++
			if len(fields) < 7 || fields[5] != "migplan" || strings.Contains(line, "%") {
				t.Fatalf("not five fields, the user and a command: %s", line)
			}
			command := strings.Join(fields[6:], " ")
			if got := checkLine(t, "examples/cron/migplan", command); !slices.Equal(got, []string{"migplan apply"}) {
				t.Errorf("%s runs %v", command, got)
			}
			m.submits("credentials", "ledger", env, command)
		}
	}
	if jobs != 1 {
		t.Errorf("%d jobs in the crontab", jobs)
	}
}
