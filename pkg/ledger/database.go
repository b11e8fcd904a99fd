package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// database is a store in SQL.
type database struct {
	path    string
	db      *sql.DB
	dialect dialect
}

// The statements are valid on SQLite and on PostgreSQL.
const (
	columns = "select chain, seq, at, kind, step, attempt, run, data, prev, hash from event "

	selectChain = columns + "where chain = $1 order by seq"

	selectFrom = columns + "where chain = $1 and seq >= $2 order by seq"

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

// chainsAtOnce is how many chains one statement reads.
const chainsAtOnce = 100

// selectSeveral has a parameter for each of the chains.
var selectSeveral = sync.OnceValue(func() string {
	parameters := make([]string, chainsAtOnce)
	for i := range parameters {
		parameters[i] = fmt.Sprint("$", i+1)
	}
	return columns + "where chain in (" + strings.Join(parameters, ", ") + ") order by chain, seq"
})

// severalArgs fills up the parameters of selectSeveral. No chain has an empty name.
func severalArgs(chains []string) []any {
	args := make([]any, chainsAtOnce)
	for i := range args {
		if args[i] = ""; i < len(chains) {
			args[i] = chains[i]
		}
	}
	return args
}

func (d *database) close() error { return d.db.Close() }

func (d *database) insert(ctx context.Context, e Event) (bool, error) {
	return d.dialect.insert(ctx, d, e)
}

func (d *database) insertIf(ctx context.Context, e Event, allow func(store) error) (bool, error) {
	return d.dialect.insertIf(ctx, d, e, allow)
}

// row is the event in the order of the columns.
func (e Event) row() []any {
	return []any{e.Chain, e.Seq, e.At.Format(timeLayout), string(e.Kind), e.Step, e.Attempt, e.Run, string(e.Data), e.Prev, e.Hash}
}

func (d *database) inserted(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, d.dialect.explain(d.path, "appending to", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, d.dialect.explain(d.path, "appending to", err)
	}
	return n > 0, nil
}

func (d *database) chain(ctx context.Context, chain string) ([]Event, error) {
	return d.events(ctx, selectChain, chain)
}

func (d *database) from(ctx context.Context, chain string, seq int64) ([]Event, error) {
	return d.events(ctx, selectFrom, chain, seq)
}

func (d *database) several(ctx context.Context, chains []string) ([]Event, error) {
	return d.events(ctx, selectSeveral(), severalArgs(chains)...)
}

func (d *database) opened(ctx context.Context) ([]Event, error) {
	return d.events(ctx, selectOpened)
}

// events runs a select over columns.
func (d *database) events(ctx context.Context, statement string, args ...any) (events []Event, err error) {
	err = d.dialect.read(ctx, d, func(ctx context.Context, q query) (err error) {
		events, err = scanAll(ctx, q, statement, args...)
		return d.explainRead(err)
	})
	return events, err
}

func (d *database) number(ctx context.Context, statement string) (n int64, err error) {
	err = d.dialect.read(ctx, d, func(ctx context.Context, q query) (err error) {
		n, err = scanNumber(ctx, q, statement)
		return d.explainRead(err)
	})
	return n, err
}

func (d *database) news(ctx context.Context, since int64) (news, error) {
	return readNews(ctx, d, d.dialect, since)
}

// reader runs statements in a transaction, or without one.
type reader interface {
	events(ctx context.Context, statement string, args ...any) ([]Event, error)
	number(ctx context.Context, statement string) (int64, error)
}

// readNews finds fewer rows than before where an older copy was put in the place
// of the ledger: then it reads them all.
func readNews(ctx context.Context, r reader, d dialect, since int64) (n news, err error) {
	newest, added := d.statements()
	if n.at, err = r.number(ctx, newest); err != nil || n.at == since {
		return n, err
	}
	if since > 0 && n.at > since && added != "" {
		n.events, err = r.events(ctx, added, since)
		return n, err
	}
	n.whole = true
	if n.events, err = r.events(ctx, selectOpened); err != nil {
		return n, err
	}
	decided, err := r.events(ctx, selectDecided)
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
	return d.dialect.explain(d.path, "reading", err)
}

// query is db.QueryContext, or the same with prepared statements.
type query func(ctx context.Context, statement string, args ...any) (*sql.Rows, error)

func scanNumber(ctx context.Context, q query, statement string) (n int64, err error) {
	rows, err := q(ctx, statement)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	return n, errors.Join(err, rows.Err())
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
		if len(events) == cap(events) {
			events = slices.Grow(events, max(16, len(events))) // twice as many: append alone copies more often
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
