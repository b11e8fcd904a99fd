package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/postgrestest"
)

// A COMMIT without an answer is settled by looking for the event: it is in the
// ledger once, whether the server got the COMMIT or not.
func TestCommitWithoutAnAnswerIsSettled(t *testing.T) {
	s := shared.Start(t)
	for name, after := range map[string]bool{"the server has committed": true, "the server has not committed": false} {
		for _, how := range []string{"append", "append if allowed"} {
			t.Run(name+", "+how, func(t *testing.T) {
				address := s.NewDatabase(t)
				var cuts atomic.Int64
				p := postgrestest.NewProxy(t, s, func(m string) (bool, bool) {
					return strings.Contains(m, "COMMIT\x00") && cuts.Add(1) == 2, after // the first is that of Open
				})
				l := mustOpen(t, p.Through(address))
				var e Event
				var err error
				if how == "append" {
					e, err = l.Append(context.Background(), Head{}, testEvent(chainA, Opened, 1))
				} else {
					e, err = l.AppendIf(context.Background(), Head{}, testEvent(chainA, Opened, 1), func(*Ledger) error { return nil })
				}
				if err != nil || cuts.Load() < 2 {
					t.Fatalf("%v, after %d commits", err, cuts.Load())
				}
				if got := mustEvents(t, mustOpen(t, address), chainA); len(got) != 1 || got[0].Hash != e.Hash {
					t.Errorf("got %+v, want %+v", got, e)
				}
			})
		}
	}
}

// Where the server never answers again, the result is not known, and is an error.
func TestServerThatStaysUnavailableIsAnError(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	var away atomic.Bool
	p := postgrestest.NewProxy(t, s, func(m string) (bool, bool) {
		return away.Load(), false
	})
	l := mustOpen(t, p.Through(address))
	away.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if _, err := l.Append(ctx, Head{}, testEvent(chainA, Opened, 1)); err == nil || errors.Is(err, ErrLostRace) || !strings.Contains(err.Error(), "run again") {
		t.Errorf("%v, want an error", err)
	}
}

// Each append waits for the disk, whatever the default of the user is.
func TestAppendIsSynchronous(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	var seen atomic.Int64
	p := postgrestest.NewProxy(t, s, func(m string) (bool, bool) {
		if strings.Contains(m, "SET LOCAL synchronous_commit = on") {
			seen.Add(1)
		}
		return false, false
	})
	l := mustOpen(t, p.Through(address))
	before := seen.Load()
	fill(t, l, chainA, 3)
	if got := seen.Load() - before; got != 3 {
		t.Errorf("%d of 3 appends ask for a durable commit", got)
	}
}

func TestPostgresLockIsReleasedWithTheConnection(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	c := start(t, "lock", address, "instance-1")
	c.line(t)
	l := mustOpen(t, address)
	_, err := l.Lock(context.Background(), "instance-1", 0)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("%v, want a LockedError", err)
	}
	want := currentHolder()
	if h := locked.holder; h.PID != c.cmd.Process.Pid || h.User != want.User || h.Host != want.Host || time.Since(h.Since).Abs() > time.Minute {
		t.Errorf("holder %+v", h)
	}
	other, err := l.Lock(context.Background(), "instance-2", 0)
	if err != nil {
		t.Fatal(err)
	}
	other.Unlock()
	time.AfterFunc(50*time.Millisecond, func() { c.kill() })
	lock, err := l.Lock(context.Background(), "instance-1", 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// The server's limit for idle transactions does not end the transaction of a lock.
func TestPostgresLockOutlastsTheIdleTimeout(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	name := nameIn(address)
	s.Exec(t, "postgres", "alter database "+name+" set idle_in_transaction_session_timeout = '1s'")
	l := mustOpen(t, address)
	lock, err := l.Lock(context.Background(), "i", 0)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1300 * time.Millisecond)
	var locked *LockedError
	if _, err := l.Lock(context.Background(), "i", 0); !errors.As(err, &locked) {
		t.Errorf("%v, want a LockedError", err)
	}
	lock.Unlock()
}

// replace makes a folder a copy of another one.
func replace(t *testing.T, folder, by string) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", by, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// After a failover nothing is sent before all that the lost events may have sent
// is listed, and no new chain begins. It is long because it is one scenario, step
// by step.
func TestAnotherServerIsDistrusted(t *testing.T) {
	s := postgrestest.Start(t)
	address := s.NewDatabase(t)
	l := mustOpen(t, address)
	fill(t, l, chainA, 1)
	closed := begin(t, l, chainB, Opened, OpenedData{Plan: "p"})
	e, _ := New(chainB, Decision, 0, 0, "run-1", DecisionData{What: Close})
	if _, err := l.Append(context.Background(), Head{closed.Seq, closed.Hash}, e); err != nil {
		t.Fatal(err)
	}
	l.Close()
	s.Stop(syscall.SIGTERM)
	replace(t, filepath.Join(s.Dir, "before"), s.Data())
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, address) // the same server
	if _, err := l.Append(context.Background(), headOf(mustEvents(t, l, chainA)), testEvent(chainA, Intent, 1)); err != nil {
		t.Fatal(err)
	}
	l.Close()
	s.Stop(syscall.SIGTERM)
	replace(t, s.Data(), filepath.Join(s.Dir, "before")) // the standby lacks the intent
	if err := os.WriteFile(filepath.Join(s.Data(), "standby.signal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(address); err == nil || !strings.Contains(err.Error(), "standby") {
		t.Errorf("a standby was opened: %v", err)
	}
	s.Exec(t, "postgres", "select pg_promote()")
	moved := mustOpen(t, address)
	mustOpen(t, address).Close()
	events := mustEvents(t, moved, chainA)
	state, err := Fold(chainA, events)
	if err != nil || len(events) != 2 || events[1].Kind != Moved || time.Until(state.NotBefore) < settleTime-time.Minute {
		t.Errorf("%+v, %v", events, err)
	}
	if got := mustEvents(t, moved, chainB); len(got) != 2 {
		t.Errorf("a closed chain got %+v", got[2:])
	}
	if _, err := moved.Append(context.Background(), Head{}, testEvent("00112233445566cc", Opened, 1)); err == nil || !strings.Contains(err.Error(), "no new plan begins before") {
		t.Errorf("a new chain: %v", err)
	}
	if _, err := moved.Append(context.Background(), headOf(events), testEvent(chainA, Checked, 0)); err != nil {
		t.Error(err)
	}
	s.Exec(t, nameIn(address), "update ledger_server set at = at - interval '46 minutes'")
	if _, err := moved.Append(context.Background(), Head{}, testEvent("00112233445566cc", Opened, 1)); err != nil {
		t.Errorf("later: %v", err)
	}
}

func TestPostgresErrorsSayWhatToDo(t *testing.T) {
	s := shared.Start(t)
	newer, unsafe := s.NewDatabase(t), s.NewDatabase(t)
	mustOpen(t, newer).Close()
	s.Exec(t, nameIn(newer), "update ledger set version = 2")
	s.Exec(t, nameIn(unsafe), "create role stranger login; revoke create on schema public from public")
	for name, c := range map[string]struct{ address, want string }{
		"newer":            {newer, "use that migplan"},
		"no database":      {s.Address("nothing"), "create the database"},
		"no rights":        {strings.Replace(unsafe, "migplan@", "stranger@", 1), "GRANT CREATE"},
		"no server":        {"postgres://migplan@/x?host=/nowhere", "check that PostgreSQL runs"},
		"not PostgreSQL":   {"mysql://h/d", "postgres://USER@HOST"},
		"unknown ssl mode": {"postgres://h/d?sslmode=maybe", "sslmode"},
	} {
		if _, err := Open(c.address); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := OpenReader(newer); !errors.Is(err, errNewer) {
		t.Errorf("reader of a newer ledger: %v", err)
	}
	if _, err := OpenReader(unsafe); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reader without a ledger: %v", err)
	}
}

// No error repeats a password, whatever is wrong with the address. It is long
// because it contains a table.
func TestPasswordIsInNoError(t *testing.T) {
	s := shared.Start(t)
	address := s.NewDatabase(t)
	s.Exec(t, "postgres", "create role secret login password 'right'")
	const canary = "p%3Ass-canary/4711"
	for name, place := range map[string]string{
		"wrong password":    strings.Replace(address, "migplan@", "secret:"+canary+"@", 1),
		"in the query":      address + "&password=" + canary,
		"no server":         "postgres://u:" + canary + "@/d?host=/nowhere",
		"port is no number": "postgres://u:" + canary + "@h:port/d",
		"bad escape":        "postgres://u:" + canary + "%@h/d",
		"no ssl mode":       "postgres://u:" + canary + "@h/d?sslmode=maybe",
		"another scheme":    "mysql://u:" + canary + "@h/d",
		"no such host":      "postgres://u:" + canary + "@invalid.invalid/d",
		"ssl password":      "postgres://u@h/d?sslkey=/x&sslcert=/y&sslpassword=" + canary,
	} {
		for _, open := range []func(string) (*Ledger, error){Open, OpenReader} {
			l, err := open(place)
			text := Name(place) + fmt.Sprint(err, CheckAddress(place))
			if l != nil {
				text += l.Path()
				l.Close()
			}
			if strings.Contains(text, "canary") {
				t.Errorf("%s: %s", name, text)
			}
			if err == nil && name != "in the query" { // a trusted user needs none
				t.Errorf("%s: no error", name)
			}
		}
		if !HasPassword(place) {
			t.Errorf("%s: no password seen", name)
		}
	}
	for _, place := range []string{"postgres://u@h/d", "/var/lib/migplan", "postgres://h/d?sslmode=require"} {
		if HasPassword(place) {
			t.Errorf("%s has no password", place)
		}
	}
	if _, err := Open(strings.Replace(address, "migplan@", "secret:right@", 1)); err == nil {
		t.Error("the role has no rights, and could create tables")
	}
}
