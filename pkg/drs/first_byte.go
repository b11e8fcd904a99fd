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

// MaxListingAge is the maximum age of the listing that a create depends on when
// its first byte is sent. A process that slept longer must not send: meanwhile
// others may have created a job or resolved the intent.
const MaxListingAge = 60 * time.Second

// MaxExchange is how long one create may take, from dialing to the last byte of
// the answer.
const MaxExchange = 30 * time.Second

// Why a create was not sent.
var (
	ErrLate   = errors.New("the listing of jobs is more than a minute old: nothing was sent")
	ErrWindow = errors.New("the window ended before the first byte was sent: nothing was sent")
)

// firstByte checks the connection of one create. Once the connection is ready
// (dialed, through the proxy, TLS done), every write belongs to the request: the
// first one decides whether anything was sent.
type firstByte struct {
	listedAt, endsAt time.Duration // see Create
	beforeSend       func() error  // see Create

	mu       sync.Mutex
	refusal  error // why the first byte was not sent
	ready    bool
	wrote    bool
	finished bool
}

// trace notes when the connection is handed to the request.
func (f *firstByte) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ready = true
		},
	})
}

// dialFunc is net.Dialer.DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dial wraps the dialer of a transport that is used for this create only.
func (f *firstByte) dial(next dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := next(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &checkedConn{Conn: conn, first: f}, nil
	}
}

// mayWrite is called before each write on the connection. After one refusal
// nothing is sent. beforeSend is called without the lock, since it may block, and
// before the clock is read.
func (f *firstByte) mayWrite() error {
	if !f.isFirst() {
		return nil
	}
	var err error
	if f.beforeSend != nil {
		err = f.beforeSend()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refusal = cmp.Or(f.refusal, err, f.late()); f.refusal == nil {
		f.wrote = true
	}
	return f.refusal
}

// isFirst reports whether a write would be the request's first.
func (f *firstByte) isFirst() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready && !f.wrote
}

func (f *firstByte) late() error {
	now := Uptime()
	switch {
	case f.finished, now-f.listedAt > MaxListingAge:
		return ErrLate
	case f.endsAt != 0 && now > f.endsAt:
		return ErrWindow
	}
	return nil
}

// cause is why the first byte was not sent, or else err.
func (f *firstByte) cause(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return cmp.Or(f.refusal, err)
}

// finish reports whether anything was written. After it nothing can be written,
// so that the result stays true.
func (f *firstByte) finish() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished = true
	return f.wrote
}

// checkedConn is a connection that calls mayWrite before it writes.
type checkedConn struct {
	net.Conn
	first *firstByte
}

func (c *checkedConn) Write(p []byte) (int, error) {
	if err := c.first.mayWrite(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
