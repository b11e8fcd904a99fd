package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Stored in the file's header (https://www.sqlite.org/fileformat2.html,
// section 1.3), at the offsets below.
const (
	applicationID = 0x6d69676c // "migl"
	userVersion   = 1

	offsetVersions = 18
	offsetUser     = 60
	offsetApp      = 68
	headerSize     = 100
)

const (
	createTable = `CREATE TABLE event (chain text not null, seq bigint not null, at text not null, kind text not null, ` +
		`step bigint not null, attempt bigint not null, run text not null, data text not null, ` +
		`prev text not null, hash text not null, primary key (chain, seq))`
	createIndex = `CREATE INDEX event_opened ON event (chain, seq) where kind = 'opened'`
)

var schema = fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d; %s; %s;",
	applicationID, userVersion, createTable, createIndex)

// checkFile reads the header before SQLite does: SQLite would take an empty file
// for a new database, convert one of another program, and write beside one in
// WAL mode even when reading. It would also wait for a FIFO.
func checkFile(path string) error {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	header := make([]byte, headerSize)
	n, err := io.ReadFull(f, header)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("reading the ledger %s: %w: %s", path, err, fileRemedy(err))
	}
	if err := checkHeader(path, header[:n]); err != nil {
		return err
	}
	return checkJournals(path)
}

func checkHeader(path string, h []byte) error {
	if len(h) == 0 {
		return brokenFile(path, "the file is empty")
	}
	if len(h) < headerSize || !bytes.HasPrefix(h, []byte("SQLite format 3\x00")) {
		return fmt.Errorf("%s is not a ledger: move it away, or name another folder", path)
	}
	if binary.BigEndian.Uint32(h[offsetApp:]) != applicationID {
		return fmt.Errorf("%s is the database of another program: name another folder for the ledger", path)
	}
	switch v := binary.BigEndian.Uint32(h[offsetUser:]); {
	case v > userVersion:
		return fmt.Errorf("%s has version %d, this migplan knows version %d: %w: use that migplan", path, v, userVersion, errNewer)
	case v < userVersion:
		return brokenFile(path, fmt.Sprintf("no migplan writes version %d", v))
	}
	if h[offsetVersions] != 1 || h[offsetVersions+1] != 1 {
		return fmt.Errorf("%s is not in rollback-journal mode: sqlite3 %s 'pragma journal_mode=delete'", path, path)
	}
	return nil
}

const selectSchema = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC"

// smallCache is 400 KiB of pages. The check of the whole file reads each page once,
// and an append needs few: more would only cost their allocation, in every start.
const smallCache = "PRAGMA cache_size(-400)"

// verify shows that no page, row or index entry is lost. The hashes cannot: a
// chain that lost its newest events is still a valid chain.
func verify(ctx context.Context, path string, db *sql.DB) error {
	got, err := column(ctx, db, selectSchema)
	if err != nil {
		return explain(path, "opening", err)
	}
	got, _ = cutMoved(got)
	if want := createTable + "\n" + createIndex; got != want {
		return brokenFile(path, "the tables are not those of a ledger")
	}
	if _, err = column(ctx, db, smallCache); err == nil {
		got, err = column(ctx, db, "PRAGMA integrity_check(1)")
	}
	if err != nil {
		return explain(path, "opening", err)
	}
	if got != "ok" {
		return brokenFile(path, strings.ReplaceAll(got, "\n", " "))
	}
	return nil
}

// writable refuses a file that SQLite opened only for reading, since it cannot
// be written.
func writable(ctx context.Context, path string, db *sql.DB) error {
	return raw(ctx, db, func(c driverConn) error {
		only, err := c.IsReadOnly("main")
		if err == nil && only {
			err = fmt.Errorf("the ledger %s cannot be written: %s", path, remedy(sqlite3.SQLITE_READONLY))
		}
		return err
	})
}

// column joins the rows of a query with one column of text.
func column(ctx context.Context, db *sql.DB, query string) (string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return "", err
		}
		all = append(all, s)
	}
	return strings.Join(all, "\n"), rows.Err()
}

// readOnly reads db, the file at path, or a copy of it where the file cannot be
// read without writing. Beside a journal it takes a copy at once: as root,
// SQLite would set the owner of the journal before it refuses to roll it back.
// Where a writer never pauses, it reads the file, under the locks of SQLite.
func readOnly(ctx context.Context, path string, db *sql.DB, read func(*sql.DB) error) error {
	if hasJournal(path) {
		if err := readCopy(ctx, path, read); !errors.Is(err, errKeepsWriting) {
			return err
		}
	}
	if err := read(db); !needsCopy(err) {
		return err
	}
	return readCopy(ctx, path, read)
}

func readCopy(ctx context.Context, path string, read func(*sql.DB) error) error {
	db, err := openCopy(ctx, path)
	if err != nil {
		return err
	}
	return errors.Join(read(db), db.Close())
}

// needsCopy reports whether SQLite cannot read the file without writing: a
// journal is to be rolled back, or a lock cannot be taken.
func needsCopy(err error) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	switch se.Code() {
	case sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK:
		return true
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// openCopy reads the database and its journal as they are, has SQLite roll
// back in a temporary folder what is not finished, and opens the result in
// memory.
func openCopy(ctx context.Context, path string) (*sql.DB, error) {
	image, err := committed(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(path, image[:min(len(image), headerSize)]); err != nil {
		return nil, err
	}
	db, err := connect(":memory:")
	if err != nil {
		return nil, err
	}
	err = raw(ctx, db, func(c driverConn) error { return c.Deserialize(image) })
	if err == nil {
		err = verify(ctx, path, db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// driverConn is what modernc.org/sqlite has beyond database/sql.
type driverConn interface {
	Serialize() ([]byte, error)
	Deserialize([]byte) error
	IsReadOnly(schema string) (bool, error)
}

func raw(ctx context.Context, db *sql.DB, do func(driverConn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		dc, ok := c.(driverConn)
		if !ok {
			return fmt.Errorf("%T is not a connection to SQLite", c)
		}
		return do(dc)
	})
}
