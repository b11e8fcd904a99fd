package ledger

import (
	"context"
	"errors"
	"testing"
)

// A store in memory verifies an event when it is appended. One whose content
// does not match its hash is found by every reader.
func TestMemoryReportsAnEventThatDoesNotMatchItsHash(t *testing.T) {
	l := OpenMemory()
	e := testEvent(chainA, Unsent, 1).seal(Head{})
	e.Data = []byte(`{"intent": 7}`)
	if ok, err := l.store.insert(context.Background(), e); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 2 {
		if _, err := l.Events(context.Background(), chainA); !errors.Is(err, ErrBroken) {
			t.Errorf("%v, want %v", err, ErrBroken)
		}
	}
}

// What a reader decodes is the same for every reader, and is not decoded as
// another type.
func TestMemoryDecodesAnEventAsEachType(t *testing.T) {
	l := OpenMemory()
	if _, err := l.Append(context.Background(), Head{}, Event{Chain: chainA, Kind: Unsent, Step: 1, Data: []byte(`{"intent": 7, "date": "2026-03-01T20:00:00Z"}`)}); err != nil {
		t.Fatal(err)
	}
	events, err := l.Events(context.Background(), chainA)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		outcome, err := decode[OutcomeData](events[0])
		searched, errSearched := decode[SearchedData](events[0])
		if err != nil || errSearched != nil || outcome.Intent != 7 || searched.Intent != 7 || searched.Date.IsZero() {
			t.Error(outcome, searched, err, errSearched)
		}
	}
}
