package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Every kind of ledger returns the events that Append returned.
func TestEventsAreReadAsAppended(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		a, b := fill(t, l, chainA, 3), fill(t, l, chainB, 2)
		if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, a) {
			t.Errorf("got %+v, want %+v", got, a)
		}
		opened, err := l.Opened(context.Background())
		if want := []Event{a[0], b[0]}; err != nil || !reflect.DeepEqual(asAppended(opened), want) {
			t.Errorf("opened %+v, %v, want %+v", opened, err, want)
		}
		if got := mustEvents(t, l, "0000000000000000"); len(got) != 0 {
			t.Errorf("an unknown chain has events: %+v", got)
		}
	})
	file := mustOpen(t, t.TempDir())
	want := fill(t, file, chainB, 2)
	if got := mustEvents(t, mustRead(t, filepath.Dir(file.Path())), chainB); !reflect.DeepEqual(got, want) {
		t.Errorf("reader: got %+v, want %+v", got, want)
	}
}

// The digest and the layout of times are a format: a ledger is older than the
// program that reads it.
func TestHashDoesNotChange(t *testing.T) {
	e := testEvent(chainA, Opened, 1).seal(Head{})
	const want = "0e00b249096901ffd996a2b803021646a0ccaaf836cf65827d8440bb5d65a412"
	if e.Hash != want {
		t.Errorf("got %s, want %s", e.Hash, want)
	}
}

func TestAppendAfterAnOldHeadIsRefused(t *testing.T) { eachStore(t, appendNeedsTheNewestHead) }

func appendNeedsTheNewestHead(t *testing.T, l *Ledger) {
	events := fill(t, l, chainA, 3)
	heads := map[string]Head{
		"empty chain":          {},
		"older":                {2, events[1].Hash},
		"number ahead":         {7, events[2].Hash},
		"another history":      {3, strings.Repeat("0", 64)},
		"hash of another seq":  {3, events[1].Hash},
		"number of another":    {2, events[2].Hash},
		"hash of other's head": {3, fill(t, l, chainB, 3)[2].Hash},
	}
	for name, head := range heads {
		if _, err := l.Append(context.Background(), head, testEvent(chainA, Accepted, 3)); !errors.Is(err, ErrLostRace) {
			t.Errorf("%s: %v, want a lost race", name, err)
		}
	}
	if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, events) {
		t.Errorf("a lost race wrote: %+v", got)
	}
	if _, err := l.Append(context.Background(), Head{3, events[2].Hash}, testEvent(chainA, Accepted, 3)); err != nil {
		t.Errorf("the newest head: %v", err)
	}
}

func TestAppendRefusesWhatADatabaseCannotReturn(t *testing.T) {
	eachStore(t, appendRefusesWhatADatabaseWouldNotReturn)
}

func appendRefusesWhatADatabaseWouldNotReturn(t *testing.T, l *Ledger) {
	cases := map[string]func(*Event){
		"no chain":          func(e *Event) { e.Chain = "" },
		"no kind":           func(e *Event) { e.Kind = "" },
		"data is not JSON":  func(e *Event) { e.Data = json.RawMessage(`{"a":`) },
		"data is not UTF-8": func(e *Event) { e.Data = json.RawMessage("\"\xff\"") },
		"run is not UTF-8":  func(e *Event) { e.Run = "\xff" },
		"run with a NUL":    func(e *Event) { e.Run = "a\x00b" },
		"year 10000":        func(e *Event) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"year -1":           func(e *Event) { e.At = time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	for name, spoil := range cases {
		e := testEvent(chainA, Opened, 1)
		spoil(&e)
		if _, err := l.Append(context.Background(), Head{}, e); err == nil || errors.Is(err, ErrLostRace) {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
	for _, head := range []Head{{1, ""}, {0, "x"}, {-5, "x"}} {
		if _, err := l.Append(context.Background(), head, testEvent(chainA, Intent, 1)); err == nil {
			t.Errorf("head %v: no error", head)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Append(ctx, Head{}, testEvent(chainA, Opened, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if got := mustEvents(t, l, chainA); len(got) != 0 {
		t.Errorf("something was written: %+v", got)
	}
}

// An event without data is stored, and so is one of empty fields.
func TestAppendStoresEmptyFields(t *testing.T) { eachStore(t, appendTakesEmptyFields) }

func appendTakesEmptyFields(t *testing.T, l *Ledger) {
	e, err := l.Append(context.Background(), Head{}, Event{Chain: chainA, Kind: Opened, At: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if got := mustEvents(t, l, chainA); !reflect.DeepEqual(got, []Event{e}) {
		t.Errorf("got %+v, want %+v", got, e)
	}
}

func TestOpenedUsesItsIndex(t *testing.T) {
	if got := queryPlan(t, selectOpened); got != "SCAN event USING INDEX event_opened" {
		t.Errorf("plan: %s", got)
	}
}

// The query does not scan the table: its rows hold every request.
func TestDecidedUsesTheKey(t *testing.T) {
	got := queryPlan(t, selectDecided)
	for _, want := range []string{"SEARCH event USING INDEX sqlite_autoindex_event_1 (chain=? AND seq=?)", "SCAN event USING COVERING INDEX"} {
		if !strings.Contains(got, want) {
			t.Errorf("plan: %s, want %s", got, want)
		}
	}
}

func queryPlan(t *testing.T, statement string) string {
	t.Helper()
	rows, err := sqlOf(mustSQL(t)).Query("explain query plan " + statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan bytes.Buffer
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, detail)
	}
	return strings.TrimSpace(plan.String())
}

// The model runs in a bubble of testing/synctest: the ledger may leave no
// goroutine in it, and no time passes during an append.
func TestMemoryLedgerWorksInSynctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := OpenMemory()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		start := time.Now()
		if _, err := l.Append(ctx, Head{}, testEvent(chainA, Opened, 1)); err != nil {
			t.Fatal(err)
		}
		if events, err := l.Events(ctx, chainA); err != nil || len(events) != 1 {
			t.Errorf("%v, %v", events, err)
		}
		held, err := l.Lock(ctx, "i", 0)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { held.Unlock() })
		again, err := l.Lock(ctx, "i", 2*time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		again.Unlock()
		if d := time.Since(start); d < time.Minute || d > time.Minute+time.Second {
			t.Errorf("the lock was waited for %v", d)
		}
	})
}
