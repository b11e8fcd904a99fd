package drs

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"time"
)

// MaxListingAge is how old the listing that a create rests on may be when its
// first byte leaves. A process that slept longer must not send: others may have
// made a job, or settled the intent, meanwhile.
const MaxListingAge = 60 * time.Second

// MaxExchange is how long one create may take, from its dialling to the last
// byte of its answer.
const MaxExchange = 30 * time.Second

// Why a create was not let out.
var (
	ErrLate   = errors.New("what was seen at DRS is older than a minute: nothing was sent")
	ErrWindow = errors.New("the window ended before the first byte could leave: nothing was sent")
)

// flight watches the one connection of one create. From the moment the
// connection is ready (dialled, through the proxy, TLS done) every write is
// the request's: the first one settles whether anything was sent.
type flight struct {
	listedAt, endsAt time.Duration // see Create
	mayLeave         func() error  // see Create; nil: nobody is asked

	mu     sync.Mutex
	kept   error // why the first byte was kept back
	armed  bool
	wrote  bool
	landed bool
}

// trace arms the flight when the connection is handed to the request.
func (f *flight) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.armed = true
		},
	})
}

// dial is the dialer of a transport made for this flight alone.
func (f *flight) dial(next func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := next(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watchedConn{Conn: conn, flight: f}, nil
	}
}

// mayWrite is asked before each write on the connection. What was kept back
// once never leaves. The caller is asked without the lock, since it may block,
// and before the clock.
func (f *flight) mayWrite() error {
	if !f.isFirst() {
		return nil
	}
	var said error
	if f.mayLeave != nil {
		said = f.mayLeave()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.kept = cmp.Or(f.kept, said, f.late()); f.kept == nil {
		f.wrote = true
	}
	return f.kept
}

// isFirst reports whether a write would be the request's first.
func (f *flight) isFirst() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.armed && !f.wrote
}

func (f *flight) late() error {
	now := Uptime()
	switch {
	case f.landed, now-f.listedAt > MaxListingAge:
		return ErrLate
	case f.endsAt != 0 && now > f.endsAt:
		return ErrWindow
	}
	return nil
}

// why is why the exchange came to nothing: what kept the first byte back, where
// something did.
func (f *flight) why(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return cmp.Or(f.kept, err)
}

// land ends the flight and reports whether anything was written. What was not
// written by then never will be, so that the answer stays true.
func (f *flight) land() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.landed = true
	return f.wrote
}

// watchedConn is a connection that asks its flight before it writes.
type watchedConn struct {
	net.Conn
	flight *flight
}

func (c *watchedConn) Write(p []byte) (int, error) {
	if err := c.flight.mayWrite(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
