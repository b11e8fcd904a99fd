package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

const (
	fileName   = "ledger.db"
	newPrefix  = fileName + ".new-"
	memoryPath = "(in memory)"
)

// Open opens the ledger in dir for reading and writing. It creates dir (mode
// 0700, in a parent that exists) and the database (mode 0600) when they are
// absent, and leaves the modes of what exists. The error matches ErrBroken
// where the ledger is damaged. A network file system is refused, because
// neither the locks nor the syncs of SQLite are reliable there, and so is a
// folder that others can write.
func Open(dir string) (*Ledger, error) { return OpenContext(context.Background(), dir) }

// OpenContext is Open, where the deadline of ctx bounds the wait for a lock.
func OpenContext(ctx context.Context, dir string) (*Ledger, error) {
	if IsAddress(dir) {
		return openPostgres(ctx, dir)
	}
	path, err := locate(dir)
	if err != nil {
		return nil, err
	}
	if err := prepareFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("creating the ledger %s: %w: %s", path, err, fileRemedy(err))
		}
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	db, err := connectWriter(context.WithoutCancel(ctx), path, waitFor(ctx))
	if err != nil {
		return nil, err
	}
	return openWriter(path, db, fileLocker{filepath.Dir(path)}, newPassFile(path))
}

// connectWriter sets what makes a commit survive a power cut: EXTRA also syncs
// the folder after the journal is deleted (https://www.sqlite.org/pragma.html,
// synchronous).
func connectWriter(ctx context.Context, path string, wait time.Duration) (*sql.DB, error) {
	db, err := connect(fileDSN(path, "rw", busyTimeout(wait), "journal_mode(DELETE)", "synchronous(EXTRA)"))
	if err != nil {
		return nil, err
	}
	if err = verify(ctx, path, db); err == nil {
		err = refuseMoved(ctx, path, db)
	}
	if err == nil {
		err = writable(ctx, path, db)
	}
	if err == nil { // a journal of a dead writer is rolled back by now, the header too
		err = checkFile(path)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// OpenReader opens the ledger in dir for reading. It writes nothing but a copy
// in a temporary folder, and that only beside an unfinished append. The error
// matches fs.ErrNotExist when there is no ledger, and ErrBroken as that of Open.
func OpenReader(dir string) (*Ledger, error) {
	if IsAddress(dir) {
		return openPostgresReader(context.Background(), dir)
	}
	path, err := locate(dir)
	if err != nil {
		return nil, err
	}
	if err := checkFile(path); err != nil {
		return nil, err
	}
	db, err := connect(fileDSN(path, "ro", busyTimeout(longestWait), "query_only(1)", "temp_store(MEMORY)"))
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	l := &Ledger{path: path, store: newDatabase(path, db), passes: newPassFile(path)}
	err = readOnly(ctx, path, db, func(db *sql.DB) error {
		l.moved = refuseMoved(ctx, path, db)
		return verify(ctx, path, db)
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return l, nil
}

func openWriter(path string, db *sql.DB, locker locker, passes passStore) (*Ledger, error) {
	s := &sqliteDialect{db: db}
	if err := s.prepare(context.Background(), path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Ledger{path: path, store: &database{path, db, s}, locker: locker, passes: passes}, nil
}

// newDatabase is a store to read.
func newDatabase(path string, db *sql.DB) *database {
	return &database{path, db, &sqliteDialect{db: db}}
}

func locate(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no folder is given for the ledger")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return realPath(filepath.Join(dir, fileName))
}

// CheckFolder is the error with which Open would refuse dir, nil for none: a file
// in its place, say, or no parent, or a mode by which others can write it. It
// writes nothing, and looks at no network file system.
func CheckFolder(dir string) error {
	if IsAddress(dir) {
		return nil
	}
	path, err := locate(dir)
	if err != nil {
		return err
	}
	_, err = findFolder(filepath.Dir(path))
	return err
}

// findFolder reports whether the folder of a ledger exists. The error is for one
// that cannot be used, or not be made.
func findFolder(dir string) (exists bool, err error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := filepath.Dir(dir)
		if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("the folder %s for the ledger %s does not exist: mkdir -p %s", parent, dir, parent)
		}
		return false, nil
	case err != nil:
		return false, fmt.Errorf("the ledger folder: %w", err)
	case !info.IsDir():
		return false, fmt.Errorf("the ledger folder %s is a file: name a folder", dir)
	}
	return true, checkPrivate(dir, info)
}

// prepareFolder refuses a network file system before it creates anything.
func prepareFolder(dir string) error {
	exists, err := findFolder(dir)
	switch {
	case err != nil:
		return err
	case !exists:
		return makeFolder(dir)
	}
	return refuseNetwork(dir)
}

func makeFolder(dir string) error {
	if err := refuseNetwork(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the ledger folder: %w: %s", err, fileRemedy(err))
	}
	return nil
}

// create makes a complete, empty ledger appear at path in one step: no kill
// leaves half of one, and no other process sees half of one. It is not an error
// if another process was faster.
func create(path string) error {
	image, err := emptyDatabase()
	if err != nil {
		return err
	}
	// A process that made the folder may have died before its name was durable.
	// Where the parent cannot be read, this user did not make the folder.
	if err := syncFolder(filepath.Dir(filepath.Dir(path))); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), newPrefix+"*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(image)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func emptyDatabase() ([]byte, error) {
	db, err := connect(":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if _, err := db.Exec(schema); err != nil {
		return nil, err
	}
	var image []byte
	err = raw(context.Background(), db, func(c driverConn) error {
		image, err = c.Serialize()
		return err
	})
	return image, err
}

// syncFolder makes the names in dir survive a power cut.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// connect opens one connection, which lives as long as the sql.DB: a second
// one to ":memory:" would be another, empty database.
func connect(dsn string) (*sql.DB, error) {
	// Closing any descriptor of a file drops the POSIX locks that the process
	// holds on it. Locks of open file descriptions do not have that trap;
	// where the system lacks them the library keeps to POSIX locks.
	_, _ = sqlite.OFDLocking(true)
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return db, nil
}

// fileDSN escapes the path: it may hold any of "?#%".
func fileDSN(path, mode string, pragmas ...string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	q := url.Values{"mode": {mode}, "_pragma": pragmas}
	u.RawQuery = q.Encode()
	return u.String()
}
