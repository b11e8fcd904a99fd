package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
)

// Opening is an `opened` event of a chain.
type Opening struct {
	Chain string
	OpenedData

	seq int64
}

// Openings returns the `opened` events of all chains of a plan's name, on any
// target, and of all chains on an instance, by chain. Each event of the ledger
// is read, verified and decoded only once while the ledger is open: doing that for
// each plan would take time that grows with the square of their number.
func (l *Ledger) Openings(ctx context.Context, plan, instanceID string) ([]*Opening, error) {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	if err := l.index.refresh(ctx, l); err != nil {
		return nil, err
	}
	all := slices.Clone(l.index.onInstance[instanceID])
	for _, o := range l.index.ofPlan[plan] {
		if o.InstanceID != instanceID {
			all = insertSorted(all, o, (*Opening).compare)
		}
	}
	return all, nil
}

// DecidedOf returns the first events of chains that begin with a decision: a
// person decided about a plan before anything was sent. It returns those about
// the plan of this name, and those of an older migplan, which name no plan. It
// reads as Openings does.
func (l *Ledger) DecidedOf(ctx context.Context, plan string) ([]Event, error) {
	l.index.mu.Lock()
	defer l.index.mu.Unlock()
	if err := l.index.refresh(ctx, l); err != nil {
		return nil, err
	}
	all := slices.Clone(l.index.decided[plan])
	if plan != "" {
		for _, e := range l.index.decided[""] {
			all = insertSorted(all, e, Event.compare)
		}
	}
	return all, nil
}

func (x *index) setFrozen(on bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.freeze, x.frozen = on, false
}

// index is what every plan needs to know of the other chains. It is kept as
// long as the ledger is open, and takes in what was appended since, by any
// process.
type index struct {
	mu         sync.Mutex
	at         int64 // the cursor of store.news
	onInstance map[string][]*Opening
	ofPlan     map[string][]*Opening
	decided    map[string][]Event
	freeze     bool // Freeze was called, and Thaw was not
	frozen     bool // and the index was read since
}

func (x *index) refresh(ctx context.Context, l *Ledger) error {
	if x.frozen {
		return nil
	}
	n, err := l.store.news(ctx, x.at)
	if err != nil {
		return err
	}
	if n.whole {
		x.onInstance, x.ofPlan, x.decided = map[string][]*Opening{}, map[string][]*Opening{}, map[string][]Event{}
	}
	if _, err := l.verified(n.events, nil); err != nil {
		x.at = 0
		return err
	}
	for _, e := range n.events {
		if err := x.add(e); err != nil {
			x.at = 0
			return err
		}
	}
	x.at, x.frozen = n.at, x.freeze
	return nil
}

// add takes in an event. It may have it already.
func (x *index) add(e Event) error {
	if e.Kind == Decision {
		var d struct {
			Plan string `json:"plan"`
		}
		_ = json.Unmarshal(e.Data, &d) // what cannot be read names no plan
		x.decided[d.Plan] = insertSorted(x.decided[d.Plan], e, Event.compare)
		return nil
	}
	d, err := DecodeOpened(e)
	if err != nil {
		return err
	}
	o := &Opening{Chain: e.Chain, OpenedData: d, seq: e.Seq}
	x.onInstance[d.InstanceID] = insertSorted(x.onInstance[d.InstanceID], o, (*Opening).compare)
	x.ofPlan[d.Plan] = insertSorted(x.ofPlan[d.Plan], o, (*Opening).compare)
	return nil
}

func insertSorted[T any](all []T, one T, compare func(a, b T) int) []T {
	i, found := slices.BinarySearchFunc(all, one, compare)
	if found {
		return all
	}
	return slices.Insert(all, i, one)
}

func (o *Opening) compare(other *Opening) int {
	return cmp.Or(cmp.Compare(o.Chain, other.Chain), cmp.Compare(o.seq, other.seq))
}

func (e Event) compare(other Event) int {
	return cmp.Or(cmp.Compare(e.Chain, other.Chain), cmp.Compare(e.Seq, other.Seq))
}

// news are the events that the index keeps, those appended after a cursor.
type news struct {
	events []Event
	at     int64 // the cursor after them
	whole  bool  // they are all of the ledger, not only the new ones
}
