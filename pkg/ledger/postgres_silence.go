package ledger

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// silence keeps statements from waiting for a server that has just let one wait
// for all its time: with many plans, that would take hours.
type silence struct{ until atomic.Int64 }

const silenceTime = 5 * time.Second

var errSilent = errors.New("the server did not answer a moment ago")

// ask runs a statement, unless the server is silent. ctx is that of the caller:
// where it has ended, the server had less than all of its time.
func (s *silence) ask(ctx context.Context, statement func() error) error {
	if time.Now().UnixNano() < s.until.Load() {
		return errSilent
	}
	err := statement()
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		s.until.Store(time.Now().Add(silenceTime).UnixNano())
	}
	return err
}
