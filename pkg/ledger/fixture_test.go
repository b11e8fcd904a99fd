package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const (
	chainA = "00112233445566aa"
	chainB = "00112233445566bb"
)

func testEvent(chain string, kind Kind, n int) Event {
	return Event{
		Chain: chain, At: time.Date(2026, 3, 1, 20, 0, n, 123456789, time.FixedZone("", 8*3600)), Kind: kind,
		Step: n, Attempt: 1, Run: "run-1", Data: json.RawMessage(fmt.Sprintf(`{"n":%d,"text":"<ü�>"}`, n)),
	}
}

// fill appends n events to a chain, an `opened` first.
func fill(t testing.TB, l *Ledger, chain string, n int) []Event {
	t.Helper()
	var events []Event
	var head Head
	for i := range n {
		kind := Intent
		if i == 0 {
			kind = Opened
		}
		e, err := l.Append(context.Background(), head, testEvent(chain, kind, i))
		if err != nil {
			t.Fatal(err)
		}
		head = Head{e.Seq, e.Hash}
		events = append(events, e)
	}
	return events
}

func headOf(events []Event) Head {
	if len(events) == 0 {
		return Head{}
	}
	return Head{events[len(events)-1].Seq, events[len(events)-1].Hash}
}

func mustOpen(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mustRead(t testing.TB, dir string) *Ledger {
	t.Helper()
	l, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// mustSQL opens an empty database in memory.
func mustSQL(t testing.TB) *Ledger {
	t.Helper()
	db, err := connect(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	l, err := openWriter(memoryPath, db, newMemoryLocker(), newMemoryPasses())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func sqlOf(l *Ledger) *sql.DB { return l.store.(*database).db }

// eachStore runs a test with every kind of store.
func eachStore(t *testing.T, test func(t *testing.T, empty *Ledger)) {
	t.Run("file", func(t *testing.T) { test(t, mustOpen(t, t.TempDir())) })
	t.Run("database", func(t *testing.T) { test(t, mustSQL(t)) })
	t.Run("memory", func(t *testing.T) { test(t, OpenMemory()) })
	t.Run("postgres", func(t *testing.T) { test(t, mustPostgres(t)) })
}

// eachPlace runs a test where several processes open a ledger: in a folder, and
// at an address.
func eachPlace(t *testing.T, test func(t *testing.T, place string)) {
	t.Run("folder", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "state")) })
	t.Run("postgres", func(t *testing.T) { test(t, newPostgres(t)) })
}

func mustEvents(t testing.TB, l *Ledger, chain string) []Event {
	t.Helper()
	events, err := l.Events(context.Background(), chain)
	if err != nil {
		t.Fatal(err)
	}
	return asAppended(events)
}

// asAppended leaves out what a ledger keeps beside an event.
func asAppended(events []Event) []Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].decoded = nil
	}
	return events
}
