package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/migplan/migplan/internal/postgrestest"
)

// nameIn is the database of an address of the tests' servers.
func nameIn(address string) string {
	return address[strings.LastIndex(address, "/t")+1 : strings.Index(address, "?")]
}

// terminateLocks ends every connection that holds the lock of a target.
const terminateLocks = "select pg_terminate_backend(pid, 10000) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"

// A lock that was lost is noticed by the run that held it, and another run gets it.
func TestLostLockIsNoticed(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	l := mustOpen(t, address)
	lock, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Held(context.Background()); err != nil {
		t.Errorf("the lock is not held: %v", err)
	}
	s.Exec(t, nameIn(address), terminateLocks)
	if err := lock.Held(context.Background()); !errors.Is(err, errNotHeld) || !strings.Contains(err.Error(), l.Path()) {
		t.Errorf("the lock was lost: %v", err)
	}
	other, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Held(context.Background()), other.Unlock()); err != nil {
		t.Error(err)
	}
	lock.Unlock()
	for _, unlocked := range []*Lock{lock, other} {
		if err := unlocked.Held(context.Background()); !errors.Is(err, errNotHeld) {
			t.Errorf("after Unlock: %v", err)
		}
	}
}

// A server that does not answer makes each call end, and name the ledger. After
// one has waited for its time, those that begin a pass do not wait.
func TestHungServerIsUnavailable(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	p := postgrestest.NewProxy(t, s, func(string) (bool, bool) { return false, false })
	l := mustOpen(t, strings.Replace(p.Through(address), "migplan@", "migplan:canary@", 1))
	lock, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	l.store.(*database).dialect.(*postgres).limit = 100 * time.Millisecond
	p.Hang()
	soon, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	calls := []struct {
		name string
		call func() error
	}{
		{"append", func() error { _, err := l.Append(soon, Head{}, testEvent(chainA, Opened, 1)); return err }},
		{"held", func() error { return lock.Held(soon) }},
		{"read", func() error { _, err := l.Events(context.Background(), chainA); return err }},
		{"lock", func() error { _, err := l.Lock(context.Background(), "i", 0); return err }},
		{"read again", func() error { _, err := l.Events(context.Background(), chainA); return err }},
		{"open", func() error {
			_, err := OpenContext(soon, p.Through(address)) // soon has ended: it gets a second
			return err
		}},
	}
	for i, c := range calls {
		err := c.call()
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), l.Path()) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", c.name, err)
		}
		if atOnce := err != nil && strings.Contains(err.Error(), errSilent.Error()); atOnce != (i == 3 || i == 4) {
			t.Errorf("%s: at once %t: %v", c.name, atOnce, err)
		}
	}
}

// A call that the caller has ended says nothing about the server.
func TestCancelledCallIsNotUnavailable(t *testing.T) {
	l := mustPostgres(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Events(ctx, chainA); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestErrorsOfPostgresThatMayPass(t *testing.T) {
	p := &postgres{path: "postgres://h/d"}
	const parameter, pooling = "08P01 unsupported startup parameter: search_path", "08P01 transaction blocks not allowed in statement pooling mode"
	for of, want := range map[string]error{
		parameter: nil, pooling: nil, "08P01 query_wait_timeout": ErrUnavailable,
		"57P01": ErrUnavailable, "57P03": ErrUnavailable, "57014": ErrUnavailable, "08006": ErrUnavailable, "53300": ErrUnavailable,
		"55P03": ErrBusy, "40001": ErrBusy, "40P01": ErrBusy,
		"28P01": nil, "42501": nil, "53100": nil, "25006": nil,
	} {
		code, message, _ := strings.Cut(of, " ")
		err := p.explain(p.path, "reading", &pgconn.PgError{Code: code, Message: message})
		if errors.Is(err, ErrUnavailable) != (want == ErrUnavailable) || errors.Is(err, ErrBusy) != (want == ErrBusy) {
			t.Errorf("%s: %v", of, err)
		}
		if unreached(err) != (want == ErrUnavailable) {
			t.Errorf("%s: an append is repeated: %t", of, unreached(err))
		}
	}
}

// Where all connections of the server are in use, a later run may get one.
func TestServerWithoutAFreeConnectionIsUnavailable(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	mustOpen(t, address).Close()
	s.Exec(t, nameIn(address), "create role few login connection limit 0; grant all on all tables in schema public to few")
	if _, err := OpenReader(strings.Replace(address, "migplan@", "few@", 1)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// An append that finds its connection closed, as after a restart of the server,
// is repeated: what was sent must be recorded.
func TestAppendOutlivesItsConnection(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	var begins atomic.Int64
	p := postgrestest.NewProxy(t, s, func(m string) (bool, bool) {
		return strings.Contains(m, "BEGIN ISOLATION") && begins.Add(1) == 2, false // the first is that of Open
	})
	l := mustOpen(t, p.Through(address))
	if _, err := l.Append(context.Background(), Head{}, testEvent(chainA, Opened, 1)); err != nil || begins.Load() < 3 {
		t.Errorf("%v, after %d transactions", err, begins.Load())
	}
}

// A process that is stopped in the middle of an append keeps the others out only
// until the server ends its transaction.
func TestServerEndsTheAppendOfAStoppedProcess(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	l := mustOpen(t, address)
	d := l.store.(*database)
	d.dialect.(*postgres).limit = 100 * time.Millisecond
	conn, err := d.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := d.dialect.begin(context.Background(), conn, true); err != nil { // and nothing more
		t.Fatal(err)
	}
	if _, err := mustOpen(t, address).Append(context.Background(), Head{}, testEvent(chainA, Opened, 1)); err != nil {
		t.Error(err)
	}
	var set string
	err = conn.QueryRowContext(context.Background(), "select current_setting('idle_in_transaction_session_timeout')").Scan(&set)
	closed := errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF)
	if !closed && !strings.Contains(fmt.Sprint(err), "idle-in-transaction timeout") {
		t.Errorf("the transaction was not ended: %q, %v", set, err)
	}
}

// The server notices within two minutes that the machine of a run is gone.
func TestLockEndsWithItsMachine(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	l := mustOpen(t, "postgres://migplan@"+s.Host+"/"+nameIn(address)+"?sslmode=disable")
	p := l.store.(*database).dialect.(*postgres)
	conn, err := p.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if locked, err := p.hold(context.Background(), conn, "i", currentHolder()); err != nil || !locked {
		t.Fatal(locked, err)
	}
	var idle, interval, count int
	err = conn.QueryRowContext(context.Background(), "select current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'), current_setting('tcp_keepalives_count')").Scan(&idle, &interval, &count)
	if after := idle + interval*count; err != nil || after <= 0 || after > 120 {
		t.Errorf("after %d seconds, %v", after, err)
	}
	rollBack(context.Background(), conn)
}
