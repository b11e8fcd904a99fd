package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// A ledger that was copied is closed for writing by a trigger: it also stops a
// process that has the ledger open already.

const (
	movedHead = "CREATE TRIGGER moved BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'the ledger has moved to "
	movedTail = "'); END"
)

func (s *sqliteDialect) markMoved(ctx context.Context, conn *sql.Conn, to string) error {
	if strings.ContainsAny(to, "\n\x00") {
		return fmt.Errorf("the ledger cannot move to %q: its name is not one line", to)
	}
	_, err := conn.ExecContext(ctx, movedHead+quoted(to)+movedTail)
	return err
}

// quoted is the inside of a string in SQL.
func quoted(s string) string { return strings.ReplaceAll(s, "'", "''") }

// cutMoved takes the trigger from the text of the schema, and says where it says
// the ledger has moved to.
func cutMoved(schema string) (rest, to string) {
	first, rest, _ := strings.Cut(schema, "\n")
	to, ok := strings.CutPrefix(first, movedHead)
	if !ok || !strings.HasSuffix(to, movedTail) {
		return schema, ""
	}
	return rest, strings.ReplaceAll(strings.TrimSuffix(to, movedTail), "''", "'")
}

// refuseMoved refuses to write to a ledger that was copied.
func refuseMoved(ctx context.Context, path string, db *sql.DB) error {
	schema, err := column(ctx, db, selectSchema)
	if err != nil {
		return explain(path, "opening", err)
	}
	if _, to := cutMoved(schema); to != "" {
		return movedError(path, to)
	}
	return nil
}

const createMoved = `CREATE FUNCTION ledger_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the ledger has moved to %%', TG_ARGV[0]; END $$;
CREATE TRIGGER ledger_moved BEFORE INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION ledger_moved('%s');
COMMENT ON TRIGGER ledger_moved ON event IS '%s'`

func (p *postgres) markMoved(ctx context.Context, conn *sql.Conn, to string) error {
	_, err := conn.ExecContext(ctx, fmt.Sprintf(createMoved, quoted(to), quoted(to)))
	return err
}

const selectMoved = "select coalesce(obj_description(oid, 'pg_trigger'), '') from pg_trigger where tgrelid = to_regclass('event') and tgname = 'ledger_moved'"

func (p *postgres) refuseMoved(ctx context.Context, q rowQuerier) error {
	var to string
	err := q.QueryRowContext(ctx, selectMoved).Scan(&to)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return &explained{movedError(p.path, to).Error(), nil}
}
