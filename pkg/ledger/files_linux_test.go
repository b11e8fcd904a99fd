package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// places are the files of a ledger, by what they are.
var places = map[string]string{
	"database": fileName, "journal": fileName + "-journal", "wal": fileName + "-wal", "lock": lockName("i"),
}

// puts create anything but a regular file with one name.
var puts = map[string]struct {
	put  func(path string) error
	want string
}{
	"FIFO":      {func(path string) error { return unix.Mkfifo(path, 0o600) }, "is a named pipe"},
	"socket":    {putSocket, "is a socket"},
	"directory": {func(path string) error { return os.Mkdir(path, 0o700) }, "is a directory"},
	"symlink to a device": {func(path string) error { return os.Symlink("/dev/null", path) },
		"not a regular file"},
	"sparse file": {func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
		"never has more than"},
}

func putSocket(path string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err == nil {
		l.SetUnlinkOnClose(false)
		err = l.Close()
	}
	return err
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	for place, name := range places {
		for kind, c := range puts {
			for how, use := range map[string]func(string) error{"writer": openAndLock, "reader": openAndRead} {
				if how == "reader" && place == "lock" {
					continue
				}
				t.Run(place+"/"+kind+"/"+how, func(t *testing.T) {
					dir := shortFolder(t)
					mustOpen(t, dir).Close()
					_ = os.Remove(filepath.Join(dir, name))
					if err := c.put(filepath.Join(dir, name)); err != nil {
						t.Fatal(err)
					}
					if err := inTime(t, func() error { return use(dir) }); err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("%v, want %q", err, c.want)
					}
				})
			}
		}
	}
}

// shortFolder has a name short enough for that of a socket.
func shortFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "l")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func openAndLock(dir string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	lock, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		return err
	}
	return lock.Unlock()
}

func openAndRead(dir string) error {
	l, err := OpenReader(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	_, err = l.Events(context.Background(), chainA)
	return err
}

// inTime fails the test if do hangs.
func inTime(t *testing.T, do func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("no result within 20 seconds")
		return nil
	}
}

func TestLockFollowsNoSymlink(t *testing.T) {
	dir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
	write(t, target, "precious")
	if err := os.Symlink(target, filepath.Join(dir, lockName("i"))); err != nil {
		t.Fatal(err)
	}
	if err := openAndLock(dir); err == nil || !strings.Contains(err.Error(), "is a symlink") {
		t.Errorf("%v, want an error", err)
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "precious" {
		t.Errorf("the target holds %q, %v", b, err)
	}
}

func TestHardLinksAreRefused(t *testing.T) {
	for _, place := range []string{"database", "journal", "lock"} {
		t.Run(place, func(t *testing.T) {
			dir, name := t.TempDir(), places[place]
			mustOpen(t, dir).Close()
			if place != "database" {
				write(t, filepath.Join(dir, name), "precious")
			}
			if err := os.Link(filepath.Join(dir, name), filepath.Join(dir, "other")); err != nil {
				t.Fatal(err)
			}
			if err := openAndLock(dir); err == nil || !strings.Contains(err.Error(), "2 names (hard links)") {
				t.Errorf("writer: %v", err)
			}
			if err := openAndRead(dir); (err == nil) != (place == "lock") {
				t.Errorf("reader: %v", err)
			}
			if b, _ := os.ReadFile(filepath.Join(dir, "other")); place != "database" && string(b) != "precious" {
				t.Errorf("the file holds %q", b)
			}
		})
	}
}

// A process killed while it creates the ledger leaves a second name, which no
// process opens.
func TestNameLeftByCreateIsNotAHardLink(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir).Close()
	if err := os.Link(filepath.Join(dir, fileName), filepath.Join(dir, newPrefix+"123")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(openAndLock(dir), openAndRead(dir)); err != nil {
		t.Error(err)
	}
}

// Through a symlink the database, the journal and the locks are the real ones.
func TestWriterThroughASymlinkUsesTheRealFolder(t *testing.T) {
	dir, linked := t.TempDir(), t.TempDir()
	l := mustOpen(t, dir)
	if err := os.Symlink(l.Path(), filepath.Join(linked, fileName)); err != nil {
		t.Fatal(err)
	}
	held, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Unlock()
	var locked *LockedError
	if err := openAndLock(linked); !errors.As(err, &locked) {
		t.Errorf("%v, want the lock beside the real file", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(linked); err == nil || !strings.Contains(err.Error(), "others can write") {
		t.Errorf("%v, want the real folder refused", err)
	}
	dangling := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "absent"), filepath.Join(dangling, fileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReader(dangling); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v: a symlink to nothing is not a ledger that does not exist yet", err)
	}
}

func TestFolderOthersCanWriteIsRefused(t *testing.T) {
	for mode, ok := range map[uint32]bool{
		0o700: true, 0o750: true, 0o755: true, 0o711: true, 0o2750: true,
		0o775: false, 0o770: false, 0o702: false, 0o777: false, 0o1777: false,
	} {
		dir := t.TempDir()
		mustOpen(t, dir).Close()
		if err := unix.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		err := openAndLock(dir)
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "chmod go-w "+dir) {
			t.Errorf("%04o: %v", mode, err)
		}
		if err := openAndRead(dir); err != nil {
			t.Errorf("%04o: reader: %v", mode, err)
		}
	}
}

func TestFolderOfAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if err := openAndLock(dir); err == nil || !strings.Contains(err.Error(), "belongs to user id 65534") {
		t.Errorf("%v, want an error", err)
	}
}

// childFiles opens, appends and locks with more and more file descriptors,
// until it works.
func childFiles(dir, _ string) error {
	refused := 0
	for n := uint64(3); n < 100; n++ {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: 100}); err != nil {
			return err
		}
		err := appendAndLock(dir)
		if err == nil {
			fmt.Println(refused)
			return nil
		}
		if refused++; !strings.Contains(err.Error(), "too many open files: raise the limit") {
			return fmt.Errorf("%d files: %w", n, err)
		}
	}
	return errors.New("it never works")
}

func appendAndLock(dir string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	lock, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		return err
	}
	events, err := l.Events(context.Background(), chainA)
	if err == nil {
		_, err = l.Append(context.Background(), headOf(events), testEvent(chainA, Intent, 1))
	}
	return errors.Join(err, lock.Unlock())
}

func TestErrorNamesTooManyOpenFiles(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir).Close()
	out, err := childCommand("files", dir, "").Output()
	if err != nil || strings.HasPrefix(string(out), "0") {
		t.Errorf("%v\n%s", err, out)
	}
}
