package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A rollback journal holds the old content of every page that a transaction
// has changed: https://www.sqlite.org/fileformat2.html, section 3. While it
// exists the transaction is not committed, so rolling it back gives the last
// committed state, whether its writer is dead or only slow.

// committed returns the last committed state of the database at path and
// writes nothing beside it. A writer may be at work meanwhile: two copies in a
// row must be the same.
func committed(ctx context.Context, path string) ([]byte, error) {
	s, err := settled(func() (snapshot, error) { return takeSnapshot(path) })
	if err != nil {
		return nil, fmt.Errorf("reading the ledger %s: %w: run again", path, err)
	}
	if err := checkJournalEnd(path, bytes.NewReader(s.journal), int64(len(s.journal))); err != nil {
		return nil, err
	}
	return s.lastCommitted(ctx, path)
}

// settled takes snapshots until two in a row agree: the file did not change in
// between, or the journal of one transaction covers what was changed.
func settled(take func() (snapshot, error)) (snapshot, error) {
	for range 200 {
		once, err := take()
		if err != nil {
			return snapshot{}, err
		}
		twice, err := take()
		if err != nil || once.equal(twice) {
			return twice, err
		}
		time.Sleep(time.Millisecond)
	}
	return snapshot{}, errKeepsWriting
}

// errKeepsWriting shows a writer that is alive, whose locks SQLite respects.
var errKeepsWriting = errors.New("another process keeps writing")

// hasJournal reports whether a transaction is going on, or was when its writer
// died.
func hasJournal(path string) bool {
	info, err := os.Stat(path + "-journal")
	return err == nil && info.Size() > 0
}

type snapshot struct{ database, journal []byte }

func takeSnapshot(path string) (s snapshot, err error) {
	if s.journal, err = readRegular(path + "-journal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return snapshot{}, err
	}
	s.database, err = readRegular(path)
	return s, err
}

func (s snapshot) equal(t snapshot) bool {
	return bytes.Equal(s.journal, t.journal) && bytes.Equal(s.database, t.database)
}

// lastCommitted returns the database as it was before the transaction in the
// journal. The path is that of the original, for messages.
func (s snapshot) lastCommitted(ctx context.Context, path string) ([]byte, error) {
	if len(s.journal) == 0 {
		return s.database, nil
	}
	switch image, err := s.rolledBack(ctx); {
	case errors.Is(err, errLargerFile):
		return nil, brokenFile(path, err.Error())
	case err != nil:
		return nil, temporaryError(path, err)
	default:
		return image, nil
	}
}

// rolledBack lets SQLite roll back a copy in a private temporary folder, which
// is removed before this returns.
func (s snapshot) rolledBack(ctx context.Context) (image []byte, err error) {
	dir, err := os.MkdirTemp("", "migplan-") // 0700
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, fileName)
	if err := os.WriteFile(path, s.database, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path+"-journal", s.journal, 0o600); err != nil {
		return nil, err
	}
	if err := recoverFile(ctx, path); err != nil {
		return nil, err
	}
	// SQLite makes the file as large as a damaged journal says, which may be
	// more than fits into memory.
	info, err := os.Stat(path)
	if err == nil && info.Size() > int64(len(s.database)+len(s.journal)) {
		err = errLargerFile
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

var errLargerFile = errors.New("the journal belongs to a larger file")

// recoverFile lets SQLite roll back the journal beside the database at path,
// which it does before the first read: https://www.sqlite.org/lockingv3.html,
// section 4.2. It is not an error if the result is not a sound database: verify
// finds that.
func recoverFile(ctx context.Context, path string) error {
	db, err := connect(fileDSN(path, "rw"))
	if err != nil {
		return err
	}
	_, err = column(ctx, db, "PRAGMA schema_version")
	var se *sqlite.Error
	if errors.As(err, &se) {
		switch se.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			err = nil
		}
	}
	return errors.Join(err, db.Close())
}

// temporaryError says why a copy of the ledger at path could not be made, and
// what to do about it.
func temporaryError(path string, err error) error {
	remedy := "make space in the temporary folder " + os.TempDir() + ", or set TMPDIR to a folder that this user can write"
	if tooManyFiles(err) {
		remedy = fileRemedy(err)
	}
	return fmt.Errorf("reading the ledger %s: an append to it is not finished, and the copy without that append failed: %w: %s",
		path, err, remedy)
}

const journalMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

// checkJournalEnd refuses a journal that could name another file, a
// super-journal: SQLite would not roll back without that file, would open the
// files that it names, and may delete it
// (https://www.sqlite.org/atomiccommit.html, sections 5.2 to 5.5;
// readSuperJournal in its pager.c wants the magic in the last 8 bytes). Only a
// transaction over several databases has one, and a ledger is one database.
func checkJournalEnd(path string, journal io.ReaderAt, size int64) error {
	end := make([]byte, len(journalMagic))
	if size < 16 {
		return nil
	}
	if _, err := journal.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the ledger %s: its journal: %w: %s", path, err, fileRemedy(err))
	}
	if string(end) == journalMagic {
		return brokenFile(path, "its journal names another file, which no append to a ledger does")
	}
	return nil
}
