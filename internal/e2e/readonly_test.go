//go:build linux && amd64

package e2e_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// observed are the calls that strace shows: all that take a path, all network
// calls, and those that change a file by its descriptor. With a question mark,
// strace ignores a call that the machine does not have.
const observed = "%file,%network,write,?writev,?pwrite64,?pwritev,?pwritev2,?ftruncate,?fallocate,?fsync,?fdatasync,?sync,?syncfs," +
	"?sync_file_range,?fchmod,?fchown,?fsetxattr,?sendfile,?splice,?tee,?vmsplice,?copy_file_range,?io_uring_setup,?memfd_create"

// allowedCalls are the calls that a reading command may make. Every other
// observed call is an error.
var allowedCalls = []*regexp.Regexp{
	// It reads metadata of files.
	regexp.MustCompile(`^(access|faccessat2?|stat|lstat|statx|newfstatat|statfs|readlink|readlinkat|getcwd)\(`),
	// It opens files for reading; and /dev/null, as the Go runtime may.
	regexp.MustCompile(`^open(at)?\((AT_FDCWD[^,]*, )?"[^"]*", O_RDONLY[|A-Z_]*\)? *(=|<unfinished|,)`),
	regexp.MustCompile(`^open(at)?\((AT_FDCWD[^,]*, )?"/dev/null", `),
	// It prints its result and wakes its own threads.
	regexp.MustCompile(`^write\([12]<`),
	regexp.MustCompile(`^write\([0-9]+<anon_inode:\[eventfd\]>`),
}

var changingFlag = regexp.MustCompile(`O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)`)

// changeBelow matches a call that changes a file below a folder: a reading
// command copies the ledger there if a writer was killed during an append.
func changeBelow(folder string) *regexp.Regexp {
	return regexp.MustCompile(`^(mkdirat|open|openat|write|pwrite64|ftruncate|fsync|fdatasync|fchown|unlink|unlinkat)` +
		`\((AT_FDCWD[^,"]*, "|"|\d+<)` + regexp.QuoteMeta(folder) + `[/>"]`)
}

// forbiddenCalls returns the calls of a trace that are not allowed, and how often
// ledger.db was opened. Changes below the temporary folder are allowed.
func forbiddenCalls(t *testing.T, trace, temporary string) (bad []string, opened int) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	started, below := false, changeBelow(temporary)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		_, line, _ := strings.Cut(lines.Text(), " ")
		line = strings.TrimLeft(line, " ")
		switch {
		case strings.HasPrefix(line, "<..."), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		case strings.HasPrefix(line, "???("): // a thread ended while strace read it
		case strings.HasPrefix(line, "execve(") && !started: // strace starts the command
			started = true
		case below.MatchString(line):
		case !isAllowed(line):
			bad = append(bad, line)
		case strings.HasPrefix(line, "open") && strings.Contains(line, "ledger.db"):
			opened++
		}
	}
	if !started {
		t.Error("the trace shows nothing")
	}
	return bad, opened
}

func isAllowed(line string) bool {
	for _, re := range allowedCalls {
		if re.MatchString(line) {
			return !strings.HasPrefix(line, "open") || strings.Contains(line, `"/dev/null"`) || !changingFlag.MatchString(line)
		}
	}
	return false
}

// straced runs the command under strace with additional options.
func straced(t *testing.T, env []string, options []string, argv ...string) result {
	t.Helper()
	return execute(t, env, append(append([]string{"strace", "-f", "-qq", "-y", "-s", "300"}, options...), argv...)...)
}

// fingerprint describes the files of a folder: names, sizes, modes, times, hashes.
func fingerprint(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = fmt.Sprintf("%d bytes, %s, %x, %s", len(b), info.Mode(), sha256.Sum256(b), info.ModTime())
	}
	return out
}

// ledgers are the states of the ledger in which reading commands are run.
func ledgers(t *testing.T) map[string]*workspace {
	t.Helper()
	none, half := newWorkspace(t, withKeys), newWorkspace(t, withKeys)
	half.passes(2)
	var inAppend point
	for _, p := range allPoints(t, withKeys) {
		if p.name == "pwrite64" && filepath.Base(p.path) == "ledger.db" {
			inAppend = p
		}
	}
	hot := newStage(t, withKeys).before(t, inAppend.pass)
	if !hot.killAt(inAppend) {
		t.Fatal("the point in the middle of an append was not reached")
	}
	if info, err := os.Stat(filepath.Join(hot.folder, "ledger.db-journal")); err != nil || info.Size() == 0 {
		t.Fatalf("no journal was left: %v", err)
	}
	return map[string]*workspace{"no ledger": none, "a ledger": half, "a ledger left by kill -9": hot}
}

// reading are the commands that open no socket and write nothing.
func reading(file, backups string) [][]string {
	return [][]string{
		{"inspect", backups}, {"inspect", "-o", "json", filepath.Join(backups, "ims.bak")},
		{"validate", file}, {"validate", "-o", "json", file},
		{"plan", file}, {"plan", "-o", "json", file}, {"plan", "-o", "markdown", file}, {"plan", "--exit-code", file}, {"apply", "--dry-run", file},
		{"status", file}, {"status", "-o", "json", file}, {"history", file},
		{"schema"}, {"version"}, {"--help"},
	}
}

// Reading commands open no socket, and nothing for writing except a copy of the
// ledger in a temporary folder. They run without credentials and with a read-only
// home, for each state of the ledger.
func TestReadingCommandsWriteNothing(t *testing.T) {
	requireStrace(t)
	home := t.TempDir()
	if err := os.Chmod(home, 0o500); err != nil {
		t.Fatal(err)
	}
	backups := t.TempDir()
	if err := os.WriteFile(filepath.Join(backups, "ims.bak"), backuptest.Sample().Plain(), 0o600); err != nil {
		t.Fatal(err)
	}
	runs := 0
	for name, w := range ledgers(t) {
		for _, args := range reading(w.file, backups) {
			runs++
			t.Run(name+"/"+strings.Join(args[:len(args)-1], " ")+" "+filepath.Base(args[len(args)-1]), func(t *testing.T) {
				readsOnly(t, w, home, args, name != "no ledger")
			})
		}
	}
	t.Logf("%d runs", runs)
}

func readsOnly(t *testing.T, w *workspace, home string, args []string, hasLedger bool) {
	temporary := t.TempDir()
	env := []string{"HOME=" + home, "MIGPLAN_LEDGER=" + w.folder, "TMPDIR=" + temporary}
	trace := filepath.Join(t.TempDir(), "trace")
	folder, homeBefore := fingerprint(t, w.folder), fingerprint(t, home)
	r := straced(t, env, []string{"-o", trace, "-e", "trace=" + observed, "--", binary}, args...)
	if r.stdout == "" && args[0] != "validate" || r.code != 0 && r.code != 10 {
		t.Errorf("%v", r)
	}
	bad, opened := forbiddenCalls(t, trace, temporary)
	if len(bad) > 0 {
		t.Errorf("not allowed:\n%s", strings.Join(bad, "\n"))
	}
	if left := fingerprint(t, temporary); len(left) != 0 {
		t.Errorf("left in the temporary folder: %v", left)
	}
	needsLedger := map[string]bool{"plan": true, "apply": true, "status": true, "history": true}[args[0]]
	if hasLedger && needsLedger != (opened > 0) {
		t.Errorf("the ledger was opened %d times", opened)
	}
	if !maps.Equal(folder, fingerprint(t, w.folder)) || !maps.Equal(homeBefore, fingerprint(t, home)) {
		t.Errorf("the ledger's folder or the home has changed: %v, then %v", folder, fingerprint(t, w.folder))
	}
}

// The trace must show what an apply writes; otherwise the test above proves nothing.
func TestTraceShowsWritesOfApply(t *testing.T) {
	requireStrace(t)
	w := newWorkspace(t, withKeys)
	trace := filepath.Join(t.TempDir(), "trace")
	if r := straced(t, w.env, append([]string{"-o", trace, "-e", "trace=" + observed, "--"}, w.apply()...)); r.code != 0 {
		t.Fatal(r)
	}
	bad, _ := forbiddenCalls(t, trace, t.TempDir())
	all := strings.Join(bad, "\n")
	for _, call := range []string{"socket(", "connect(", "pwrite64(", "fsync(", "unlink(", "linkat(", "mkdirat(", "O_CREAT", "truncate(", "write("} {
		if !strings.Contains(all, call) {
			t.Errorf("%s was not seen", call)
		}
	}
}
