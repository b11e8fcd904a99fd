package ledger

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// memory is a store that ends with the process. It is for tests that run
// thousands of schedules, for which a database is too slow.
type memory struct {
	mu      sync.Mutex
	chains  map[string][]Event
	indexed []Event // what news gives, in the order it was appended
}

// OpenMemory makes an empty ledger that ends with the process, for tests.
func OpenMemory() *Ledger {
	return &Ledger{
		path: memoryPath, store: &memory{chains: map[string][]Event{}},
		locker: newMemoryLocker(), passes: newMemoryPasses(),
	}
}

func (m *memory) close() error { return nil }

func (m *memory) insert(ctx context.Context, e Event) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.insert(ctx, e)
}

func (m *memory) insertIf(ctx context.Context, e Event, allow func(store) error) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.insertIf(ctx, e, allow)
}

func (m *memory) chain(ctx context.Context, chain string) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.chain(ctx, chain)
}

func (m *memory) from(ctx context.Context, chain string, seq int64) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.from(ctx, chain, seq)
}

func (m *memory) several(ctx context.Context, chains []string) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.several(ctx, chains)
}

func (m *memory) opened(ctx context.Context) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.opened(ctx)
}

func (m *memory) news(ctx context.Context, since int64) (news, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return unlocked{m}.news(ctx, since)
}

// decodedData is the data of an event that a store in memory keeps: it was
// verified when it was appended, and is decoded by its first reader. Nobody
// changes it.
type decodedData struct{ value atomic.Pointer[any] }

func (d *decodedData) load() any {
	if d == nil {
		return nil
	}
	if v := d.value.Load(); v != nil {
		return *v
	}
	return nil
}

func (d *decodedData) store(v any) {
	if d != nil {
		d.value.Store(&v)
	}
}

// unlocked is the store for a caller that holds its lock.
type unlocked struct{ *memory }

func (m unlocked) insertIf(ctx context.Context, e Event, allow func(store) error) (bool, error) {
	if err := allow(m); err != nil {
		return false, err
	}
	return m.insert(ctx, e)
}

func (m unlocked) insert(_ context.Context, e Event) (bool, error) {
	events := m.chains[e.Chain]
	n := len(events)
	if e.Seq != int64(n)+1 || n > 0 && events[n-1].Hash != e.Prev {
		return false, nil
	}
	e.Data, e.decoded = slices.Clone(e.Data), nil
	if e.Hash == e.digest() {
		e.decoded = &decodedData{}
	}
	m.chains[e.Chain] = append(events, e)
	if e.Kind == Opened || e.Kind == Decision && e.Seq == 1 {
		m.indexed = append(m.indexed, e)
	}
	return true, nil
}

func (m unlocked) chain(_ context.Context, chain string) ([]Event, error) {
	return slices.Clone(m.chains[chain]), nil
}

func (m unlocked) from(_ context.Context, chain string, seq int64) ([]Event, error) {
	events := m.chains[chain]
	return slices.Clone(events[min(int64(len(events)), seq-1):]), nil
}

func (m unlocked) several(_ context.Context, chains []string) (out []Event, _ error) {
	for _, chain := range chains {
		out = append(out, m.chains[chain]...)
	}
	return out, nil
}

func (m unlocked) opened(context.Context) (out []Event, _ error) {
	for _, chain := range slices.Sorted(maps.Keys(m.chains)) {
		for _, e := range m.chains[chain] {
			if e.Kind == Opened {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

func (m unlocked) news(_ context.Context, since int64) (news, error) {
	return news{slices.Clone(m.indexed[since:]), int64(len(m.indexed)), since == 0}, nil
}

// memoryPasses is a passStore that ends with the process.
type memoryPasses struct {
	mu   sync.Mutex
	rows map[string]string // chain: data
}

func newMemoryPasses() *memoryPasses { return &memoryPasses{rows: map[string]string{}} }

func (m *memoryPasses) close() error { return nil }

func (m *memoryPasses) record(_ context.Context, rows []passRow) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rows {
		m.rows[r.chain] = r.data
	}
	return nil
}

func (m *memoryPasses) last(context.Context) (all []passRow, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, chain := range slices.Sorted(maps.Keys(m.rows)) {
		all = append(all, passRow{chain, m.rows[chain]})
	}
	return all, nil
}
