package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/ini.v1"

	"github.com/migplan/migplan/pkg/executor"
)

// unit is a unit file of examples/systemd.
func unit(t *testing.T, name string) *ini.File {
	t.Helper()
	f, err := ini.LoadSources(ini.LoadOptions{AllowShadows: true, IgnoreInlineComment: true}, []byte(readExample(t, "systemd/"+name)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSystemdExample runs ExecStart with what systemd gives it: the state
// directory, and the credential in a folder of its own.
func TestSystemdExample(t *testing.T) {
	t.Parallel()
	service := unit(t, "migplan.service").Section("Service")
	command := service.Key("ExecStart").Value()
	if got := checkLine(t, "migplan.service", command); !slices.Equal(got, []string{"migplan apply"}) {
		t.Errorf("ExecStart runs %v", got)
	}
	for key, want := range map[string]string{
		"Type": "oneshot", "User": "migplan", "StateDirectory": "migplan", "StateDirectoryMode": "0700",
		"SuccessExitStatus": strconv.Itoa(exitCode(executor.TryAgain)),
	} {
		if got := service.Key(key).Value(); got != want {
			t.Errorf("%s=%s, want %s", key, got, want)
		}
	}
	name, _, _ := strings.Cut(service.Key("LoadCredential").Value(), ":")
	m := newMachine(t)
	m.folder("state", 0o700)
	m.folder("run", 0o700)
	m.move("/usr/local/bin/migplan", "bin/migplan")
	m.folder("bin", 0o755)
	program, err := exec.LookPath("migplan")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(m.dir, "bin", "migplan")); err != nil {
		t.Fatal(err)
	}
	m.move("/srv/plans", "plans")
	m.move("%d", "run")
	env := append(service.Key("Environment").ValueWithShadows(), "STATE_DIRECTORY="+filepath.Join(m.dir, "state"), "PATH=/usr/bin:/bin")
	m.submits("run/"+name, "state", env, command)
}

// TestSystemdTimes: systemd does not end a pass that still has time.
func TestSystemdTimes(t *testing.T) {
	t.Parallel()
	service := unit(t, "migplan.service").Section("Service")
	words := strings.Fields(service.Key("ExecStart").Value())
	pass := duration(t, words[slices.Index(words, "--timeout")+1])
	if limit := duration(t, service.Key("TimeoutStartSec").Value()); limit < pass+time.Minute {
		t.Errorf("a pass may take %v, and systemd ends it after %v", pass, limit)
	}
	if got := unit(t, "migplan.timer").Section("Install").Key("WantedBy").Value(); got != "timers.target" {
		t.Errorf("the timer is wanted by %q", got)
	}
}

// duration reads one of Go or of systemd.
func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.Replace(text, "min", "m", 1))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSystemdAnalyze asks systemd whether it understands every line, and
// how much of the machine the service can reach.
func TestSystemdAnalyze(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not on this machine: the units are only parsed")
	}
	dir := t.TempDir()
	for _, name := range []string{"migplan.service", "migplan.timer"} {
		text := strings.ReplaceAll(readExample(t, "systemd/"+name), "/usr/local/bin/migplan", "/bin/true")
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service := filepath.Join(dir, "migplan.service")
	for _, args := range [][]string{
		{"verify", "--man=no", service, filepath.Join(dir, "migplan.timer")},
		{"security", "--offline=true", "--threshold=20", service},
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}
