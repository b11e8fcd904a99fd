package ledger

import (
	"context"
	"database/sql"
	"sync/atomic"
)

// sqliteDialect is the dialect of one SQLite database.
type sqliteDialect struct {
	db       *sql.DB
	append   *sql.Stmt // nil in a reader
	prepared map[string]*sql.Stmt
	wait     atomic.Int64 // the busy_timeout in force, 0 for that of opening
}

func (s *sqliteDialect) statements() (newest, added string) { return selectNewest, selectNews }

// prepare prepares the statements of a writer.
func (s *sqliteDialect) prepare(ctx context.Context, path string) (err error) {
	s.prepared = map[string]*sql.Stmt{}
	for _, statement := range []string{selectChain, selectFrom, selectOpened, selectDecided, selectNewest, selectNews} {
		if s.prepared[statement], err = s.db.PrepareContext(ctx, statement); err != nil {
			return explain(path, "opening", err)
		}
	}
	if s.append, err = s.db.PrepareContext(ctx, insertEvent); err != nil {
		return explain(path, "opening", err)
	}
	return nil
}

// read ends by a deadline because the wait for a lock does: to cut the statement
// off would take the connection with it.
func (s *sqliteDialect) read(ctx context.Context, d *database, do func(context.Context, query) error) error {
	s.patience(ctx)
	if _, ok := ctx.Deadline(); ok && ctx.Err() == nil {
		ctx = context.WithoutCancel(ctx)
	}
	if s.append != nil {
		return do(ctx, func(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
			if prepared := s.prepared[statement]; prepared != nil {
				return prepared.QueryContext(ctx, args...)
			}
			return s.db.QueryContext(ctx, statement, args...)
		})
	}
	return readOnly(ctx, d.path, s.db, func(db *sql.DB) error { return do(ctx, db.QueryContext) })
}

// insert is one statement and so one transaction: it takes the write lock as
// BEGIN IMMEDIATE does, and a failed commit is rolled back by SQLite itself.
func (s *sqliteDialect) insert(ctx context.Context, d *database, e Event) (bool, error) {
	ctx, cancel := s.unbroken(ctx)
	defer cancel()
	return d.inserted(s.append.ExecContext(ctx, e.row()...))
}

func (s *sqliteDialect) insertIf(ctx context.Context, d *database, e Event, allow func(store) error) (bool, error) {
	return d.transact(ctx, func(ctx context.Context, t transaction) (bool, error) { return t.insertAllowed(ctx, e, allow) }, true)
}

func (s *sqliteDialect) begin(ctx context.Context, conn *sql.Conn, _ bool) error {
	_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	return err
}

func (s *sqliteDialect) explain(path, doing string, err error) error {
	return explain(path, doing, err)
}
