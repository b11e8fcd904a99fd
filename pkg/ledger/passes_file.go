package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The last passes are in a file of their own beside ledger.db. In one file, a
// write without fsync could damage the events when the power fails, and a
// migplan that does not know the table would refuse the ledger.
const (
	passesName    = "passes.db"
	damagedSuffix = ".damaged"
)

// passesWait is how long a pass waits for another process to record its own.
const passesWait = time.Second

// passFile is a passStore in SQLite. It opens the file when it is first
// written, and closes it with the ledger.
type passFile struct {
	path string

	mu sync.Mutex
	db *sql.DB // nil until the first record
}

func newPassFile(ledgerPath string) *passFile {
	return &passFile{path: filepath.Join(filepath.Dir(ledgerPath), passesName)}
}

// record sets a damaged file aside once: a power cut may damage it, and it
// holds nothing that the next passes do not write again.
func (f *passFile) record(ctx context.Context, rows []passRow) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.write(ctx, rows)
	if isDamage(err) {
		if err = errors.Join(f.closed(), f.setAside()); err == nil {
			err = f.write(ctx, rows)
		}
	}
	return f.explain("recording", err)
}

func (f *passFile) write(ctx context.Context, rows []passRow) (err error) {
	if f.db == nil {
		if f.db, err = f.open(ctx); err != nil {
			return err
		}
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := tx.ExecContext(ctx, upsertPass, row.chain, row.data); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// open creates the file if it does not exist. SQLite reads an empty file as an
// empty database, so a kill in between does no harm.
func (f *passFile) open(ctx context.Context) (*sql.DB, error) {
	file, err := openRegular(f.path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(file.Close(), checkJournals(f.path)); err != nil {
		return nil, err
	}
	db, err := connect(fileDSN(f.path, "rw", busyTimeout(passesWait), "journal_mode(DELETE)", "synchronous(OFF)"))
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, createPassTable); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// setAside moves a damaged file away, over the one that was moved before it. Its
// journal goes first: it must not be rolled back into the next file.
func (f *passFile) setAside() error {
	if err := os.Remove(f.path + "-journal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(f.path, f.path+damagedSuffix)
}

// last reads a copy in memory: it writes nothing beside the file and takes no
// lock, in a reader and in a writer.
func (f *passFile) last(ctx context.Context) ([]passRow, error) {
	rows, err := f.read(ctx)
	return rows, f.explain("reading", err)
}

func (f *passFile) read(ctx context.Context) ([]passRow, error) {
	image, err := f.image(ctx)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(image) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	db, err := connect(":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := raw(ctx, db, func(c driverConn) error { return c.Deserialize(image) }); err != nil {
		return nil, err
	}
	if tables, err := column(ctx, db, "select name from sqlite_schema where name = 'pass'"); err != nil || tables == "" {
		return nil, err // the process that made the database was killed before it made the table
	}
	return scanPasses(ctx, db.QueryContext)
}

// image is the last committed state of the file.
func (f *passFile) image(ctx context.Context) ([]byte, error) {
	s, err := settled(func() (snapshot, error) { return takeSnapshot(f.path) })
	if err != nil || len(s.journal) == 0 {
		return s.database, err
	}
	if err := checkJournalEnd(f.path, bytes.NewReader(s.journal), int64(len(s.journal))); err != nil {
		return nil, err
	}
	return s.rolledBack(ctx)
}

func (f *passFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed()
}

// closed is close for a caller that holds mu.
func (f *passFile) closed() error {
	if f.db == nil {
		return nil
	}
	db := f.db
	f.db = nil
	return db.Close()
}

// isDamage: a bit flipped in the text of the schema is an SQLITE_ERROR.
func isDamage(err error) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR:
		return true
	}
	return false
}

func (f *passFile) explain(doing string, err error) error {
	var se *sqlite.Error
	switch {
	case err == nil:
		return nil
	case isDamage(err):
		return fmt.Errorf("%s the last passes in %s: %w: the next run makes a new file", doing, f.path, err)
	case errors.As(err, &se):
		return fmt.Errorf("%s the last passes in %s: %w: %s", doing, f.path, err, sqliteRemedy(f.path, se.Code()))
	}
	return fmt.Errorf("%s the last passes in %s: %w", doing, f.path, err)
}
