package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrLostRace says that another writer has appended to the chain since
	// the head was read. Nothing was written; read again and decide again.
	ErrLostRace = errors.New("the chain has moved on since it was read")

	// ErrBroken says that what is stored cannot be what was appended. It is
	// never mended here: what is missing may be a create that was sent.
	ErrBroken = errors.New("the ledger is broken")

	// errNewer says that a newer migplan has written the ledger.
	errNewer = errors.New("written by a newer migplan")

	// errReadOnly says that a ledger from OpenReader was asked to write.
	errReadOnly = errors.New("the ledger is open for reading only")
)

const mendBroken = "stop every runner, keep a copy of the file, wait 45 minutes and rebuild it with `adopt PLAN --all`"

// brokenChain names the first event that cannot be right.
func brokenChain(path, chain string, seq int64, what string) error {
	return fmt.Errorf("%s: chain %s, event %d: %s: %w: %s", path, chain, seq, what, ErrBroken, mendBroken)
}

func brokenFile(path, what string) error {
	return fmt.Errorf("%s: %s: %w: %s", path, what, ErrBroken, mendBroken)
}

// explain adds to an error of SQLite the path and what to do about it.
func explain(path, doing string, err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return fmt.Errorf("%s the ledger %s: %w", doing, path, err)
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return brokenFile(path, se.Error())
	}
	return fmt.Errorf("%s the ledger %s: %w: %s", doing, path, err, sqliteRemedy(path, se.Code()))
}

// sqliteRemedy is what to do about an error code of SQLite, which has none of
// its own for a process that has no file descriptor left: only opening a file
// shows it.
func sqliteRemedy(path string, code int) string {
	f, err := os.Open(filepath.Dir(path))
	if tooManyFiles(err) {
		return fileRemedy(err)
	}
	if err == nil {
		f.Close()
	}
	return remedy(code)
}

func tooManyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// fileRemedy is what to do about an error of the file system.
func fileRemedy(err error) string {
	if tooManyFiles(err) {
		return "too many open files: raise the limit (`ulimit -n`, or LimitNOFILE= of a systemd unit), then run again"
	}
	if errors.Is(err, fs.ErrPermission) {
		return remedy(sqlite3.SQLITE_PERM)
	}
	return remedy(sqlite3.SQLITE_IOERR)
}

func remedy(code int) string {
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return "the disk is full: free some space and run again"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another process is writing: run again"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Sprintf("user id %d must be able to write the file and its folder", os.Getuid())
	case sqlite3.SQLITE_IOERR:
		return "check the disk, its free space and its quota, then run again"
	}
	return "check the file and run again"
}
