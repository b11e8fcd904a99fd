package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Ledger is an open log. It is safe for concurrent use, by goroutines and by
// processes.
type Ledger struct {
	path   string // of the database file; memoryPath in memory
	db     *sql.DB
	insert *sql.Stmt // nil in a reader
	read   map[string]*sql.Stmt
	locker locker // nil in a reader
}

// Path is the database file, for messages.
func (l *Ledger) Path() string { return l.path }

// Close frees the file. Locks taken through this ledger stay held.
func (l *Ledger) Close() error { return l.db.Close() }

// The statements are valid on SQLite and on PostgreSQL alike.
const (
	columns = "select chain, seq, at, kind, step, attempt, run, data, prev, hash from event "

	selectChain = columns + "where chain = $1 order by seq"

	// The literal makes it match the partial index.
	selectOpened = columns + "where kind = 'opened' order by chain, seq"

	// The event goes in only behind the very event its writer has read. On an
	// empty chain the primary key alone decides.
	insertEvent = `insert into event (chain, seq, at, kind, step, attempt, run, data, prev, hash)
select cast($1 as text), cast($2 as bigint), $3, $4, cast($5 as bigint), cast($6 as bigint), $7, $8, cast($9 as text), $10
where cast($2 as bigint) = 1
or exists (select 1 from event where chain = cast($1 as text) and seq = cast($2 as bigint) - 1 and hash = cast($9 as text))
on conflict do nothing`
)

// Events returns the events of a chain in order, none when it does not exist.
// It matches ErrBroken unless they are gapless from 1 and every hash is right.
func (l *Ledger) Events(ctx context.Context, chain string) ([]Event, error) {
	events, err := l.events(ctx, selectChain, chain)
	if err != nil {
		return nil, err
	}
	var head Head
	for _, e := range events {
		if what := e.fault(head); what != "" {
			return nil, brokenChain(l.path, chain, head.Seq+1, what)
		}
		head = Head{e.Seq, e.Hash}
	}
	return events, nil
}

// Opened returns the `opened` events of all chains, by chain. Each is verified
// by itself; Events verifies its history.
func (l *Ledger) Opened(ctx context.Context) ([]Event, error) {
	events, err := l.events(ctx, selectOpened)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if what := e.fault(Head{e.Seq - 1, e.Prev}); what != "" {
			return nil, brokenChain(l.path, e.Chain, e.Seq, what)
		}
	}
	return events, nil
}

// fault says what is wrong with e as the event after head, "" when nothing is.
func (e Event) fault(head Head) string {
	switch {
	case e.Seq != head.Seq+1:
		return fmt.Sprintf("missing, number %d follows", e.Seq)
	case e.Prev != head.Hash:
		return "does not follow the event before it"
	case e.Hash != e.digest():
		return "its content does not match its hash"
	}
	return ""
}

// Append adds e behind head, the newest event that the caller has read of the
// chain, and returns it with Seq, Prev and Hash filled in and At in UTC to the
// microsecond. When it returns, the event survives a power cut. ErrLostRace:
// head is no longer the newest, nothing was written. After any other error the
// ledger is as it was, unless the disk failed in the last step of the commit.
// A cancelled ctx stops it before it begins, not half-way.
func (l *Ledger) Append(ctx context.Context, head Head, e Event) (Event, error) {
	if l.insert == nil {
		return Event{}, fmt.Errorf("%s: %w", l.path, ErrReadOnly)
	}
	e = e.seal(head)
	if err := e.storable(); err != nil {
		return Event{}, fmt.Errorf("appending to the ledger %s: %w", l.path, err)
	}
	if err := ctx.Err(); err != nil {
		return Event{}, fmt.Errorf("appending to the ledger %s: %w", l.path, err)
	}
	// One statement is one transaction: it takes the write lock as BEGIN
	// IMMEDIATE does, and a failed commit is rolled back by SQLite itself.
	res, err := l.insert.ExecContext(context.WithoutCancel(ctx), e.Chain, e.Seq, e.At.Format(timeLayout),
		string(e.Kind), e.Step, e.Attempt, e.Run, string(e.Data), e.Prev, e.Hash)
	if err != nil {
		return Event{}, explain(l.path, "appending to", err)
	}
	switch n, err := res.RowsAffected(); {
	case err != nil:
		return Event{}, explain(l.path, "appending to", err)
	case n == 0:
		return Event{}, fmt.Errorf("%s: chain %s, event %d: %w: run again", l.path, e.Chain, e.Seq, ErrLostRace)
	}
	return e, nil
}

// storable refuses what would not come back from every database as it went
// in: PostgreSQL takes neither NUL nor broken UTF-8 in text.
func (e Event) storable() error {
	if at, err := time.Parse(timeLayout, e.At.Format(timeLayout)); err != nil || !at.Equal(e.At) {
		return fmt.Errorf("event %d: time %v cannot be stored", e.Seq, e.At)
	}
	if e.Chain == "" || e.Kind == "" || e.Seq < 1 || (e.Seq == 1) != (e.Prev == "") {
		return fmt.Errorf("event %d: it has no chain or kind, or an impossible head", e.Seq)
	}
	if len(e.Data) > 0 && !json.Valid(e.Data) {
		return fmt.Errorf("event %d: its data is no JSON", e.Seq)
	}
	for _, s := range []string{e.Chain, string(e.Kind), e.Run, string(e.Data), e.Prev} {
		if !storableText(s) {
			return fmt.Errorf("event %d: %q is no text", e.Seq, s)
		}
	}
	return nil
}

func storableText(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}

// query is db.QueryContext, or the same with prepared statements.
type query func(ctx context.Context, statement string, args ...any) (*sql.Rows, error)

func (l *Ledger) prepared(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return l.read[statement].QueryContext(ctx, args...)
}

// events runs a select over columns.
func (l *Ledger) events(ctx context.Context, statement string, args ...any) (events []Event, err error) {
	if l.insert != nil {
		events, err = scanAll(ctx, l.prepared, statement, args...)
		return events, l.explainRead(err)
	}
	err = readOnly(ctx, l.path, l.db, func(db *sql.DB) (err error) {
		events, err = scanAll(ctx, db.QueryContext, statement, args...)
		return l.explainRead(err)
	})
	return events, err
}

func (l *Ledger) explainRead(err error) error {
	var fe *fieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fe):
		return brokenFile(l.path, fe.Error())
	}
	return explain(l.path, "reading", err)
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
