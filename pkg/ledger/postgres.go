package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statementTime bounds a statement, and connectTime a connection, where the
// server does not answer.
const (
	statementTime = 30 * time.Second
	connectTime   = 10 * time.Second
)

// IsAddress reports whether a ledger is given by the address of a database, and
// not as a folder.
func IsAddress(place string) bool { return strings.Contains(place, "://") }

// CheckAddress refuses an address of a ledger that Open does not take.
func CheckAddress(place string) error {
	_, err := parseAddress(place)
	return err
}

// HasPassword reports whether an address contains a password.
func HasPassword(place string) bool {
	u, err := url.Parse(place)
	if err != nil {
		return strings.Contains(place, "@") // perhaps
	}
	_, ok := u.User.Password()
	return ok || u.Query().Has("password") || u.Query().Has("sslpassword")
}

// Name is a ledger's place for messages: an address without user and password.
func Name(place string) string {
	if !IsAddress(place) {
		return place
	}
	config, err := parseAddress(place)
	if err != nil {
		return "postgres://"
	}
	return nameOf(config)
}

func nameOf(c *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", Path: "/" + c.Database}
	if strings.HasPrefix(c.Host, "/") {
		u.RawQuery = "host=" + c.Host
	} else {
		u.Host = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	}
	if s := c.RuntimeParams["search_path"]; s != "" {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&search_path="+url.QueryEscape(s), "&")
	}
	return u.String()
}

// parseAddress reads an address, and what it leaves out from PGPASSFILE and the
// other variables of libpq:
// https://www.postgresql.org/docs/current/libpq-envars.html. No error repeats the
// address, which may contain a password.
func parseAddress(place string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(place)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the address of the ledger is not one of PostgreSQL: postgres://USER@HOST:PORT/DATABASE")
	}
	config, err := pgx.ParseConfig(place)
	if err != nil {
		return nil, errors.New("the address of the ledger cannot be used: check its host, port, sslmode and other options, and the variables PG... of the environment")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	// No prepared statements: a pooler may give each transaction another session.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.OnNotice = nil
	config.RuntimeParams["application_name"] = "migplan"
	return config, nil
}

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
	exists, err := p.exists(ctx, p.db)
	if err == nil && !exists {
		err = errNoTables
	}
	if err == nil {
		err = p.checkVersion(ctx, p.db)
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
	db.SetMaxIdleConns(2)
	p := &postgres{path: nameOf(config), db: db, password: config.Password, limit: statementTime}
	return &Ledger{path: p.path, store: &database{p.path, db, p}, passes: p}, p, nil
}

// postgres is the dialect, the locks and the last passes of one PostgreSQL
// database.
type postgres struct {
	path     string
	db       *sql.DB
	password string
	limit    time.Duration // of a transaction
}

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
	err = p.create(ctx, conn)
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
