package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// try holds the lock by a transaction of its own, which stays open: the server
// releases it with the connection. It sends nothing meanwhile, so the time after
// which the server ends such a transaction is set to none.
func (p *postgres) try(instanceID string, me holder) (*Lock, error) {
	ctx, cancel := p.unbroken(context.Background())
	defer cancel()
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, p.explain(p.path, "locking a target in", err)
	}
	locked, err := p.hold(ctx, conn, instanceID, me)
	if err == nil && locked {
		return &Lock{release: func() error { return p.release(conn) }}, nil
	}
	if err != nil {
		err = p.explain(p.path, "locking a target in", err)
	} else {
		err = &LockedError{instanceID, p.path, p.holderOf(ctx, conn, instanceID)}
	}
	_ = p.release(conn)
	return nil, err
}

const setNoTimeouts = "select set_config(name, '0', true) from pg_settings where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')"

func (p *postgres) hold(ctx context.Context, conn *sql.Conn, instanceID string, me holder) (locked bool, err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN; "+setNoTimeouts); err != nil {
		return false, err
	}
	if err := conn.QueryRowContext(ctx, "select pg_try_advisory_xact_lock($1)", instanceKey(instanceID)).Scan(&locked); err != nil || !locked {
		return false, err
	}
	_, err = conn.ExecContext(ctx, "select set_config('application_name', $1, true)", fmt.Sprintf("migplan %d %s %s", me.PID, me.User, me.Host))
	return err == nil, err
}

// release ends the transaction. A connection that is gone has released the lock.
func (p *postgres) release(conn *sql.Conn) error {
	ctx, cancel := p.unbroken(context.Background())
	defer cancel()
	rollBack(ctx, conn)
	return conn.Close()
}

const selectHolder = `select a.application_name, a.xact_start from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid::bigint << 32 | l.objid::bigint = $1
and l.database = (select oid from pg_database where datname = current_database())`

// holderOf is for a message: another user of the database is not shown.
func (p *postgres) holderOf(ctx context.Context, conn *sql.Conn, instanceID string) (h holder) {
	var name string
	var since time.Time
	if conn.QueryRowContext(ctx, selectHolder, instanceKey(instanceID)).Scan(&name, &since) != nil {
		return holder{}
	}
	if n, _ := fmt.Sscanf(name, "migplan %d %s %s", &h.PID, &h.User, &h.Host); n < 3 {
		return holder{}
	}
	h.Since = since.UTC().Truncate(time.Second)
	return h
}
