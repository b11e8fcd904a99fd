package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// open appends the `opened` event of a chain.
func open(t testing.TB, l *Ledger, chain, plan, instance string) Event {
	t.Helper()
	return begin(t, l, chain, Opened, OpenedData{Plan: plan, InstanceID: instance})
}

func begin(t testing.TB, l *Ledger, chain string, kind Kind, data any) Event {
	t.Helper()
	e, err := New(chain, kind, 0, 0, "run-1", data)
	if err != nil {
		t.Fatal(err)
	}
	if e, err = l.Append(context.Background(), Head{}, e); err != nil {
		t.Fatal(err)
	}
	return e
}

// checkOpenings compares the chains found for a plan and an instance.
func checkOpenings(t *testing.T, l *Ledger, plan, instance string, want ...string) {
	t.Helper()
	all, err := l.Openings(context.Background(), plan, instance)
	var got []string
	for _, o := range all {
		got = append(got, o.Chain)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s on %s: %v, %v, want %v", plan, instance, got, err, want)
	}
}

func TestFreezeKeepsTheOpeningsOfTheNextRead(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		open(t, l, "a", "p", "i")
		checkOpenings(t, l, "p", "i", "a")
		open(t, l, "b", "p", "i")
		l.Freeze()
		checkOpenings(t, l, "p", "i", "a", "b")
		open(t, l, "c", "p", "i")
		checkOpenings(t, l, "p", "i", "a", "b")
	})
}

func TestOpeningsAreThoseOfAPlanAndOfAnInstance(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		checkOpenings(t, l, "p", "i")
		open(t, l, "d", "p", "i")
		open(t, l, "c", "other", "i")
		checkOpenings(t, l, "p", "i", "c", "d")
		open(t, l, "b", "p", "elsewhere")
		open(t, l, "a", "other", "elsewhere")
		fill(t, l, chainA, 3) // its plan has no name
		checkOpenings(t, l, "p", "i", "b", "c", "d")
		checkOpenings(t, l, "p", "elsewhere", "a", "b", "d")
		checkOpenings(t, l, "new", "new")
		one, err := l.Openings(context.Background(), "", "i")
		if err != nil || one[1].OpenedData.Plan != "other" || one[1].InstanceID != "i" {
			t.Errorf("%+v, %v", one, err)
		}
	})
}

// A hold before anything was sent belongs to a plan's name; one that an older
// migplan wrote does not say to which.
func TestDecidedOfAPlan(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		mine := begin(t, l, "c", Decision, DecisionData{What: Hold, Plan: "p"})
		old := begin(t, l, "b", Decision, DecisionData{What: Hold})
		other := begin(t, l, "a", Decision, DecisionData{What: Hold, Plan: "other"})
		first := open(t, l, "d", "p", "i")
		decided, _ := New("d", Decision, 0, 0, "run-1", DecisionData{What: Hold, Plan: "p"})
		if _, err := l.Append(context.Background(), Head{first.Seq, first.Hash}, decided); err != nil {
			t.Fatal(err)
		}
		for plan, want := range map[string][]Event{"p": {old, mine}, "other": {other, old}, "new": {old}, "": {old}} {
			got, err := l.DecidedOf(context.Background(), plan)
			if err != nil || !slices.EqualFunc(got, want, func(a, b Event) bool { return a.Hash == b.Hash }) {
				t.Errorf("%q: %+v, %v, want %+v", plan, got, err, want)
			}
		}
	})
}

// Writers and readers also find the events that another process appends.
func TestOpeningsOfAnotherProcessAreFound(t *testing.T) {
	eachPlace(t, openingsOfAnotherProcessAreFound)
}

func openingsOfAnotherProcessAreFound(t *testing.T, place string) {
	l := mustOpen(t, place)
	other, r := mustOpen(t, place), mustRead(t, place)
	want := []string{}
	for i := range 5 {
		chain := fmt.Sprintf("%016x", i)
		open(t, other, chain, "p", "i")
		want = append(want, chain)
		checkOpenings(t, l, "p", "i", want...)
		checkOpenings(t, r, "p", "i", want...)
	}
	allowed := false
	_, err := l.AppendIf(context.Background(), Head{}, testEvent(chainA, Opened, 1), func(l *Ledger) error {
		checkOpenings(t, l, "p", "i", want...)
		allowed = true
		return nil
	})
	if err != nil || !allowed {
		t.Error(err)
	}
}

// A reader beside an unfinished append reads copies.
func TestOpeningsBesideAJournal(t *testing.T) {
	dir, _ := interrupted(t)
	checkOpenings(t, mustRead(t, dir), "", "", chainA)
}

// Where an older copy of the ledger is put back, the chains that it lacks are
// forgotten.
func TestOpeningsOfAnOlderCopyAreThoseInIt(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	open(t, l, "a", "p", "i")
	copied := contents(t, l.Path())
	open(t, l, "b", "p", "i")
	checkOpenings(t, l, "p", "i", "a", "b")
	write(t, l.Path(), string(copied))
	checkOpenings(t, l, "p", "i", "a")
}

func TestOpeningsOfAnEditedLedgerAreAnError(t *testing.T) {
	for name, data := range map[string]string{"edited": `{"plan":"x"}`, "not decoded": `{"plan":1}`} {
		l := mustSQL(t)
		open(t, l, "a", "p", "i")
		checkOpenings(t, l, "p", "i", "a")
		e := Event{Chain: "b", Kind: Opened, Data: json.RawMessage(data)}
		if _, err := l.Append(context.Background(), Head{}, e); err != nil {
			t.Fatal(err)
		}
		if name == "edited" {
			if _, err := sqlOf(l).Exec(`update event set data = '{}' where chain = 'b'`); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if _, err := l.Openings(context.Background(), "p", "i"); err == nil || errors.Is(err, ErrBroken) != (name == "edited") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestNewsAreFoundByTheirNumber(t *testing.T) {
	if got := queryPlan(t, strings.Replace(selectNews, "$1", "7", 1)); got != "SEARCH event USING INTEGER PRIMARY KEY (rowid>?)" {
		t.Errorf("plan: %s", got)
	}
	if got := queryPlan(t, selectNewest); !strings.HasPrefix(got, "SEARCH event") {
		t.Errorf("plan: %s", got)
	}
}

// The time for one plan must not grow with the number of others.
func BenchmarkOpenings(b *testing.B) {
	for _, n := range []int{1000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := b.TempDir()
			l := mustOpen(b, dir)
			if _, err := sqlOf(l).Exec("begin"); err != nil {
				b.Fatal(err)
			}
			for i := range n {
				open(b, l, fmt.Sprintf("%016x", i), fmt.Sprint("plan-", i), fmt.Sprint("instance-", i))
			}
			if _, err := sqlOf(l).Exec("commit"); err != nil {
				b.Fatal(err)
			}
			r := mustRead(b, dir)
			for i := 0; b.Loop(); i++ {
				all, err := r.Openings(context.Background(), fmt.Sprint("plan-", i%n), fmt.Sprint("instance-", i%n))
				if err != nil || len(all) != 1 {
					b.Fatal(len(all), err)
				}
			}
		})
	}
}
