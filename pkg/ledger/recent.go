package ledger

import (
	"context"
	"slices"
	"sync"
)

// recent are the chains that were read last, verified and decoded. Events are only
// appended, so of such a chain a later read needs what follows its newest event: with
// all of it, the passes over a chain would take time that grows with the square of
// its steps.
type recent struct {
	mu     sync.Mutex
	chains map[string][]Event // read-only
	size   int                // about, in bytes
	frozen bool
	ahead  []string       // the chains that will be read, in this order
	place  map[string]int // in ahead
}

// mostRecent is how many bytes of events are kept. Chains beyond that are read whole.
const mostRecent = 16 << 20

func (r *recent) of(chain string) (events []Event, frozen bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events, ok := r.chains[chain]
	return events, ok && r.frozen
}

// keep stores a chain in the place of what was known of it. When there are too many,
// it begins anew.
func (r *recent) keep(chain string, events []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := sizeOf(events)
	if size > mostRecent {
		return
	}
	if r.size += size - sizeOf(r.chains[chain]); r.size > mostRecent || r.chains == nil {
		r.chains, r.size = map[string][]Event{}, size
	}
	r.chains[chain] = slices.Clip(events)
}

// sizeOf is about what events take, with what is decoded of them.
func sizeOf(events []Event) (n int) {
	for _, e := range events {
		n += 400 + 2*len(e.Data)
	}
	return n
}

// next are the chains to read now that one of ahead is needed: those that follow it,
// as many as one statement takes.
func (r *recent) next(chain string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.place[chain]
	if !ok || !r.frozen {
		return nil
	}
	return r.ahead[i:min(len(r.ahead), i+chainsAtOnce)]
}

func (r *recent) freeze(ahead []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.chains, r.size, r.frozen, r.ahead, r.place = nil, 0, true, ahead, make(map[string]int, len(ahead))
	for i, chain := range ahead {
		r.place[chain] = i
	}
}

func (r *recent) thaw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frozen, r.ahead, r.place = false, nil, nil
}

// Freeze keeps what Openings, DecidedOf and Events return as it is when it is read
// next, until Thaw: for a command that looks at many plans and sends nothing
// meanwhile. The chains are those whose events will be read, in this order; many of
// them are read at once.
func (l *Ledger) Freeze(chains ...string) {
	l.index.setFrozen(true)
	l.recent.freeze(chains)
}

// Thaw ends Freeze.
func (l *Ledger) Thaw() {
	l.index.setFrozen(false)
	l.recent.thaw()
}

// readAhead reads a chain and those that will be read next. One in which something is
// wrong is left out: to read it alone says what.
func (l *Ledger) readAhead(ctx context.Context, chain string) {
	chains := l.recent.next(chain)
	if len(chains) < 2 {
		return
	}
	events, err := l.store.several(ctx, chains)
	if err != nil {
		return
	}
	of := map[string][]Event{}
	for _, e := range events {
		of[e.Chain] = append(of[e.Chain], e)
	}
	for _, chain := range slices.Backward(chains) { // the first ones stay if they are too many
		if l.verifyChain(chain, Head{}, of[chain]) == nil {
			l.recent.keep(chain, of[chain])
		}
	}
}

// added returns a chain of which events are known already. It reads what follows
// them, and all of it where the newest of them is gone: an older copy was put in the
// place of the ledger.
func (l *Ledger) added(ctx context.Context, chain string, known []Event) ([]Event, error) {
	if len(known) == 0 {
		return l.whole(ctx, chain)
	}
	newest := known[len(known)-1]
	events, err := l.store.from(ctx, chain, newest.Seq)
	if err != nil || len(events) == 0 || events[0].Hash != newest.Hash {
		return l.whole(ctx, chain)
	}
	if err := l.verifyChain(chain, Head{newest.Seq - 1, newest.Prev}, events); err != nil {
		return nil, err
	}
	return append(known, events[1:]...), nil
}

func (l *Ledger) whole(ctx context.Context, chain string) ([]Event, error) {
	events, err := l.store.chain(ctx, chain)
	if err != nil {
		return nil, err
	}
	return events, l.verifyChain(chain, Head{}, events)
}

// verifyChain verifies the events that follow head, and has each decoded only once.
func (l *Ledger) verifyChain(chain string, head Head, events []Event) error {
	decoded, v := make([]decodedData, len(events)), verifier{}
	for i, e := range events {
		if what := v.fault(head, e); what != "" {
			return brokenChain(l.path, chain, head.Seq+1, what)
		}
		if e.decoded == nil {
			events[i].decoded = &decoded[i]
		}
		head = Head{e.Seq, e.Hash}
	}
	return nil
}
