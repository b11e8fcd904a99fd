package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/postgrestest"
)

func childCopy(from, to string) error {
	fmt.Println("ready")
	_, err := Copy(context.Background(), from, to)
	return err
}

// wantCopied checks that a ledger has these events, and that the one it was
// copied from is closed.
func wantCopied(t *testing.T, from, to string, want []Event) {
	t.Helper()
	if got := mustEvents(t, mustRead(t, to), chainA); !reflect.DeepEqual(got, want) {
		t.Errorf("%d events in %s, want %d", len(got), to, len(want))
	}
	if _, err := Open(from); err == nil || !strings.Contains(err.Error(), "has moved to") {
		t.Errorf("%s is not closed: %v", from, err)
	}
}

// A copy that is killed leaves the first ledger open, or closed and complete in
// the second.
func TestKilledCopyIsCompleted(t *testing.T) {
	l, events := saved(t, 300)
	from, to := filepath.Dir(l.Path()), filepath.Join(t.TempDir(), "state")
	l.Close()
	for i := range 8 {
		c := start(t, "copy", from, to)
		c.line(t)
		time.Sleep(time.Duration(i) * 4 * time.Millisecond)
		c.kill()
		source, err := Open(from)
		if err != nil {
			break // it was done
		}
		if got := mustEvents(t, source, chainA); len(got) != len(events) {
			t.Fatalf("the first ledger has %d events, want %d", len(got), len(events))
		}
		source.Close()
	}
	_, _ = Copy(context.Background(), from, to)
	wantCopied(t, from, to, events)
}

// A copy whose COMMIT has no answer, in either ledger, can be run again.
func TestCopyWithoutAnAnswerIsCompleted(t *testing.T) {
	s := shared.Start(t)
	for _, cutSource := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("source %t, committed %t", cutSource, after), func(t *testing.T) {
				from, to := s.NewDatabase(t), s.NewDatabase(t)
				l := mustOpen(t, from)
				events := fill(t, l, chainA, 5)
				l.Close()
				var commits atomic.Int64
				p := postgrestest.NewProxy(t, s, func(m string) (bool, bool) {
					if strings.Contains(m, "COMMIT\x00") {
						commits.Add(1)
					}
					return commits.Load() == 2, after // the first is that of Open
				})
				cutFrom, cutTo := from, to
				if cutSource {
					cutFrom = p.Through(from)
				} else {
					cutTo = p.Through(to)
				}
				if _, err := Copy(context.Background(), cutFrom, cutTo); err == nil {
					t.Error("no error, although its end is not known")
				}
				_, err := Copy(context.Background(), from, to)
				if moved := cutSource && after; (err != nil) != moved {
					t.Errorf("the second time: %v", err)
				}
				wantCopied(t, from, to, events)
			})
		}
	}
}

// Each event that a running process has recorded in the first ledger is in the
// second, and its next one is refused.
func TestCopyOfALedgerInUseLosesNothing(t *testing.T) {
	eachPair(t, func(t *testing.T, from, to string) {
		mustOpen(t, from).Close()
		c := start(t, "append", from, "20ms")
		last := ""
		for range 5 {
			last = c.line(t)
		}
		_, err := Copy(context.Background(), from, to)
		for range 3 { // SQLite gives a lock to whoever asks when it is free
			if errors.Is(err, ErrBusy) {
				_, err = Copy(context.Background(), from, to)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		for c.lines.Scan() {
			if _, err := strconv.Atoi(c.lines.Text()); err == nil { // else what the test prints
				last = c.lines.Text()
			}
		}
		if got := mustEvents(t, mustRead(t, to), chainA); last != fmt.Sprint(len(got)) {
			t.Errorf("%d events were copied, %s recorded", len(got), last)
		}
	})
}

// Hashes are the same after a move to PostgreSQL and back.
func TestCopyThereAndBackKeepsHashes(t *testing.T) {
	l, events := saved(t, 20)
	first, there, back := filepath.Dir(l.Path()), newPostgres(t), filepath.Join(t.TempDir(), "back")
	l.Close()
	mustCopy(t, first, there)
	mustCopy(t, there, back)
	wantCopied(t, there, back, events)
	if _, err := Copy(context.Background(), back, first); err == nil || !strings.Contains(err.Error(), "has moved to") {
		t.Errorf("copied to a ledger that has moved: %v", err)
	}
	if _, err := mustOpen(t, back).Append(context.Background(), headOf(events), testEvent(chainA, Intent, 1)); err != nil {
		t.Error(err)
	}
}
