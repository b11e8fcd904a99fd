package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// settleTime is how long a request that was sent may still create a job that is
// not listed yet: docs/reliability.md, A2 and A3. One that was sent with a token
// may be taken until the token ends.
const (
	settleTime = 45 * time.Minute
	tokenTime  = 24 * time.Hour
)

// The timeline is that of the WAL being written. That of pg_control_checkpoint
// changes only with the first checkpoint after a failover.
const selectServer = "select (select system_identifier::text from pg_control_system()), substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), clock_timestamp()"

// server is a PostgreSQL server, or what a standby became by its promotion.
type server struct{ identifier, timeline string }

func (s server) String() string { return s.identifier + ", timeline " + s.timeline }

// meetServer records which server this is. Another one than before may lack the
// newest events: a standby that was promoted, or a backup that was restored. Then
// every chain gets an event that lets nothing be sent before all that was sent
// shows in a listing of the target.
func (p *postgres) meetServer(ctx context.Context, conn *sql.Conn) error {
	var is, was server
	var now time.Time
	if err := conn.QueryRowContext(ctx, selectServer).Scan(&is.identifier, &is.timeline, &now); err != nil {
		return fmt.Errorf("asking the server for its system identifier: %w", err)
	}
	var n int64
	err := conn.QueryRowContext(ctx, "select n, system_identifier, timeline from ledger_server order by n desc limit 1").Scan(&n, &was.identifier, &was.timeline)
	switch {
	case err == nil && is == was:
		return nil
	case err == nil:
		err = p.distrust(ctx, conn, was, is, now)
	case errors.Is(err, sql.ErrNoRows):
		err = nil
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "insert into ledger_server values ($1, $2, $3, $4)", n+1, now, is.identifier, is.timeline)
	}
	return err
}

// distrust appends to each chain that may still send something.
func (p *postgres) distrust(ctx context.Context, conn *sql.Conn, was, is server, now time.Time) error {
	d := &database{p.path, p.db, p}
	l := &Ledger{path: p.path, store: transaction{d, conn}}
	openings, err := l.Opened(ctx)
	if err != nil {
		return err
	}
	for _, opening := range openings {
		events, err := l.Events(ctx, opening.Chain)
		if errors.Is(err, ErrBroken) {
			continue // whoever continues it finds that too
		}
		if err != nil {
			return err
		}
		s, err := Fold(opening.Chain, events)
		if err != nil {
			return err
		}
		if s.Closed != nil || s.Ended != nil {
			continue
		}
		e, err := New(s.Chain, Moved, 0, 0, "", MovedData{From: was.String(), To: is.String(), NotBefore: arrived(events, now)})
		if err != nil {
			return err
		}
		if _, err := l.store.insert(ctx, e.seal(s.Head)); err != nil {
			return err
		}
	}
	return nil
}

// arrived is when all that a chain sent before now has become a job or never
// will.
func arrived(events []Event, now time.Time) time.Time {
	token := slices.ContainsFunc(events, func(e Event) bool {
		d, err := decode[IntentData](e)
		return e.Kind == Intent && err == nil && d.TokenAuth
	})
	if token {
		return now.Add(tokenTime)
	}
	return now.Add(settleTime)
}

// mayOpen refuses a new chain on a server that is new: an event that was lost
// may have opened it.
func (p *postgres) mayOpen(ctx context.Context, conn *sql.Conn, e Event) error {
	if e.Kind != Opened {
		return nil
	}
	var changed bool
	var since, now time.Time
	err := conn.QueryRowContext(ctx, "select max(n) > 1, max(at), clock_timestamp() from ledger_server").Scan(&changed, &since, &now)
	if err != nil {
		return p.explain(p.path, "appending to", err)
	}
	if until := since.Add(settleTime); changed && now.Before(until) {
		return fmt.Errorf("the ledger %s is on another server since %s, which may lack the newest events: no new plan begins before %s: run again after that",
			p.path, since.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
	}
	return nil
}
