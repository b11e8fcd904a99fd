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
func (p *postgres) try(ctx context.Context, instanceID string, me holder) (*Lock, error) {
	unbroken, cancel := p.unbroken(ctx)
	defer cancel()
	var conn *sql.Conn
	err := p.silence.ask(ctx, func() (err error) {
		conn, err = p.db.Conn(unbroken)
		return err
	})
	if err != nil {
		return nil, p.explain(p.path, "locking a target in", err)
	}
	locked, err := p.hold(unbroken, conn, instanceID, me)
	if err == nil && locked {
		return &Lock{
			release: func() error { return p.release(conn) },
			held:    func(ctx context.Context) error { return p.held(ctx, conn, instanceID) },
		}, nil
	}
	if err != nil {
		err = p.explain(p.path, "locking a target in", err)
	} else {
		err = &LockedError{instanceID, p.path, p.holderOf(unbroken, conn, instanceID)}
	}
	_ = p.release(conn)
	return nil, err
}

const setNoTimeouts = "select set_config(name, '0', true) from pg_settings where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')"

// setKeepAlive lets the server notice within two minutes that the machine of a
// run is gone, and not after two hours, as Linux does. Over a socket it has no
// effect.
const setKeepAlive = "select set_config('tcp_keepalives_idle', '60', true), set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '6', true)"

func (p *postgres) hold(ctx context.Context, conn *sql.Conn, instanceID string, me holder) (locked bool, err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN; "+setNoTimeouts+"; "+setKeepAlive); err != nil {
		return false, err
	}
	if err := conn.QueryRowContext(ctx, "select pg_try_advisory_xact_lock($1)", instanceKey(instanceID)).Scan(&locked); err != nil || !locked {
		return false, err
	}
	_, err = conn.ExecContext(ctx, "select set_config('application_name', $1, true)", fmt.Sprintf("migplan %d %s %s", me.PID, me.User, me.Host))
	return err == nil, err
}

// lookTime bounds the look at a lock: nothing waits for it.
const lookTime = 5 * time.Second

const selectHeld = `select exists (select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
and pid = pg_backend_pid() and classid::bigint << 32 | objid::bigint = $1)`

// held asks in the transaction that holds the lock. Whatever has ended it has
// closed its connection, or put another session in its place.
func (p *postgres) held(ctx context.Context, conn *sql.Conn, instanceID string) (err error) {
	ctx, cancel := p.unbroken(ctx)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	held := false
	if err = conn.QueryRowContext(ctx, selectHeld, instanceKey(instanceID)).Scan(&held); err == nil && held {
		return nil
	}
	if err == nil {
		return errNotHeld
	}
	return fmt.Errorf("%w: %w", errNotHeld, p.explain(p.path, "asking for the lock in", err))
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
