package ledger

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// memory is a store for as long as the process lives. It is for tests: what
// runs thousands of schedules pays for no database.
type memory struct {
	mu     sync.Mutex
	chains map[string][]Event
}

// OpenMemory makes an empty ledger that nothing survives, for tests.
func OpenMemory() *Ledger {
	return &Ledger{path: memoryPath, store: &memory{chains: map[string][]Event{}}, locker: newMemoryLocker()}
}

func (m *memory) close() error { return nil }

func (m *memory) insert(_ context.Context, e Event) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.chains[e.Chain]
	n := len(events)
	if e.Seq != int64(n)+1 || n > 0 && events[n-1].Hash != e.Prev {
		return false, nil
	}
	e.Data = slices.Clone(e.Data)
	m.chains[e.Chain] = append(events, e)
	return true, nil
}

func (m *memory) chain(_ context.Context, chain string) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.chains[chain]), nil
}

func (m *memory) opened(context.Context) ([]Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Event
	for _, chain := range slices.Sorted(maps.Keys(m.chains)) {
		for _, e := range m.chains[chain] {
			if e.Kind == Opened {
				out = append(out, e)
			}
		}
	}
	return out, nil
}
