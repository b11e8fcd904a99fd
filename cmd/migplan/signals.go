package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// untilSignal is a context that the first SIGINT, SIGTERM or SIGHUP ends: what
// is under way is finished and recorded. From then on they have their usual
// effect, so a second one ends the process at once, whatever it waits for.
// SIGPIPE is ignored: a reader that goes away must not take the answer to a
// create along. What cannot be written any more is remembered instead.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	handled := slices.DeleteFunc([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored) // nohup
	if len(handled) == 0 {
		return ctx, cancel
	}
	got := make(chan os.Signal, 1)
	signal.Notify(got, handled...)
	go func() {
		select {
		case <-got:
			signal.Reset(handled...)
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(got); cancel() }
}
