package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is the limit of the database and of its journal: a step takes some
// 3 KB.
const maxFile = 1 << 30

// openRegular opens a file of the ledger, which must be a regular file with one
// name and not larger than maxFile. A symlink may lead to any file, SQLite keeps
// one journal for each name of a file, and a FIFO would block.
func openRegular(path string, flag int) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, notRegular(path, info.Mode()) // opening a device may do something
	}
	f, err := os.OpenFile(path, flag|noFollow, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w: %s", err, fileRemedy(err))
	}
	if err := checkOpened(path, f.Stat); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// checkOpened checks the file that was opened at path. The leftovers are counted
// before the names: a process that creates the ledger may remove one meanwhile.
func checkOpened(path string, stat func() (fs.FileInfo, error)) error {
	info, err := stat()
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	leftovers := countLeftovers(path, info)
	if info, err = stat(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	switch names := links(info); {
	case !info.Mode().IsRegular():
		return notRegular(path, info.Mode())
	case names-leftovers > 1:
		return fmt.Errorf("%s has %d names (hard links), and what is committed under one is lost under another: "+
			"list them with `find / -xdev -samefile %s` and remove all but this one", path, names, path)
	case info.Size() > maxFile:
		return fmt.Errorf("%s has %d bytes, and a ledger never has more than %d: %s", path, info.Size(), maxFile, rebuild)
	}
	return nil
}

// countLeftovers counts the temporary names of the file from its creation:
// create has not removed them yet, or was killed. No process opens them.
func countLeftovers(path string, info fs.FileInfo) (n int) {
	if links(info) < 2 {
		return 0
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), newPrefix) {
			continue
		}
		if other, err := e.Info(); err == nil && os.SameFile(info, other) {
			n++
		}
	}
	return n
}

func notRegular(path string, mode fs.FileMode) error {
	kind := "a device"
	switch {
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeSymlink != 0:
		kind = "a symlink"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s is %s, not a regular file: move it away, or name another folder for the ledger", path, kind)
}

// readRegular reads a whole file of the ledger.
func readRegular(path string) ([]byte, error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// checkJournals checks the files that SQLite reads beside a database.
func checkJournals(path string) error {
	for _, suffix := range []string{"-journal", "-wal"} {
		if err := checkJournal(path, suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func checkJournal(path, suffix string) error {
	f, err := openRegular(path+suffix, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return checkJournalEnd(path, f, info.Size())
}

// realPath follows a symlink at the path of the database: the journal and the
// locks are beside the real file.
func realPath(path string) (string, error) {
	if info, err := os.Lstat(path); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return path, nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("the ledger %s is a symlink, and its target cannot be read: %v: mount the disk of the target, or move the symlink away", path, err)
	}
	return real, nil
}
