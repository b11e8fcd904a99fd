package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nothing is left of the copies, whether they could be read or not.
func TestReaderLeavesNoTemporaryFile(t *testing.T) {
	cases := map[string]struct {
		change func(files) files
		is     error
		want   string
	}{
		"whole": {change: func(f files) files { return f }},
		"other content than a database": {
			change: func(f files) files { return files{[]byte(strings.Repeat("plan", 2000)), f.journal[:600]} }, want: "move it away"},
		"cut off": {change: func(f files) files { return files{f.database[:8192], f.journal[:600]} }, is: ErrBroken},
		"journal of a larger file": {change: func(f files) files {
			binary.BigEndian.PutUint32(f.journal[16:], 1<<20)
			return f
		}, is: ErrBroken, want: "belongs to a larger file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir, _ := interrupted(t)
			path := filepath.Join(dir, fileName)
			put(t, dir, c.change(files{contents(t, path), contents(t, path+"-journal")}))
			temporary := temporaryFolder(t, t.TempDir())
			_, err := readAll(dir)
			if (err == nil) != (c.want == "" && c.is == nil) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v, want %v %q", err, c.is, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path)) {
				t.Errorf("%v, want %q and %s", err, c.want, path)
			}
			if names := listing(t, temporary); len(names) != 0 {
				t.Errorf("left over: %v", names)
			}
		})
	}
}

// Only a journal makes a reader use the temporary folder.
func TestReaderNeedsNoTemporaryFolderWithoutAJournal(t *testing.T) {
	l, _ := saved(t, 3)
	temporaryFolder(t, filepath.Join(t.TempDir(), "absent"))
	if err := openAndRead(filepath.Dir(l.Path())); err != nil {
		t.Error(err)
	}
}

func TestReaderWithoutATemporaryFolderSaysWhatToDo(t *testing.T) {
	dir, _ := interrupted(t)
	temporary := temporaryFolder(t, filepath.Join(t.TempDir(), "absent"))
	err := openAndRead(dir)
	if err == nil || errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), dir) ||
		!strings.Contains(err.Error(), temporary) || !strings.Contains(err.Error(), "set TMPDIR") {
		t.Errorf("%v, want an error that names both folders and TMPDIR", err)
	}
}

// namesAnother is an interrupted ledger whose journal names another file, and
// that file, which names the journal.
func namesAnother(t *testing.T) (dir, other string) {
	t.Helper()
	dir, _ = interrupted(t)
	journal := filepath.Join(dir, fileName+"-journal")
	other = filepath.Join(t.TempDir(), "other-mj123456912") // SQLite takes no other form of a name
	write(t, other, journal+"\x00")
	write(t, journal, string(contents(t, journal))+nameAtTheEnd(other))
	return dir, other
}

// nameAtTheEnd is what a transaction over several databases adds to a journal.
func nameAtTheEnd(name string) string {
	sum := uint32(0)
	for _, b := range []byte(name) {
		sum += uint32(b)
	}
	end := binary.BigEndian.AppendUint32([]byte(name), uint32(len(name)))
	return string(binary.BigEndian.AppendUint32(end, sum)) + journalMagic
}

func TestJournalThatNamesAnotherFileIsRefused(t *testing.T) {
	for how, open := range map[string]func(string) error{"reader": openAndRead, "writer": openAndLock} {
		dir, other := namesAnother(t)
		if err := open(dir); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "names another file") {
			t.Errorf("%s: %v, want a broken ledger", how, err)
		}
		if _, err := os.Stat(other); err != nil {
			t.Errorf("%s: the other file: %v", how, err)
		}
	}
}

// The refusal is needed: SQLite deletes the file.
func TestSQLiteFollowsTheNameInAJournal(t *testing.T) {
	dir, other := namesAnother(t)
	if err := recoverFile(context.Background(), filepath.Join(dir, fileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v: the other file is still there", err)
	}
}
