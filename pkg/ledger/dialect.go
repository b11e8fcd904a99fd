package ledger

import (
	"context"
	"database/sql"
)

// dialect is what differs between SQLite and PostgreSQL.
type dialect interface {
	// statements are a number that changes with what news finds, and the query of
	// what was added after that number; "" for none: it all is read again.
	statements() (newest, added string)
	// unbroken is ctx without its end: a statement that has begun is finished.
	unbroken(ctx context.Context) (context.Context, context.CancelFunc)
	// read runs a read that may be repeated.
	read(ctx context.Context, d *database, do func(context.Context, query) error) error
	insert(ctx context.Context, d *database, e Event) (bool, error)
	insertIf(ctx context.Context, d *database, e Event, allow func(store) error) (bool, error)
	// begin begins the transaction of an append. alone: no other process appends
	// until it ends. After an error there is none.
	begin(ctx context.Context, conn *sql.Conn, alone bool) error
	// markMoved closes the ledger for writing, in the transaction of conn.
	markMoved(ctx context.Context, conn *sql.Conn, to string) error
	// explain adds to an error where it was and what to do about it.
	explain(path, doing string, err error) error
}
