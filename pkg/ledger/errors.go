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

	// ErrBroken says that the ledger does not hold what was appended to it. It
	// is never repaired here: a lost event may be a create that was sent.
	ErrBroken = errors.New("the ledger is broken")

	// ErrBusy says that another process had the file locked for as long as this
	// one could wait. Nothing was written.
	ErrBusy = errors.New("the ledger is locked by another process")

	// ErrUnavailable says that the server of a ledger gave no answer, or that it is
	// stopping or starting.
	ErrUnavailable = errors.New("the server of the ledger is not available")

	// errNewer says that a newer migplan has written the ledger.
	errNewer = errors.New("written by a newer migplan")

	// errReadOnly says that a ledger from OpenReader was asked to write.
	errReadOnly = errors.New("the ledger is open for reading only")
)

const rebuild = "stop every runner, move the file away, wait 45 minutes, then rebuild the ledger from the jobs in DRS"

// brokenChain names the first event that is wrong.
func brokenChain(path, chain string, seq int64, what string) error {
	return fmt.Errorf("%s: chain %s, event %d: %s: %w: %s", path, chain, seq, what, ErrBroken, rebuild)
}

func brokenFile(path, what string) error {
	return fmt.Errorf("%s: %s: %w: %s", path, what, ErrBroken, rebuild)
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
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		err = busyError{err}
	}
	return fmt.Errorf("%s the ledger %s: %w: %s", doing, path, err, sqliteRemedy(path, se.Code()))
}

// sqliteRemedy is what to do about an error code of SQLite. SQLite has no code
// for a process without a free file descriptor: opening a file shows that.
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
