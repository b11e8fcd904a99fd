package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestOpenCreatesPrivately(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state #1 100%?x=y")
	l := mustOpen(t, dir)
	fill(t, l, chainA, 2)
	if want := filepath.Join(dir, "ledger.db"); l.Path() != want {
		t.Errorf("path %q, want %q", l.Path(), want)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, l.Path(): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if names := listing(t, dir); !reflect.DeepEqual(names, []string{"ledger.db"}) {
		t.Errorf("left over: %v", names)
	}
	if got := mustEvents(t, mustOpen(t, dir), chainA); len(got) != 2 {
		t.Errorf("opened again: %+v", got)
	}
}

func TestOpenKeepsExistingModes(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir).Close()
	if err := errors.Join(os.Chmod(dir, 0o750), os.Chmod(filepath.Join(dir, fileName), 0o640)); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, dir)
	fill(t, l, chainA, 1)
	if d, _ := os.Stat(dir); d.Mode().Perm() != 0o750 {
		t.Errorf("folder: %v", d.Mode())
	}
	if f, _ := os.Stat(l.Path()); f.Mode().Perm() != 0o640 {
		t.Errorf("file: %v", f.Mode())
	}
}

// The settings that make an append durable are in force.
func TestOpenSetsDurablePragmas(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	for pragma, want := range map[string]string{"journal_mode": "delete", "synchronous": "3", "busy_timeout": "10000"} {
		if got, err := column(context.Background(), sqlOf(l), "PRAGMA "+pragma); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", pragma, got, err, want)
		}
	}
}

// TestOpenErrorsSayPathAndRemedy is one table, so it is long.
func TestOpenErrorsSayPathAndRemedy(t *testing.T) {
	cases := []struct {
		name  string
		make  func(t *testing.T, dir string)
		under string // opened below dir
		is    error
		want  string // what and remedy, from Open
	}{
		{name: "missing parent", under: "a/b", want: "mkdir -p"},
		{name: "folder is a file", under: "f", make: func(t *testing.T, dir string) { write(t, dir+"/f", "x") }, want: "name a folder"},
		{name: "parent is a file", under: "f/g", make: func(t *testing.T, dir string) { write(t, dir+"/f", "x") }, want: "not a directory"},
		{name: "folder instead of file", make: func(t *testing.T, dir string) { mkdir(t, dir+"/ledger.db") }, want: "is a directory"},
		{name: "empty file", make: func(t *testing.T, dir string) { write(t, dir+"/ledger.db", "") }, is: ErrBroken, want: "the file is empty"},
		{name: "no database", make: func(t *testing.T, dir string) { write(t, dir+"/ledger.db", strings.Repeat("plan", 999)) }, want: "move it away"},
		{name: "short file", make: func(t *testing.T, dir string) { write(t, dir+"/ledger.db", "SQLite format 3\x00") }, want: "move it away"},
		{name: "foreign database", make: editDatabase("pragma application_id = 252006674"), want: "another program"},
		{name: "newer", make: editDatabase("pragma user_version = 2"), is: errNewer, want: "use that migplan"},
		{name: "version never written", make: editDatabase("pragma user_version = 0"), is: ErrBroken, want: "rebuild the ledger"},
		{name: "WAL", make: editDatabase("pragma journal_mode = wal"), want: "journal_mode=delete"},
		{name: "another table", make: editDatabase("create table t(x)"), is: ErrBroken, want: "tables are not those of a ledger"},
		{name: "no index", make: editDatabase("drop index event_opened"), is: ErrBroken, want: "tables are not those of a ledger"},
	}
	for _, c := range cases {
		for how, open := range map[string]func(string) (*Ledger, error){"Open": Open, "OpenReader": OpenReader} {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				dir := t.TempDir()
				if c.make != nil {
					c.make(t, dir)
				}
				before := fingerprint(t, dir)
				_, err := open(filepath.Join(dir, c.under))
				want := c.want
				if how == "OpenReader" && c.under != "" {
					want = "ledger.db" // it creates no folder: it says what it did not find
				}
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("%v, want %q and the path", err, want)
				}
				if c.is != nil && !errors.Is(err, c.is) {
					t.Errorf("%v is not %v", err, c.is)
				}
				if after := fingerprint(t, dir); !reflect.DeepEqual(before, after) {
					t.Errorf("changed: %v, then %v", before, after)
				}
			})
		}
	}
	if _, err := Open(""); err == nil {
		t.Error("no folder: no error")
	}
}

// A database that may not grow is a full disk without a mount.
func TestAppendToAFullDatabaseSaysDiskFull(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	if _, err := sqlOf(l).Exec("pragma max_page_count = 8"); err != nil {
		t.Fatal(err)
	}
	n, head, err := appendUntilError(l, Head{})
	if err == nil || !strings.Contains(err.Error(), "the disk is full: free some space") {
		t.Fatalf("after %d events: %v", n, err)
	}
	if got := mustEvents(t, l, chainA); headOf(got) != head {
		t.Errorf("%d events, want %d", len(got), n)
	}
}

func appendUntilError(l *Ledger, head Head) (n int, last Head, err error) {
	for range 10000 {
		e, err := l.Append(context.Background(), head, testEvent(chainA, Intent, 1))
		if err != nil {
			return n, head, err
		}
		n, head = n+1, Head{e.Seq, e.Hash}
	}
	return n, head, nil
}

func TestReaderWithoutALedgerReturnsNotExist(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")} {
		if _, err := OpenReader(d); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want not exist", d, err)
		}
	}
	if names := listing(t, dir); len(names) != 0 {
		t.Errorf("created: %v", names)
	}
}

func TestReaderRefusesToWrite(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir)
	r := mustRead(t, dir)
	if _, err := r.Append(context.Background(), Head{}, testEvent(chainA, Opened, 1)); !errors.Is(err, errReadOnly) {
		t.Errorf("append: %v", err)
	}
	if _, err := r.Lock(context.Background(), "i", 0); !errors.Is(err, errReadOnly) {
		t.Errorf("lock: %v", err)
	}
	if _, err := sqlOf(r).Exec("delete from event"); err == nil {
		t.Error("the connection can write")
	}
}

// A reader sees what was appended after it was opened.
func TestReaderSeesLaterAppends(t *testing.T) {
	dir := t.TempDir()
	w := mustOpen(t, dir)
	r := mustRead(t, dir)
	fill(t, w, chainA, 3)
	if got := mustEvents(t, r, chainA); len(got) != 3 {
		t.Errorf("got %d events, want 3", len(got))
	}
}

func TestNetworkFileSystemsAreNamed(t *testing.T) {
	const mounts = "29 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n" +
		"97 29 0:51 / /mnt/g rw,nosuid shared:55 master:1 - fuse.glusterfs server:/vol rw,user_id=0\n" +
		"98 29 0:52 / /mnt/n rw - fuseblk /dev/sdb1 rw\n"
	cases := []struct {
		magic uint32
		kind  string
		want  string
	}{
		{0xef53, "", ""},     // ext4
		{0x58465342, "", ""}, // xfs
		{0x01021994, "", ""}, // tmpfs
		{0x794c7630, "", ""}, // overlayfs
		{0x9123683e, "", ""}, // btrfs
		{0x6969, "", "NFS"},
		{0xff534d42, "", "SMB"},
		{0xfe534d42, "", "SMB"},
		{0x5346414f, "", "AFS"},
		{0x00c36400, "", "Ceph"},
		{fuseMagic, kindOf(mounts, "0:51"), "the FUSE file system glusterfs"},
		{fuseMagic, kindOf(mounts, "0:52"), ""},
		{fuseMagic, kindOf(mounts, "0:5"), "a FUSE file system"},
	}
	for _, c := range cases {
		if got := networkName(c.magic, c.kind); got != c.want {
			t.Errorf("%#x %q: got %q, want %q", c.magic, c.kind, got, c.want)
		}
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// editDatabase makes a ledger with one chain and changes it with SQLite.
func editDatabase(statement string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		l := mustOpen(t, dir)
		fill(t, l, chainA, 3)
		l.Close()
		db, err := sql.Open("sqlite", l.Path())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func listing(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// fingerprint is what no reader may change: names, contents, modes and times.
func fingerprint(t testing.TB, dir string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, name := range listing(t, dir) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var sum [32]byte
		if !info.IsDir() {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			sum = sha256.Sum256(b)
		}
		all[name] = [3]any{sum, info.Mode(), info.ModTime()}
	}
	return all
}
