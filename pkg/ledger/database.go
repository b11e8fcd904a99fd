package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// database is a store in SQL, SQLite's for now.
type database struct {
	path   string
	db     *sql.DB
	append *sql.Stmt // nil in a reader
	read   map[string]*sql.Stmt
	wait   atomic.Int64 // the busy_timeout in force, 0 for that of opening
}

// The statements are valid on SQLite and on PostgreSQL.
const (
	columns = "select chain, seq, at, kind, step, attempt, run, data, prev, hash from event "

	selectChain = columns + "where chain = $1 order by seq"

	// The literal makes it match the partial index.
	selectOpened = columns + "where kind = 'opened' order by chain, seq"

	// The list of chains makes it two searches of the primary key.
	selectDecided = columns + "where seq = 1 and kind = 'decision' and chain in (select distinct chain from event) order by chain"

	// SQLite numbers the rows in the order in which they are inserted, and no
	// row is ever deleted: https://www.sqlite.org/rowidtable.html.
	selectNewest = "select coalesce(max(rowid), 0) from event"
	selectNews   = columns + "where rowid > $1 and (kind = 'opened' or kind = 'decision' and seq = 1) order by rowid"

	// The event is inserted only after the event that its writer has read last.
	// On an empty chain the primary key alone decides.
	insertEvent = `insert into event (chain, seq, at, kind, step, attempt, run, data, prev, hash)
select cast($1 as text), cast($2 as bigint), $3, $4, cast($5 as bigint), cast($6 as bigint), $7, $8, cast($9 as text), $10
where cast($2 as bigint) = 1
or exists (select 1 from event where chain = cast($1 as text) and seq = cast($2 as bigint) - 1 and hash = cast($9 as text))
on conflict do nothing`
)

// prepare prepares the statements of a writer.
func (d *database) prepare(ctx context.Context) (err error) {
	d.read = map[string]*sql.Stmt{}
	for _, s := range []string{selectChain, selectOpened, selectDecided, selectNewest, selectNews} {
		if d.read[s], err = d.db.PrepareContext(ctx, s); err != nil {
			return explain(d.path, "opening", err)
		}
	}
	if d.append, err = d.db.PrepareContext(ctx, insertEvent); err != nil {
		return explain(d.path, "opening", err)
	}
	return nil
}

func (d *database) close() error { return d.db.Close() }

// insert is one statement and so one transaction: it takes the write lock as
// BEGIN IMMEDIATE does, and a failed commit is rolled back by SQLite itself.
func (d *database) insert(ctx context.Context, e Event) (bool, error) {
	return d.inserted(d.append.ExecContext(d.unbroken(ctx), e.row()...))
}

// row is the event in the order of the columns.
func (e Event) row() []any {
	return []any{e.Chain, e.Seq, e.At.Format(timeLayout), string(e.Kind), e.Step, e.Attempt, e.Run, string(e.Data), e.Prev, e.Hash}
}

func (d *database) inserted(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, explain(d.path, "appending to", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, explain(d.path, "appending to", err)
	}
	return n > 0, nil
}

func (d *database) chain(ctx context.Context, chain string) ([]Event, error) {
	return d.events(ctx, selectChain, chain)
}

func (d *database) opened(ctx context.Context) ([]Event, error) {
	return d.events(ctx, selectOpened)
}

func (d *database) decided(ctx context.Context) ([]Event, error) {
	return d.events(ctx, selectDecided)
}

// events runs a select over columns.
func (d *database) events(ctx context.Context, statement string, args ...any) (events []Event, err error) {
	d.patience(ctx)
	if d.append != nil {
		events, err = scanAll(ctx, d.prepared, statement, args...)
		return events, d.explainRead(err)
	}
	err = readOnly(ctx, d.path, d.db, func(db *sql.DB) (err error) {
		events, err = scanAll(ctx, db.QueryContext, statement, args...)
		return d.explainRead(err)
	})
	return events, err
}

func (d *database) news(ctx context.Context, since int64) (news, error) {
	return readNews(ctx, d, d.newest, since)
}

// newest is the number of the row that was inserted last.
func (d *database) newest(ctx context.Context) (n int64, err error) {
	d.patience(ctx)
	if d.append != nil {
		err = d.read[selectNewest].QueryRowContext(ctx).Scan(&n)
		return n, d.explainRead(err)
	}
	err = readOnly(ctx, d.path, d.db, func(db *sql.DB) error {
		return d.explainRead(db.QueryRowContext(ctx, selectNewest).Scan(&n))
	})
	return n, err
}

// selecter runs a select over columns.
type selecter interface {
	events(ctx context.Context, statement string, args ...any) ([]Event, error)
}

// readNews finds fewer rows than before where an older copy was put in the place
// of the ledger: then it reads them all.
func readNews(ctx context.Context, s selecter, newest func(context.Context) (int64, error), since int64) (n news, err error) {
	if n.at, err = newest(ctx); err != nil || n.at == since {
		return n, err
	}
	if since > 0 && n.at > since {
		n.events, err = s.events(ctx, selectNews, since)
		return n, err
	}
	n.whole = true
	if n.events, err = s.events(ctx, selectOpened); err != nil {
		return n, err
	}
	decided, err := s.events(ctx, selectDecided)
	n.events = append(n.events, decided...)
	return n, err
}

func (d *database) explainRead(err error) error {
	var fe *fieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fe):
		return brokenFile(d.path, fe.Error())
	}
	return explain(d.path, "reading", err)
}

// query is db.QueryContext, or the same with prepared statements.
type query func(ctx context.Context, statement string, args ...any) (*sql.Rows, error)

func (d *database) prepared(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return d.read[statement].QueryContext(ctx, args...)
}

func scanAll(ctx context.Context, q query, statement string, args ...any) ([]Event, error) {
	rows, err := q(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, &fieldError{len(events) + 1, err}
		}
		events = append(events, e)
	}
	return events, rows.Err()
}

// fieldError is a stored value that Append cannot have written.
type fieldError struct {
	row int
	err error
}

func (e *fieldError) Error() string { return fmt.Sprintf("event %d: %v", e.row, e.err) }

func scan(rows *sql.Rows) (Event, error) {
	var e Event
	var at, data string
	err := rows.Scan(&e.Chain, &e.Seq, &at, &e.Kind, &e.Step, &e.Attempt, &e.Run, &data, &e.Prev, &e.Hash)
	if err != nil {
		return Event{}, err
	}
	if e.At, err = time.Parse(timeLayout, at); err != nil {
		return Event{}, err
	}
	if data != "" {
		e.Data = json.RawMessage(data)
	}
	return e, nil
}
