package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

func TestLockExcludesOthersUntilUnlock(t *testing.T) {
	for name, l := range map[string]*Ledger{"file": mustOpen(t, t.TempDir()), "memory": OpenMemory(), "postgres": mustPostgres(t)} {
		first, err := l.Lock(context.Background(), "a", 0)
		if err != nil {
			t.Fatal(name, err)
		}
		start := time.Now()
		_, err = l.Lock(context.Background(), "a", 120*time.Millisecond)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.instanceID != "a" || locked.holder.PID != os.Getpid() {
			t.Errorf("%s: second: %v", name, err)
		}
		if d := time.Since(start); d < 120*time.Millisecond {
			t.Errorf("%s: waited for %v only", name, d)
		}
		other, err := l.Lock(context.Background(), "b", 0)
		if err != nil {
			t.Errorf("%s: another instance: %v", name, err)
		}
		for range 2 {
			if err := errors.Join(first.Unlock(), other.Unlock()); err != nil {
				t.Errorf("%s: unlock: %v", name, err)
			}
		}
		again, err := l.Lock(context.Background(), "a", 0)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := first.Unlock(); err != nil { // a late one must not free the new holder's
			t.Error(name, err)
		}
		if _, err := l.Lock(context.Background(), "a", 0); !errors.As(err, &locked) {
			t.Errorf("%s: after a late unlock: %v", name, err)
		}
		again.Unlock()
	}
}

func TestLockStopsWaitingAtTheDeadline(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	held, err := l.Lock(context.Background(), "a", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err = l.Lock(ctx, "a", time.Hour)
	var locked *LockedError
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &locked) {
		t.Errorf("%v, want the deadline and the holder", err)
	}
}

// A lock whose holder cannot be read still holds.
func TestLockHoldsWithoutAReadableHolder(t *testing.T) {
	l := mustOpen(t, t.TempDir())
	held, err := l.Lock(context.Background(), "a", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Unlock()
	for _, note := range []string{"", "{", `{"pid":"x"}`} {
		write(t, filepath.Join(filepath.Dir(l.Path()), lockName("a")), note)
		_, err = l.Lock(context.Background(), "a", 0)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.holder != (holder{}) {
			t.Errorf("%q: %v", note, err)
		}
	}
}

func TestLockNamesAreSafeAndDistinct(t *testing.T) {
	seen := map[string]string{}
	safe := regexp.MustCompile(`^instance-[0-9a-f]{16}\.lock$`)
	for _, id := range []string{"", ".", "..", "../../etc/passwd", "a/b", "a\x00b", "A", "a", "0a3182607bc549bcb46cc9a8755761a6in04"} {
		name := lockName(id)
		if !safe.MatchString(name) || seen[name] != "" {
			t.Errorf("%q: %q, as %q", id, name, seen[name])
		}
		seen[name] = id + "!"
	}
}
