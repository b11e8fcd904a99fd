package ledger

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// childRace appends n events to a chain to which others append too.
func childRace(dir, argument string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	run, n, _ := strings.Cut(argument, ",")
	count, err := strconv.Atoi(n)
	if err != nil {
		return err
	}
	return race(l, run, count)
}

func race(l *Ledger, run string, n int) error {
	for i := 0; i < n; {
		events, err := l.Events(context.Background(), chainA)
		if err != nil {
			return err
		}
		e := testEvent(chainA, Intent, i)
		e.Run = run
		switch _, err := l.Append(context.Background(), headOf(events), e); {
		case err == nil:
			i++
		case !errors.Is(err, ErrLostRace):
			return err
		}
	}
	return nil
}

// Goroutines and processes that append at once, the first of them creating
// the ledger: each event is in exactly once, in the order of its writer.
func TestManyWritersAppendEachEventOnce(t *testing.T) { eachPlace(t, manyWritersAppendEachEventOnce) }

func manyWritersAppendEachEventOnce(t *testing.T, dir string) {
	const processes, goroutines, each = 3, 4, 8
	var wg sync.WaitGroup
	run := func(name string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	for i := range processes {
		name := fmt.Sprint("process ", i)
		run(name, childCommand("race", dir, fmt.Sprint(name, ",", each)).Run)
	}
	for i := range goroutines { // each opens the ledger itself
		name := fmt.Sprint("goroutine ", i)
		run(name, func() error { return childRace(dir, fmt.Sprint(name, ",", each)) })
	}
	wg.Wait()
	events := mustEvents(t, mustRead(t, dir), chainA)
	next := map[string]int{}
	for _, e := range events {
		if e.Step != next[e.Run] {
			t.Fatalf("event %d: %s has written its %d, want %d", e.Seq, e.Run, e.Step, next[e.Run])
		}
		next[e.Run]++
	}
	if len(events) != (processes+goroutines)*each || len(next) != processes+goroutines {
		t.Errorf("%d events by %d writers", len(events), len(next))
	}
	if IsAddress(dir) {
		return
	}
	if names := listing(t, dir); !reflect.DeepEqual(names, []string{fileName}) {
		t.Errorf("left over: %v", names)
	}
}

// Goroutines that share one open ledger.
func TestManyGoroutinesAppendEachEventOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if err := race(l, fmt.Sprint(i), 8); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := mustEvents(t, l, chainA); len(got) != 64 {
			t.Errorf("%d events", len(got))
		}
	})
}

func childOpen(dir, _ string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	return l.Close()
}

// Processes that create the ledger at once all end up in the same one.
func TestProcessesThatCreateAtOnceShareOneLedger(t *testing.T) {
	eachPlace(t, processesThatCreateAtOnceShareOneLedger)
}

func processesThatCreateAtOnceShareOneLedger(t *testing.T, dir string) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := childCommand("open", dir, "").Run(); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range 8 {
		wg.Go(func() {
			l, err := Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			if _, err := l.Append(context.Background(), Head{}, testEvent(fmt.Sprint("chain ", i), Opened, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	opened, err := mustRead(t, dir).Opened(context.Background())
	if err != nil || len(opened) != 8 {
		t.Errorf("%d chains, %v, want 8", len(opened), err)
	}
}
