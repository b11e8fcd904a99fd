package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
)

// statementTime bounds a statement, and connectTime a connection, where the
// server does not answer.
const (
	statementTime = 30 * time.Second
	connectTime   = 10 * time.Second
)

// openPostgres opens the ledger at an address for reading and writing, and
// creates its tables where there are none.
func openPostgres(ctx context.Context, place string) (*Ledger, error) {
	l, p, err := connectPostgres(place)
	if err != nil {
		return nil, err
	}
	if err := p.prepare(ctx); err != nil {
		return nil, errors.Join(p.explain(p.path, "opening", err), p.db.Close())
	}
	l.locker = p
	return l, nil
}

// openPostgresReader opens the ledger at an address for reading. The error
// matches fs.ErrNotExist where the database has no ledger.
func openPostgresReader(ctx context.Context, place string) (*Ledger, error) {
	l, p, err := connectPostgres(place)
	if err != nil {
		return nil, err
	}
	ctx, cancel := p.unbroken(ctx)
	defer cancel()
	exists, err := false, p.checkSchema(ctx, p.db)
	if err == nil {
		exists, err = p.exists(ctx, p.db)
	}
	if err == nil && !exists {
		err = errNoTables
	}
	if err == nil {
		err = p.checkVersion(ctx, p.db)
	}
	if err == nil {
		if l.moved = p.refuseMoved(ctx, p.db); !errors.As(l.moved, new(*explained)) {
			err = l.moved
		}
	}
	if err != nil {
		return nil, errors.Join(p.explain(p.path, "opening", err), p.db.Close())
	}
	return l, nil
}

// connectPostgres makes a reader; the first statement connects.
func connectPostgres(place string) (*Ledger, *postgres, error) {
	config, err := parseAddress(place)
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDB(*config)
	// No limit on connections: an append needs one while locks hold others.
	db.SetMaxIdleConns(maxIdle)
	db.SetConnMaxIdleTime(time.Minute)
	p := &postgres{path: nameOf(config), db: db, password: config.Password, searchPath: config.RuntimeParams["search_path"], limit: statementTime}
	return &Ledger{path: p.path, store: &database{p.path, db, p}, passes: p}, p, nil
}

// postgres is the dialect, the locks and the last passes of one PostgreSQL
// database.
type postgres struct {
	path       string
	db         *sql.DB
	password   string
	searchPath string        // that the address asks for, "" for none
	limit      time.Duration // of a statement or a transaction
	silence    silence
}

// maxIdle is how many connections are kept for the next statements: one for each
// plan that is worked on at once, and one for its lock.
const maxIdle = 32

// The version of the tables, of a ledger that PostgreSQL keeps.
const postgresVersion = 1

var postgresTables = strings.Join([]string{
	createTable, createIndex,
	"CREATE INDEX event_decided ON event (chain) WHERE kind = 'decision' and seq = 1",
	createPassTable,
	"CREATE TABLE ledger (version bigint not null)",
	"CREATE TABLE ledger_server (n bigint not null primary key, at timestamptz not null, system_identifier text not null, timeline text not null)",
	fmt.Sprintf("INSERT INTO ledger VALUES (%d)", postgresVersion),
}, "; ")

// prepare creates the tables or checks their version, and records which server
// this is, all under one lock.
func (p *postgres) prepare(ctx context.Context) error {
	ctx, cancel := p.unbroken(ctx)
	defer cancel()
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := p.begin(ctx, conn, true); err != nil {
		return err
	}
	if err = p.checkSchema(ctx, conn); err == nil {
		err = p.create(ctx, conn)
	}
	if err == nil {
		err = p.checkSettings(ctx, conn)
	}
	if err == nil {
		err = p.meetServer(ctx, conn)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		rollBack(ctx, conn)
	}
	return err
}

// checkSchema refuses a connection that did not get the schema of its address: a
// pooler may ignore it, and then another ledger would be read or made.
func (p *postgres) checkSchema(ctx context.Context, q rowQuerier) error {
	if p.searchPath == "" {
		return nil
	}
	var is string
	err := q.QueryRowContext(ctx, "select current_setting('search_path')").Scan(&is)
	if err == nil && is != p.searchPath {
		err = fmt.Errorf("%s: %w: search_path is %q in the address and %q in the session: set it in the server instead, for the user (ALTER ROLE ... SET search_path) or the database",
			p.path, errSchema, p.searchPath, is)
	}
	return err
}

// errSchema says that a session has another schema than its address.
var errSchema = errors.New("a pooler has ignored a setting of the address")

func (p *postgres) create(ctx context.Context, conn *sql.Conn) error {
	exists, err := p.exists(ctx, conn)
	switch {
	case err != nil:
		return err
	case exists:
		if err := p.checkVersion(ctx, conn); err != nil {
			return err
		}
		return p.refuseMoved(ctx, conn)
	}
	_, err = conn.ExecContext(ctx, postgresTables)
	return err
}

// rowQuerier is a database or one of its connections.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row
}

func (p *postgres) exists(ctx context.Context, q rowQuerier) (ok bool, err error) {
	err = q.QueryRowContext(ctx, "select to_regclass('ledger') is not null and to_regclass('event') is not null").Scan(&ok)
	return ok, err
}

func (p *postgres) checkVersion(ctx context.Context, q rowQuerier) error {
	var v int64
	if err := q.QueryRowContext(ctx, "select version from ledger").Scan(&v); err != nil {
		return err
	}
	switch {
	case v > postgresVersion:
		return fmt.Errorf("%s has version %d, this migplan knows version %d: %w: use that migplan", p.path, v, postgresVersion, errNewer)
	case v < postgresVersion:
		return brokenFile(p.path, fmt.Sprintf("no migplan writes version %d", v))
	}
	return nil
}

// checkSettings refuses a server that does not keep what it has committed.
func (p *postgres) checkSettings(ctx context.Context, q rowQuerier) error {
	var fsync, pages string
	err := q.QueryRowContext(ctx, "select current_setting('fsync'), current_setting('full_page_writes')").Scan(&fsync, &pages)
	if err == nil && (fsync != "on" || pages != "on") {
		err = fmt.Errorf("the server may lose what it has committed (fsync %s, full_page_writes %s): set both to on", fsync, pages)
	}
	return err
}
