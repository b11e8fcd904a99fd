package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// No opened event and no first decision is ever deleted.
const selectCount = "select (select count(*) from event where kind = 'opened') + (select count(*) from event where kind = 'decision' and seq = 1)"

func (p *postgres) statements() (newest, added string) { return selectCount, "" }

func (p *postgres) unbroken(ctx context.Context) (context.Context, context.CancelFunc) {
	wait := p.limit
	if at, ok := ctx.Deadline(); ok {
		wait = min(wait, max(time.Second, time.Until(at)))
	}
	return context.WithTimeout(context.WithoutCancel(ctx), wait)
}

func (p *postgres) read(ctx context.Context, _ *database, do func(context.Context, query) error) error {
	ctx, cancel := context.WithTimeout(ctx, statementTime)
	defer cancel()
	return do(ctx, p.db.QueryContext)
}

func (p *postgres) insert(ctx context.Context, d *database, e Event) (bool, error) {
	return p.append(ctx, d, e, nil)
}

func (p *postgres) insertIf(ctx context.Context, d *database, e Event, allow func(store) error) (bool, error) {
	return p.append(ctx, d, e, allow)
}

// append repeats an insert of which the COMMIT had no answer: the event is in
// the ledger if its key is there with its hash, and else not.
func (p *postgres) append(ctx context.Context, d *database, e Event, allow func(store) error) (ok bool, err error) {
	deadline := time.Now().Add(statementTime)
	if at, ok := ctx.Deadline(); ok && at.Before(deadline) {
		deadline = at
	}
	for again := false; ; again = true {
		ok, err = d.transact(ctx, func(ctx context.Context, t transaction) (bool, error) {
			return p.settle(ctx, t, e, allow, again)
		}, allow != nil)
		if !unanswered(err) && !(again && unreached(err)) || time.Now().After(deadline) {
			return ok, err
		}
		time.Sleep(lockPoll)
	}
}

// settle inserts an event that may have been inserted before.
func (p *postgres) settle(ctx context.Context, t transaction, e Event, allow func(store) error, again bool) (bool, error) {
	if again && t.has(ctx, e) {
		return true, nil
	}
	ok, err := false, p.mayOpen(ctx, t.conn, e)
	if err == nil && allow != nil {
		ok, err = t.insertAllowed(ctx, e, allow)
	} else if err == nil {
		ok, err = t.insert(ctx, e)
	}
	if err == nil && !ok && again {
		return t.has(ctx, e), nil
	}
	return ok, err
}

func (t transaction) has(ctx context.Context, e Event) bool {
	var hash string
	err := t.conn.QueryRowContext(ctx, "select hash from event where chain = $1 and seq = $2", e.Chain, e.Seq).Scan(&hash)
	return err == nil && hash == e.Hash
}

// unanswered reports whether a COMMIT may have been carried out: its answer was
// lost, or the server stopped while it waited for a standby.
func unanswered(err error) bool {
	var ce *commitError
	if !errors.As(err, &ce) {
		return false
	}
	var pe *pgconn.PgError
	return !errors.As(err, &pe) || strings.HasPrefix(pe.Code, "57") || strings.HasPrefix(pe.Code, "08") || pe.Code == "40003"
}

// unreached reports whether a statement got no answer of the server, or the
// server is stopping or starting.
func unreached(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, new(*explained)) && (!errors.As(err, &pe) || strings.HasPrefix(pe.Code, "57"))
}

func appendKey() int64 { return advisoryKey("migplan append") }

func instanceKey(id string) int64 { return advisoryKey("migplan instance " + id) }

// advisoryKey is a number, of which all programs of a database share one space.
func advisoryKey(of string) int64 {
	sum := sha256.Sum256([]byte(of))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// begin sets what makes the commit durable, whatever the server, the database or
// the user has as its default, and keeps appends out while one is alone.
func (p *postgres) begin(ctx context.Context, conn *sql.Conn, alone bool) error {
	lock := fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d)", appendKey())
	if alone { // its caller may do something else meanwhile
		lock = fmt.Sprintf("SELECT pg_advisory_xact_lock(%d); %s", appendKey(), setNoTimeouts)
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; "+
		"SET LOCAL lock_timeout = '%ds'; %s", int(longestWait.Seconds()), lock))
	if err != nil {
		rollBack(ctx, conn) // it may have begun
	}
	return err
}

// explain never repeats the password, whatever the error holds.
func (p *postgres) explain(path, doing string, err error) error {
	var pe *pgconn.PgError
	remedy := "check that PostgreSQL runs there and can be reached, then run again"
	switch {
	case errors.Is(err, errNewer), errors.Is(err, ErrBroken), errors.Is(err, ErrLostRace), errors.As(err, new(*explained)):
		return err
	case errors.Is(err, errNoTables):
		return fmt.Errorf("the ledger %s: %w: %w", path, err, fs.ErrNotExist)
	case errors.As(err, &pe):
		remedy = postgresRemedy(pe.Code)
		if pe.Code == "55P03" {
			err = busyError{err}
		}
	}
	text := p.withoutPassword(fmt.Sprintf("%s the ledger %s: %v: %s", doing, path, err, remedy))
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case pe == nil:
		err = ErrUnavailable // a socket that does not exist is no ledger that does not exist
	case strings.HasPrefix(pe.Code, "57P"):
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return &explained{text, err}
}

// errNoTables says that a database has no ledger yet.
var errNoTables = errors.New("the database has no ledger")

// explained is an error whose text is complete.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

func (p *postgres) withoutPassword(text string) string {
	if p.password == "" {
		return text
	}
	return strings.NewReplacer(p.password, "[hidden]", url.QueryEscape(p.password), "[hidden]", url.PathEscape(p.password), "[hidden]").Replace(text)
}

// postgresRemedy is what to do about an SQLSTATE:
// https://www.postgresql.org/docs/current/errcodes-appendix.html.
func postgresRemedy(code string) string {
	switch code[:min(2, len(code))] {
	case "28":
		return "check the user, its password (PGPASSFILE) and pg_hba.conf"
	case "3D", "3F":
		return "create the database and the schema, or correct the address"
	case "53":
		return "the server lacks space, memory or connections: make some free and run again"
	case "57":
		return "the server stops, starts or has cancelled the statement: run again"
	}
	switch code {
	case "42501":
		return "the user needs its own schema, or CREATE in this one: GRANT CREATE, USAGE ON SCHEMA ... TO ..."
	case "25006", "0A000": // the latter is the answer to BEGIN READ WRITE
		return "this is a standby: name the primary, or several hosts and target_session_attrs=read-write"
	case "55P03":
		return "another process is writing: run again"
	case "42P01", "42703":
		return "the tables are not those of a ledger: name another database or schema"
	}
	return "check the server's log and run again"
}
