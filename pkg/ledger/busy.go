package ledger

import (
	"context"
	"fmt"
	"time"
)

// longestWait is how long SQLite waits for a lock that another process holds.
const longestWait = 10 * time.Second

// waitFor bounds that by the deadline of ctx.
func waitFor(ctx context.Context) time.Duration {
	at, ok := ctx.Deadline()
	if !ok {
		return longestWait
	}
	return min(longestWait, max(0, time.Until(at))).Truncate(time.Millisecond)
}

func busyTimeout(wait time.Duration) string {
	return fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds())
}

// patience sets how long the next statement waits for a lock, since SQLite does
// not look at ctx while it waits. Another goroutine may set it in between: then
// one of them waits as long as the other. A statement that ctx has cut off may
// take its connection with it, and the next one waits as it was opened: only the
// longest wait is known to be in force.
func (s *sqliteDialect) patience(ctx context.Context) {
	wait := waitFor(ctx)
	if wait == longestWait && s.wait.Load() == int64(wait) {
		return
	}
	_, err := s.db.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf("PRAGMA busy_timeout=%d", wait.Milliseconds()))
	if err == nil { // else the statement that follows shows what is wrong
		s.wait.Store(int64(wait))
	}
}

func (s *sqliteDialect) unbroken(ctx context.Context) (context.Context, context.CancelFunc) {
	s.patience(ctx)
	return context.WithoutCancel(ctx), func() {}
}

// busyError is an error of SQLite that matches ErrBusy.
type busyError struct{ error }

func (e busyError) Is(target error) bool { return target == ErrBusy }
func (e busyError) Unwrap() error        { return e.error }
