package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// eachPair runs a test with the kinds of places that a ledger is copied from
// and to.
func eachPair(t *testing.T, test func(t *testing.T, from, to string)) {
	folder := func(t *testing.T) string { return filepath.Join(t.TempDir(), "it's state") }
	postgres := func(t *testing.T) string { return newPostgres(t) }
	t.Run("folder to folder", func(t *testing.T) { test(t, folder(t), folder(t)) })
	t.Run("folder to postgres", func(t *testing.T) { test(t, folder(t), postgres(t)) })
	t.Run("postgres to folder", func(t *testing.T) { test(t, postgres(t), folder(t)) })
}

func mustCopy(t *testing.T, from, to string) Copied {
	t.Helper()
	c, err := Copy(context.Background(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCopyMovesALedger(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to string) {
		l := mustOpen(t, from)
		a, b := fill(t, l, chainA, 5), fill(t, l, chainB, 2)
		mustRecord(t, l, testPass(chainA, 1))
		target := mustOpen(t, to)
		c := mustCopy(t, from, to)
		if c.Events != 7 || c.Chains != 2 || c.From != l.Path() || c.To != target.Path() {
			t.Errorf("copied %+v", c)
		}
		if got := mustEvents(t, target, chainA); !reflect.DeepEqual(got, a) {
			t.Errorf("got %+v, want %+v", got, a)
		}
		if got := mustLast(t, target); len(got) != 1 {
			t.Errorf("passes %+v", got)
		}
		if _, err := target.Append(context.Background(), headOf(b), testEvent(chainB, Intent, 3)); err != nil {
			t.Errorf("appending to the copy: %v", err)
		}
		if _, err := l.Append(context.Background(), headOf(b), testEvent(chainB, Intent, 3)); err == nil || errors.Is(err, ErrLostRace) || !strings.Contains(err.Error(), "has moved to") {
			t.Errorf("a process that had it open appended: %v", err)
		}
		if _, err := Open(from); err == nil || errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "has moved to "+c.To) {
			t.Errorf("it was opened again: %v", err)
		}
		if got := mustEvents(t, mustRead(t, from), chainB); !reflect.DeepEqual(got, b) {
			t.Errorf("a reader got %+v", got)
		}
	})
}

// A copy that was cut off before the first ledger was closed is completed.
func TestCopyCompletesAPartOfItself(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to string) {
		l, target := mustOpen(t, from), mustOpen(t, to)
		events := fill(t, l, chainA, 5)
		for _, e := range events[:2] {
			if ok, err := target.store.insert(context.Background(), e); !ok || err != nil {
				t.Fatal(err)
			}
		}
		mustCopy(t, from, to)
		if got := mustEvents(t, target, chainA); !reflect.DeepEqual(got, events) {
			t.Errorf("got %+v, want %+v", got, events)
		}
	})
}

// Nothing is copied, and both ledgers stay open, where the target holds anything
// else or the source is damaged.
func TestCopyRefusesWhatItWouldMix(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to string) {
		l, target := mustOpen(t, from), mustOpen(t, to)
		events := fill(t, l, chainA, 2)
		other := testEvent(chainA, Opened, 7)
		if _, err := target.Append(context.Background(), Head{}, other); err != nil {
			t.Fatal(err)
		}
		for _, chain := range []string{"the same chain", chainB} {
			if chain == chainB {
				fill(t, target, chainB, 1)
			}
			if _, err := Copy(context.Background(), from, to); err == nil || !strings.Contains(err.Error(), "copy into a new ledger") {
				t.Errorf("%s: %v", chain, err)
			}
		}
		if _, err := Copy(context.Background(), from, from); err == nil || !strings.Contains(err.Error(), "to itself") {
			t.Errorf("to itself: %v", err)
		}
		if _, err := l.Append(context.Background(), headOf(events), testEvent(chainA, Intent, 2)); err != nil {
			t.Errorf("the source is closed: %v", err)
		}
	})
}

func TestCopyRefusesADamagedLedger(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "state")
	l := mustOpen(t, from)
	events := fill(t, l, chainA, 3)
	if _, err := sqlOf(l).Exec("update event set run = 'x' where seq = 2"); err != nil {
		t.Fatal(err)
	}
	if _, err := Copy(context.Background(), from, to); !errors.Is(err, ErrBroken) {
		t.Errorf("%v, want a broken ledger", err)
	}
	if got := mustEvents(t, mustOpen(t, to), chainA); len(got) != 0 {
		t.Errorf("%d of %d events were copied", len(got), len(events))
	}
}

func TestMovedMarkIsReadAsWritten(t *testing.T) {
	for _, to := range []string{"/var/lib/migplan/ledger.db", "/it's/a''path'); END", "postgres://h:5432/d"} {
		schema := fmt.Sprint(movedHead, quoted(to), movedTail, "\n", createTable)
		if rest, got := cutMoved(schema); got != to || rest != createTable {
			t.Errorf("got %q, %q, want %q", rest, got, to)
		}
	}
	if rest, to := cutMoved(createTable); rest != createTable || to != "" {
		t.Errorf("a ledger that has not moved: %q, %q", rest, to)
	}
}
