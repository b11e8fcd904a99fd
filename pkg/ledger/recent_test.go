package ledger

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
)

// counting counts the events that a store gives, and its statements.
type counting struct {
	store
	events, statements int
}

func (c *counting) count(events []Event, err error) ([]Event, error) {
	c.events, c.statements = c.events+len(events), c.statements+1
	return events, err
}

func (c *counting) chain(ctx context.Context, chain string) ([]Event, error) {
	return c.count(c.store.chain(ctx, chain))
}

func (c *counting) from(ctx context.Context, chain string, seq int64) ([]Event, error) {
	return c.count(c.store.from(ctx, chain, seq))
}

func (c *counting) several(ctx context.Context, chains []string) ([]Event, error) {
	return c.count(c.store.several(ctx, chains))
}

// counted counts what is read of a ledger from now on.
func counted(l *Ledger) *counting {
	c := &counting{store: l.store}
	l.store = c
	return c
}

// next appends an event to a chain.
func next(t *testing.T, l *Ledger, chain string, after Event) Event {
	t.Helper()
	e, err := l.Append(context.Background(), Head{after.Seq, after.Hash}, testEvent(chain, Intent, int(after.Seq)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAKnownChainIsReadFromItsNewestEventOn(t *testing.T) {
	eachPlace(t, func(t *testing.T, place string) {
		l, other := mustOpen(t, place), mustOpen(t, place)
		want := fill(t, l, chainA, 50)
		fill(t, l, chainB, 50)
		c := counted(l)
		for _, read := range []int{50, 1, 2, 2} {
			before := c.events
			if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if n := c.events - before; n != read {
				t.Errorf("%d events were read, want %d", n, read)
			}
			if read < 50 {
				want = append(want, next(t, other, chainA, want[len(want)-1]))
			}
		}
	})
}

// What is appended to a chain that was read before is verified.
func TestAddedEventsAreVerified(t *testing.T) {
	for name, edit := range map[string]string{
		"the newest one of those read before": `update event set data = '{}' where seq = 3`,
		"one that was added":                  `update event set data = '{}' where seq = 4`,
		"one that was added, gone":            `delete from event where seq = 4`,
	} {
		l := mustSQL(t)
		events := fill(t, l, chainA, 3)
		mustEvents(t, l, chainA)
		next(t, l, chainA, next(t, l, chainA, events[2]))
		if _, err := sqlOf(l).Exec(edit); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := l.Events(context.Background(), chainA); !errors.Is(err, ErrBroken) {
				t.Errorf("%s: %v, want a broken ledger", name, err)
			}
		}
	}
}

// Where an older copy of the ledger is put back, its events count, and those that
// follow them.
func TestEventsOfAnOlderCopyAreThoseInIt(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	events := fill(t, l, chainA, 2)
	copied := contents(t, l.Path())
	next(t, l, chainA, events[1])
	mustEvents(t, l, chainA)
	write(t, l.Path(), string(copied))
	if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, events) {
		t.Errorf("got %+v, want %+v", got, events)
	}
	next(t, l, chainA, events[1])
	mustEvents(t, l, chainA)
	write(t, l.Path(), string(copied))
	e, err := l.Append(context.Background(), Head{2, events[1].Hash}, testEvent(chainA, Decision, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := mustEvents(t, l, chainA); len(got) != 3 || got[2].Hash != e.Hash {
		t.Errorf("got %+v, want %+v at the end", got, e)
	}
}

// A frozen ledger reads many chains at once, and each of them once.
func TestFrozenChainsAreReadTogether(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		var chains []string
		want := map[string][]Event{}
		for i := range 2*chainsAtOnce + 10 {
			chain := fmt.Sprintf("%016x", i)
			chains = append(chains, chain)
			if i%7 != 0 {
				want[chain] = fill(t, l, chain, 1+i%3)
			}
		}
		mustEvents(t, l, chains[1])
		c := counted(l)
		l.Freeze(chains...)
		for range 2 {
			for _, chain := range chains {
				if got := mustEvents(t, l, chain); !reflect.DeepEqual(got, want[chain]) {
					t.Errorf("%s: got %+v, want %+v", chain, got, want[chain])
				}
			}
		}
		if c.statements != 3 {
			t.Errorf("%d statements, want 3", c.statements)
		}
	})
}

// A frozen ledger shows no event that is appended after it was read, until Thaw.
func TestFreezeKeepsTheEventsOfTheNextRead(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		a := fill(t, l, chainA, 1)
		mustEvents(t, l, chainA)
		a = append(a, next(t, l, chainA, a[0]))
		l.Freeze(chainA, chainB)
		if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, a) {
			t.Errorf("got %+v, want %+v", got, a)
		}
		later, b := append(a, next(t, l, chainA, a[1])), fill(t, l, chainB, 1)
		if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, a) {
			t.Errorf("got %+v, want %+v", got, a)
		}
		if got := mustEvents(t, l, chainB); got != nil {
			t.Errorf("got %+v of a chain that did not exist", got)
		}
		l.Thaw()
		if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, later) {
			t.Errorf("got %+v, want %+v", got, later)
		}
		if got := mustEvents(t, l, chainB); !reflect.DeepEqual(got, b) {
			t.Errorf("got %+v, want %+v", got, b)
		}
	})
}

// One damaged chain keeps no other from being read.
func TestFrozenChainIsBrokenAlone(t *testing.T) {
	l := mustSQL(t)
	fill(t, l, chainA, 2)
	b := fill(t, l, chainB, 2)
	for _, edit := range []string{`update event set data = '{}' where chain = $1 and seq = 2`, `update event set at = 'yesterday' where chain = $1 and seq = 2`} {
		if _, err := sqlOf(l).Exec(edit, chainA); err != nil {
			t.Fatal(err)
		}
		l.Freeze(chainA, chainB)
		if _, err := l.Events(context.Background(), chainA); !errors.Is(err, ErrBroken) {
			t.Errorf("%v, want a broken ledger", err)
		}
		if got := mustEvents(t, l, chainB); !reflect.DeepEqual(got, b) {
			t.Errorf("got %+v, want %+v", got, b)
		}
	}
}

// Chains that take too much memory are read again, and others are not.
func TestFewBytesOfEventsAreKept(t *testing.T) {
	r := &recent{}
	big := []Event{{Data: make([]byte, mostRecent/5)}}
	for i := range 10 {
		r.keep(fmt.Sprint(i), big)
		if _, ok := r.chains[fmt.Sprint(i)]; !ok || r.size > mostRecent || r.size != len(r.chains)*sizeOf(big) {
			t.Errorf("%d bytes, %d chains", r.size, len(r.chains))
		}
	}
	r.keep("9", nil)
	r.keep("whole", []Event{{Data: make([]byte, mostRecent)}})
	if _, ok := r.chains["whole"]; ok || r.size != (len(r.chains)-1)*sizeOf(big) {
		t.Errorf("%d bytes, %d chains", r.size, len(r.chains))
	}
}
