package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"
)

// Ledger is an open log. It is safe for concurrent use, by goroutines and by
// processes.
type Ledger struct {
	path   string // of the database file; memoryPath in memory
	store  store
	locker locker // nil in a reader
	passes passStore
	index  index
	recent recent
	moved  error // of a reader: where the ledger was copied to
}

// Moved is the error with which Open would refuse a ledger that was copied to
// another place, nil for one that is in use. Only a ledger from OpenReader has it.
func (l *Ledger) Moved() error { return l.moved }

// store keeps the events in order. It does not verify them.
type store interface {
	chain(ctx context.Context, chain string) ([]Event, error)           // by seq
	from(ctx context.Context, chain string, seq int64) ([]Event, error) // of a chain, from a number on
	several(ctx context.Context, chains []string) ([]Event, error)      // of chains, at most chainsAtOnce
	opened(ctx context.Context) ([]Event, error)                        // of every chain
	// news are the opened events, and the first events of chains that begin with
	// a decision, that were appended after a cursor, and perhaps some before it.
	// The cursor is 0 for all of them.
	news(ctx context.Context, since int64) (news, error)
	// insert adds e durably after the event whose hash is e.Prev, and reports
	// false where e.Seq is taken or that event does not exist.
	insert(ctx context.Context, e Event) (bool, error)
	// insertIf is insert where allow agrees, about the store as it is then.
	insertIf(ctx context.Context, e Event, allow func(store) error) (bool, error)
	close() error
}

// Path is the database file, or the address of the database without user and
// password.
func (l *Ledger) Path() string { return l.path }

// Volatile names the file system of the ledger where a restart of the machine
// empties it: tmpfs or ramfs. It is "" for all others.
func (l *Ledger) Volatile() string {
	if IsAddress(l.path) {
		return ""
	}
	magic, _, err := fileSystem(filepath.Dir(l.path))
	if err != nil {
		return ""
	}
	return memoryName(magic)
}

// Close frees the file. Locks taken through this ledger stay held.
func (l *Ledger) Close() error { return errors.Join(l.passes.close(), l.store.close()) }

// Events returns the events of a chain in order, none when it does not exist.
// It matches ErrBroken unless they are gapless from 1 and every hash is right. What
// this process has read and verified before is not read again. Nobody may change
// the events.
func (l *Ledger) Events(ctx context.Context, chain string) ([]Event, error) {
	known, frozen := l.recent.of(chain)
	if known == nil && !frozen {
		l.readAhead(ctx, chain)
		known, frozen = l.recent.of(chain)
	}
	if frozen {
		return known, nil
	}
	events, err := l.added(ctx, chain, known)
	if err != nil {
		return nil, err
	}
	l.recent.keep(chain, events)
	return slices.Clip(events), nil
}

// Opened returns the `opened` events of all chains, by chain. Each is verified
// by itself; Events verifies its history.
func (l *Ledger) Opened(ctx context.Context) ([]Event, error) {
	return l.verified(l.store.opened(ctx))
}

func (l *Ledger) verified(events []Event, err error) ([]Event, error) {
	if err != nil {
		return nil, err
	}
	var v verifier
	for _, e := range events {
		if what := v.fault(Head{e.Seq - 1, e.Prev}, e); what != "" {
			return nil, brokenChain(l.path, e.Chain, e.Seq, what)
		}
	}
	return events, nil
}

// verifier compares events with their hashes.
type verifier struct{ buffer []byte }

// fault says what is wrong with e as the event after head, "" when nothing is.
func (v *verifier) fault(head Head, e Event) string {
	switch {
	case e.Seq != head.Seq+1:
		return fmt.Sprintf("missing, number %d follows", e.Seq)
	case e.Prev != head.Hash:
		return "does not follow the event before it"
	case e.decoded == nil && e.Hash != v.digest(e):
		return "the content does not match the hash"
	}
	return ""
}

func (v *verifier) digest(e Event) (hash string) {
	hash, v.buffer = e.digestIn(v.buffer)
	return hash
}

// Append adds e after head, the newest event that the caller has read of the
// chain, and returns it with Seq, Prev and Hash set and At in UTC to the
// microsecond. When it returns, the event survives a power cut. ErrLostRace:
// head is no longer the newest, nothing was written. After any other error the
// ledger is unchanged, unless the disk failed in the last step of the commit.
// A cancelled ctx stops it before it begins, and not later.
// A deadline of ctx bounds the wait for a lock: ErrBusy.
func (l *Ledger) Append(ctx context.Context, head Head, e Event) (Event, error) {
	return l.append(ctx, head, e, l.store.insert)
}

func (l *Ledger) append(ctx context.Context, head Head, e Event, insert func(context.Context, Event) (bool, error)) (Event, error) {
	if l.locker == nil {
		return Event{}, fmt.Errorf("%s: %w", l.path, errReadOnly)
	}
	e = e.seal(head)
	if err := e.storable(); err != nil {
		return Event{}, fmt.Errorf("appending to the ledger %s: %w", l.path, err)
	}
	if err := ctx.Err(); err != nil {
		return Event{}, fmt.Errorf("appending to the ledger %s: %w", l.path, err)
	}
	switch ok, err := insert(ctx, e); {
	case err != nil:
		return Event{}, err
	case !ok:
		return Event{}, fmt.Errorf("%s: chain %s, event %d: %w: run again", l.path, e.Chain, e.Seq, ErrLostRace)
	}
	return e, nil
}

// storable refuses what some database would not return unchanged: PostgreSQL
// takes neither NUL nor invalid UTF-8 in text.
func (e Event) storable() error {
	if at, err := time.Parse(timeLayout, e.At.Format(timeLayout)); err != nil || !at.Equal(e.At) {
		return fmt.Errorf("event %d: time %v cannot be stored", e.Seq, e.At)
	}
	if e.Chain == "" || e.Kind == "" || e.Seq < 1 || (e.Seq == 1) != (e.Prev == "") {
		return fmt.Errorf("event %d: no chain, no kind, or an impossible head", e.Seq)
	}
	if len(e.Data) > 0 && !json.Valid(e.Data) {
		return fmt.Errorf("event %d: the data is not JSON", e.Seq)
	}
	for _, s := range []string{e.Chain, string(e.Kind), e.Run, string(e.Data), e.Prev} {
		if !storableText(s) {
			return fmt.Errorf("event %d: %q is not valid text", e.Seq, s)
		}
	}
	return nil
}

func storableText(s string) bool {
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
