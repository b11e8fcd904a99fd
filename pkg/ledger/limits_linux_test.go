package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// childFull appends until the file cannot grow, then tries again without the
// limit.
func childFull(dir, _ string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 40 << 10, Max: limit.Max}); err != nil {
		return err
	}
	n, head, err := appendUntilError(l, Head{})
	if n == 0 || err == nil || errors.Is(err, ErrLostRace) || errors.Is(err, ErrBroken) {
		return fmt.Errorf("%d events, then: %w", n, err)
	}
	if !strings.Contains(err.Error(), "free space") && !strings.Contains(err.Error(), "free some space") {
		return fmt.Errorf("no remedy: %w", err)
	}
	events, err := l.Events(context.Background(), chainA)
	if err != nil || headOf(events) != head {
		return fmt.Errorf("%d events after the failure, %d before: %w", len(events), n, err)
	}
	fmt.Println(n)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	_, err = l.Append(context.Background(), head, testEvent(chainA, Accepted, 1))
	return errors.Join(err, l.Close())
}

// A full disk is an error, and the next append continues from the same event.
func TestAppendSucceedsAfterAFullDisk(t *testing.T) {
	dir := t.TempDir()
	out, err := childCommand("full", dir, "").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	n, _ := strconv.Atoi(strings.SplitN(string(out), "\n", 2)[0])
	if got := mustEvents(t, mustRead(t, dir), chainA); len(got) != n+1 || n == 0 {
		t.Errorf("%d events, want %d and one", len(got), n)
	}
}

// childCramped reads where no file may be larger than 4 KB.
func childCramped(dir, _ string) error {
	signal.Ignore(unix.SIGXFSZ)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4 << 10, Max: limit.Max}); err != nil {
		return err
	}
	err := openAndRead(dir)
	if err == nil || errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "make space in the temporary folder "+os.TempDir()) {
		return fmt.Errorf("no remedy: %w", err)
	}
	return nil
}

// The copy beside a journal does not fit: an error, and no file is left.
func TestReaderWithAFullTemporaryFolderSaysWhatToDo(t *testing.T) {
	dir, _ := interrupted(t)
	temporary := temporaryFolder(t, t.TempDir())
	if out, err := childCommand("cramped", dir, "").Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if names := listing(t, temporary); len(names) != 0 {
		t.Errorf("left over: %v", names)
	}
}

func childRead(dir, want string) error {
	r, err := OpenReader(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	events, err := r.Events(context.Background(), chainA)
	if err != nil {
		return err
	}
	if _, err := r.Opened(context.Background()); err != nil {
		return err
	}
	if fmt.Sprint(len(events)) != want {
		return fmt.Errorf("%d events, want %s", len(events), want)
	}
	return nil
}

// strace shows that a reading process opens nothing for writing but the copy
// that it rolls back in a temporary folder, and that it leaves nothing there.
func TestReaderOpensNothingForWriting(t *testing.T) {
	if err := exec.Command("strace", "-f", "true").Run(); err != nil {
		t.Fatalf("strace does not work here (%v): install it, apt-get install strace, and allow ptrace", err)
	}
	whole, events := saved(t, 100)
	hot, hotEvents := interrupted(t)
	cases := map[string]struct{ dir, want string }{
		"plain":         {filepath.Dir(whole.Path()), fmt.Sprint(len(events))},
		"hot journal":   {hot, fmt.Sprint(len(hotEvents))},
		"live writer":   {besideAWriter(t), "200"},
		"not writable":  {readOnlyFolder(t), "100"},
		"WAL, an error": {walFolder(t), "error"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := fingerprint(t, c.dir)
			trace := filepath.Join(t.TempDir(), "trace")
			temporary := temporaryFolder(t, t.TempDir())
			cmd := childCommand("read", c.dir, c.want)
			cmd.Args = append([]string{"strace", "-f", "-qq", "-y", "-o", trace, "-e", "trace=" + watched, "--"}, cmd.Args...)
			cmd.Path, _ = exec.LookPath("strace")
			cmd.Stderr = nil
			if err := cmd.Run(); (err != nil) != (c.want == "error") {
				t.Fatal(err)
			}
			if bad := writesIn(t, trace, temporary); len(bad) > 0 {
				t.Errorf("calls that write:\n%s", strings.Join(bad, "\n"))
			}
			if names := listing(t, temporary); len(names) != 0 {
				t.Errorf("left in the temporary folder: %v", names)
			}
			if after := fingerprint(t, c.dir); !reflect.DeepEqual(before, after) {
				t.Errorf("changed: %v, then %v", before, after)
			}
		})
	}
}

const watched = "open,openat,openat2,creat,socket,connect,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat," +
	"mkdir,mkdirat,rmdir,mknod,mknodat,truncate,ftruncate,fallocate,pwrite64,pwritev,chmod,fchmod,fchmodat,chown,fchown,fchownat," +
	"utimensat,setxattr,fsync,fdatasync"

// writesIn returns the calls that are not an open for reading, nor a change of
// one file below the temporary folder.
func writesIn(t *testing.T, trace, temporary string) (bad []string) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	call := regexp.MustCompile(`^\d+ +(\w+)\(`)
	below := regexp.MustCompile(`^\d+ +(mkdirat|open|openat|unlink|unlinkat|pwrite64|ftruncate|fsync|fdatasync|fchown)` +
		`\((AT_FDCWD[^,"]*, "|"|\d+<)` + regexp.QuoteMeta(temporary) + `[/>"]`)
	writes := regexp.MustCompile(`O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)`)
	reads := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := call.FindStringSubmatch(lines.Text())
		switch {
		case m == nil: // a signal, or the end of a call
		case below.MatchString(lines.Text()):
		case strings.HasPrefix(m[1], "open") && !writes.MatchString(lines.Text()):
			reads += strings.Count(lines.Text(), fileName)
		default:
			bad = append(bad, lines.Text())
		}
	}
	if reads == 0 {
		t.Error("the trace shows no ledger being read")
	}
	return bad
}

// besideAWriter is a folder where a process is in a transaction that does not
// block readers.
func besideAWriter(t *testing.T) string {
	t.Helper()
	l, _ := saved(t, 200)
	if _, err := sqlOf(l).Exec("begin immediate; update event set step = 7 where seq = 1"); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(l.Path())
}

func readOnlyFolder(t *testing.T) string {
	t.Helper()
	l, _ := saved(t, 100)
	dir := filepath.Dir(l.Path())
	l.Close()
	if err := errors.Join(os.Chmod(l.Path(), 0o400), os.Chmod(dir, 0o500)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	return dir
}

func walFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	editDatabase("pragma journal_mode = wal")(t, dir)
	return dir
}

// A process loses its POSIX locks when it closes any descriptor of the file, as
// a second Open or a reader in the same process does.
func TestLocksSurviveASecondOpen(t *testing.T) {
	l, _ := saved(t, 1)
	if _, err := sqlOf(l).Exec("begin immediate"); err != nil {
		t.Fatal(err)
	}
	mustRead(t, filepath.Dir(l.Path())).Close()
	f, err := os.Open(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const reservedByte = 0x40000001 // sqlite3's os.h
	probe := unix.Flock_t{Type: unix.F_RDLCK, Start: reservedByte, Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &probe); err != nil {
		t.Fatal(err)
	}
	if probe.Type == unix.F_UNLCK {
		t.Error("the writer has lost its lock")
	}
}

func TestOpenRefusesAFileItCannotWrite(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	fill(t, l, chainA, 1)
	l.Close()
	if err := os.Chmod(l.Path(), 0o444); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(l.Path())
	notAsRoot(t, filepath.Dir(dir), l.Path())
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "must be able to write") {
		t.Errorf("%v, want an error", err)
	}
	if got := mustEvents(t, mustRead(t, dir), chainA); len(got) != 1 {
		t.Errorf("the reader found %d events", len(got))
	}
}

const nobody = 65534

// notAsRoot gives the paths to nobody and lets this goroutine touch files as
// nobody until the test ends: root may write everywhere.
func notAsRoot(t *testing.T, paths ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	for _, path := range paths {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	runtime.LockOSThread() // and never unlocked: the thread goes with the goroutine
	if err := unix.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Setfsuid(0) })
}
