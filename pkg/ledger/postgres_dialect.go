package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
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
	err := p.silence.ask(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, p.limit)
		defer cancel()
		return do(ctx, p.db.QueryContext)
	})
	if errors.Is(err, errSilent) {
		err = p.explain(p.path, "reading", err)
	}
	return err
}

func (p *postgres) insert(ctx context.Context, d *database, e Event) (bool, error) {
	return p.append(ctx, d, e, nil)
}

func (p *postgres) insertIf(ctx context.Context, d *database, e Event, allow func(store) error) (bool, error) {
	return p.append(ctx, d, e, allow)
}

// append repeats an insert that got no answer, for as long as a restart of the
// server takes: what was sent must be recorded. The event is in the ledger if its
// key is there with its hash, and else not.
func (p *postgres) append(ctx context.Context, d *database, e Event, allow func(store) error) (ok bool, err error) {
	deadline := time.Now().Add(statementTime)
	if at, ok := ctx.Deadline(); ok && at.Before(deadline) {
		deadline = at
	}
	for again := false; ; again = true {
		ok, err = d.transact(ctx, func(ctx context.Context, t transaction) (bool, error) {
			return p.settle(ctx, t, e, allow, again)
		}, allow != nil)
		if !unanswered(err) && !unreached(err) || time.Now().After(deadline) {
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

// unreached reports whether a statement got no answer of the server, or one that
// may pass.
func unreached(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, new(*explained)) && (!errors.As(err, &pe) || mayPass(pe))
}

func appendKey() int64 { return advisoryKey("migplan append") }

func instanceKey(id string) int64 { return advisoryKey("migplan instance " + id) }

// advisoryKey is a number, of which all programs of a database share one space.
func advisoryKey(of string) int64 {
	sum := sha256.Sum256([]byte(of))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// begin sets what makes the commit durable, whatever the server, the database or
// the user has as its default, and keeps appends out while one is alone. A process
// that is stopped in between does not keep the others out for longer than it would
// take itself: the server ends its transaction.
func (p *postgres) begin(ctx context.Context, conn *sql.Conn, alone bool) error {
	lock := fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d)", appendKey())
	if alone { // its caller may do something else meanwhile
		lock = fmt.Sprintf("SELECT pg_advisory_xact_lock(%d); %s", appendKey(), setNoTimeouts)
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; "+
		"SET LOCAL lock_timeout = '%ds'; %s; SET LOCAL idle_in_transaction_session_timeout = '%dms'", int(longestWait.Seconds()), lock, p.limit.Milliseconds()))
	if err != nil {
		rollBack(ctx, conn) // it may have begun
	}
	return err
}
