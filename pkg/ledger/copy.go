package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Copied is what Copy has put into a ledger.
type Copied struct {
	Events, Chains int
	From, To       string // paths, for messages
}

// copyTime bounds the transactions of a copy in PostgreSQL.
const copyTime = time.Hour

// Copy moves a ledger: it copies every event from one place to another, verifies
// both, and closes the first for writing. No process appends to either
// meanwhile. The target must be new, or hold a part of the same events, as after
// a copy that was cut off; running it again completes that.
func Copy(ctx context.Context, from, to string) (c Copied, err error) {
	source, err := openToCopy(ctx, from)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openToCopy(ctx, to)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	c.From, c.To = source.path, target.path
	if c.From == c.To {
		return c, fmt.Errorf("%s cannot be copied to itself: name another place", c.From)
	}
	s, d := source.store.(*database), target.store.(*database)
	_, err = s.transact(ctx, func(ctx context.Context, t transaction) (bool, error) {
		if err := c.fill(ctx, t, d); err != nil {
			return false, err
		}
		return true, s.dialect.markMoved(ctx, t.conn, c.To)
	}, true)
	if err != nil {
		return c, err
	}
	copyPasses(ctx, source, target)
	return c, nil
}

func openToCopy(ctx context.Context, place string) (*Ledger, error) {
	l, err := OpenContext(ctx, place)
	if err != nil {
		return nil, err
	}
	if p, ok := l.store.(*database).dialect.(*postgres); ok {
		p.limit = copyTime
	}
	return l, nil
}

// fill commits all events to the target, in one transaction.
func (c *Copied) fill(ctx context.Context, source transaction, target *database) error {
	_, err := target.transact(ctx, func(ctx context.Context, t transaction) (bool, error) {
		chains, err := source.chains(ctx)
		if err != nil {
			return false, err
		}
		there, err := t.chains(ctx)
		if err != nil {
			return false, err
		}
		for _, chain := range there {
			if !slices.Contains(chains, chain) {
				return false, otherLedger(target.path, chain)
			}
		}
		for _, chain := range chains {
			if err := c.copyChain(ctx, source, t, chain); err != nil {
				return false, err
			}
		}
		return true, nil
	}, true)
	return err
}

func otherLedger(path, chain string) error {
	return fmt.Errorf("the ledger %s holds other events of chain %s: copy into a new ledger", path, chain)
}

func (c *Copied) copyChain(ctx context.Context, from, to transaction, chain string) error {
	events, err := from.verified(ctx, chain)
	if err != nil {
		return err
	}
	there, err := to.verified(ctx, chain)
	if err != nil {
		return err
	}
	if len(there) > len(events) || len(there) > 0 && there[len(there)-1].Hash != events[len(there)-1].Hash {
		return otherLedger(to.d.path, chain)
	}
	for _, e := range events[len(there):] {
		if ok, err := to.insert(ctx, e); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("event %d of chain %s was not copied to %s: run it again", e.Seq, chain, to.d.path))
		}
	}
	copied, err := to.verified(ctx, chain)
	if err != nil {
		return err
	}
	if len(copied) != len(events) || copied[len(copied)-1].Hash != events[len(events)-1].Hash {
		return otherLedger(to.d.path, chain)
	}
	c.Events, c.Chains = c.Events+len(events), c.Chains+1
	return nil
}

// verified are the events of a chain, with their hashes checked.
func (t transaction) verified(ctx context.Context, chain string) ([]Event, error) {
	return (&Ledger{path: t.d.path, store: t}).Events(ctx, chain)
}

func (t transaction) chains(ctx context.Context) (all []string, err error) {
	rows, err := t.conn.QueryContext(ctx, "select distinct chain from event order by chain")
	if err != nil {
		return nil, t.d.explainRead(err)
	}
	defer rows.Close()
	for rows.Next() {
		var chain string
		if err := rows.Scan(&chain); err != nil {
			return nil, t.d.explainRead(err)
		}
		all = append(all, chain)
	}
	return all, t.d.explainRead(rows.Err())
}

// copyPasses copies the last passes as far as it can: they are shown to people only.
func copyPasses(ctx context.Context, from, to *Ledger) {
	last, err := from.LastPasses(ctx)
	if err == nil {
		_ = to.RecordPasses(ctx, slices.Collect(maps.Values(last)))
	}
}

// movedError says where a ledger was copied to.
func movedError(path, to string) error {
	return fmt.Errorf("the ledger %s has moved to %s: use that one", path, to)
}
