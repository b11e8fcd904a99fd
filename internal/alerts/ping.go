package alerts

import (
	"context"
	"strconv"
)

// Getter asks for an address with a path appended. *credentials.Hook is it.
type Getter interface {
	Get(ctx context.Context, path string) error
}

// PingStart tells a dead man's switch that a run begins, as healthchecks.io,
// Healthchecks and compatible services define it: ADDRESS/start.
func PingStart(ctx context.Context, to Getter) error { return to.Get(ctx, "start") }

// PingEnd tells it that the run has ended: ADDRESS/0 for success, ADDRESS/CODE
// with the exit code for everything else.
func PingEnd(ctx context.Context, to Getter, code int) error {
	return to.Get(ctx, strconv.Itoa(code))
}
