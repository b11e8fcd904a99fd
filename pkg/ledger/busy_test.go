package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// seize locks the ledger as another process would, until the function is called.
func seize(t *testing.T, l *Ledger, begin string) (release func()) {
	t.Helper()
	db, err := connect(fileDSN(l.Path(), "rw"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(begin); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}

// Waiting for a lock ends when the time of the context does.
func TestLockWaitEndsWithTheContext(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	events := fill(t, l, chainA, 1)
	head := Head{events[0].Seq, events[0].Hash}
	e := testEvent(chainA, Intent, 1)
	for name, c := range map[string]struct {
		begin string
		do    func(context.Context) error
		or    error
	}{
		"append": {"BEGIN IMMEDIATE", func(ctx context.Context) error { _, err := l.Append(ctx, head, e); return err }, ErrBusy},
		"append where it is allowed": {"BEGIN IMMEDIATE", func(ctx context.Context) error {
			_, err := l.AppendIf(ctx, head, e, func(*Ledger) error { return nil })
			return err
		}, ErrBusy},
		"open": {"BEGIN EXCLUSIVE", func(ctx context.Context) error { _, err := OpenContext(ctx, filepath.Dir(l.Path())); return err }, ErrBusy},
		"read": {"BEGIN EXCLUSIVE", func(ctx context.Context) error { _, err := l.Events(ctx, chainA); return err }, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			release := seize(t, l, c.begin)
			ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
			defer cancel()
			began := time.Now()
			if err := c.do(ctx); !errors.Is(err, ErrBusy) && !errors.Is(err, c.or) {
				t.Errorf("%v", err)
			}
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			release()
		})
	}
	if _, err := l.Append(context.Background(), head, e); err != nil {
		t.Error(err)
	}
	if got, err := column(context.Background(), sqlOf(l), "PRAGMA busy_timeout"); err != nil || got != "10000" {
		t.Errorf("afterwards it waits %s ms, %v", got, err)
	}
}
