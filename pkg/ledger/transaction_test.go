package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var errTaken = errors.New("taken")

// claim opens a chain where no other is open.
func claim(l *Ledger, chain string) error {
	_, err := l.AppendIf(context.Background(), Head{}, testEvent(chain, Opened, 0), func(l *Ledger) error {
		opened, err := l.Opened(context.Background())
		if err == nil && len(opened) > 0 {
			err = errTaken
		}
		return err
	})
	return err
}

// The condition that allow checked still holds when the event is appended, even
// if others append too. Each claim has its own connection, as two processes have.
func TestAppendIfAllowsOneOfManyAtOnce(t *testing.T) {
	for range 5 {
		eachPlace(t, appendIfLetsOneOfManyIn)
	}
}

func appendIfLetsOneOfManyIn(t *testing.T, dir string) {
	errs := make([]error, 8)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range errs {
		l := mustOpen(t, dir)
		wg.Go(func() {
			<-start
			errs[i] = claim(l, fmt.Sprintf("%016d", i))
		})
	}
	close(start)
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, errTaken) {
			t.Error(err)
		}
	}
	if opened, err := mustRead(t, dir).Opened(context.Background()); err != nil || won != 1 || len(opened) != 1 {
		t.Fatalf("%d claims won, %d chains open, %v", won, len(opened), err)
	}
}

func TestAppendIf(t *testing.T) { eachStore(t, appendIf) }

func appendIf(t *testing.T, l *Ledger) {
	ctx := context.Background()
	allow := func(err error) func(*Ledger) error { return func(*Ledger) error { return err } }
	if _, err := l.AppendIf(ctx, Head{}, testEvent(chainA, Opened, 0), allow(errTaken)); !errors.Is(err, errTaken) {
		t.Errorf("not allowed: %v", err)
	}
	first, err := l.AppendIf(ctx, Head{}, testEvent(chainA, Opened, 0), allow(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.AppendIf(ctx, Head{}, testEvent(chainA, Opened, 0), allow(nil)); !errors.Is(err, ErrLostRace) {
		t.Errorf("on an old head: %v", err)
	}
	_, err = l.AppendIf(ctx, Head{first.Seq, first.Hash}, testEvent(chainA, Intent, 1), func(view *Ledger) error {
		if events, err := view.Events(ctx, chainA); err != nil || len(events) != 1 {
			t.Errorf("allow sees %d events, %v", len(events), err)
		}
		if _, err := view.Append(ctx, Head{first.Seq, first.Hash}, testEvent(chainA, Intent, 1)); !errors.Is(err, errReadOnly) {
			t.Errorf("allow may append: %v", err)
		}
		return nil
	})
	if got := mustEvents(t, l, chainA); err != nil || len(got) != 2 {
		t.Errorf("%d events, %v", len(got), err)
	}
}

// After a refusal and after a full disk the ledger works as before.
func TestAppendIfLeavesNoTransactionOpen(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	other := mustOpen(t, filepath.Dir(l.Path()))
	if err := claim(l, chainA); err != nil {
		t.Fatal(err)
	}
	if err := claim(l, chainB); !errors.Is(err, errTaken) {
		t.Fatal(err)
	}
	fill(t, other, chainB, 2)
	if _, err := sqlOf(l).Exec("pragma max_page_count = 8"); err != nil {
		t.Fatal(err)
	}
	big := testEvent("0000000000000001", Opened, 0)
	big.Data = []byte(`"` + strings.Repeat("x", 1<<16) + `"`)
	if _, err := l.AppendIf(context.Background(), Head{}, big, func(*Ledger) error { return nil }); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("full disk: %v", err)
	}
	fill(t, other, "0000000000000002", 2)
	fill(t, l, "0000000000000003", 1)
}

func TestDecidedOfReturnsFirstDecisionOfChain(t *testing.T) { eachStore(t, firstDecisions) }

func firstDecisions(t *testing.T, l *Ledger) {
	fill(t, l, chainA, 3)
	held, err := l.Append(context.Background(), Head{}, testEvent(chainB, Decision, 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(context.Background(), Head{held.Seq, held.Hash}, testEvent(chainB, Decision, 0)); err != nil {
		t.Fatal(err)
	}
	got, err := l.DecidedOf(context.Background(), "")
	if err != nil || len(got) != 1 || got[0].Hash != held.Hash {
		t.Errorf("%v, %v", got, err)
	}
}
