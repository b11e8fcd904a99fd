package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// AppendIf is Append if allow returns no error. allow reads the ledger in the
// transaction of the append: nothing changes between its look and the event. An
// error of allow is returned unchanged, and nothing was written. allow must use
// only the ledger that it is given.
func (l *Ledger) AppendIf(ctx context.Context, head Head, e Event, allow func(*Ledger) error) (Event, error) {
	return l.append(ctx, head, e, func(ctx context.Context, e Event) (bool, error) {
		return l.store.insertIf(ctx, e, func(s store) error { return allow(&Ledger{path: l.path, store: s, passes: l.passes}) })
	})
}

// transact holds the lock of its transaction from the first read on. alone: no
// other process writes between what do reads and what it inserts.
func (d *database) transact(ctx context.Context, do func(context.Context, transaction) (bool, error), alone bool) (ok bool, err error) {
	ctx, cancel := d.dialect.unbroken(ctx)
	defer cancel()
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return false, d.dialect.explain(d.path, "appending to", err)
	}
	defer conn.Close()
	if err := d.dialect.begin(ctx, conn, alone); err != nil {
		return false, d.dialect.explain(d.path, "appending to", err)
	}
	ok, err = do(ctx, transaction{d, conn})
	if err != nil || !ok {
		rollBack(ctx, conn)
		return false, err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		rollBack(ctx, conn)
		return false, &commitError{d.dialect.explain(d.path, "appending to", err)}
	}
	return true, nil
}

// commitError is an error of a COMMIT.
type commitError struct{ error }

func (e *commitError) Unwrap() error { return e.error }

// rollBack ends a transaction without writing. If that fails, the connection is
// closed, which rolls back too.
func rollBack(ctx context.Context, conn *sql.Conn) {
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// transaction is the ledger as one transaction sees it.
type transaction struct {
	d    *database
	conn *sql.Conn
}

func (t transaction) insertAllowed(ctx context.Context, e Event, allow func(store) error) (bool, error) {
	if err := allow(t); err != nil {
		return false, err
	}
	return t.insert(ctx, e)
}

func (t transaction) insert(ctx context.Context, e Event) (bool, error) {
	return t.d.inserted(t.conn.ExecContext(ctx, insertEvent, e.row()...))
}

func (t transaction) insertIf(context.Context, Event, func(store) error) (bool, error) {
	return false, fmt.Errorf("%s: %w", t.d.path, errReadOnly)
}

func (t transaction) chain(ctx context.Context, chain string) ([]Event, error) {
	return t.events(ctx, selectChain, chain)
}

func (t transaction) from(ctx context.Context, chain string, seq int64) ([]Event, error) {
	return t.events(ctx, selectFrom, chain, seq)
}

func (t transaction) several(ctx context.Context, chains []string) ([]Event, error) {
	return t.events(ctx, selectSeveral(), severalArgs(chains)...)
}

func (t transaction) opened(ctx context.Context) ([]Event, error) {
	return t.events(ctx, selectOpened)
}

func (t transaction) news(ctx context.Context, since int64) (news, error) {
	return readNews(ctx, t, t.d.dialect, since)
}

func (t transaction) number(ctx context.Context, statement string) (int64, error) {
	n, err := scanNumber(ctx, t.conn.QueryContext, statement)
	return n, t.d.explainRead(err)
}

func (t transaction) events(ctx context.Context, statement string, args ...any) ([]Event, error) {
	events, err := scanAll(ctx, t.conn.QueryContext, statement, args...)
	return events, t.d.explainRead(err)
}

func (t transaction) close() error { return nil }
