package ledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Other processes are this test binary again. A variable says what they do:
// "verb|folder|argument".
const childVariable = "LEDGER_TEST_CHILD"

func TestChild(t *testing.T) {
	args := strings.SplitN(os.Getenv(childVariable), "|", 3)
	if len(args) < 3 {
		t.Skip("run by the other tests")
	}
	verbs := map[string]func(dir, argument string) error{
		"append": childAppend, "race": childRace, "read": childRead, "lock": childLock,
		"interrupt": childInterrupt, "full": childFull, "open": childOpen, "files": childFiles, "cramped": childCramped,
		"record": childRecord, "take": childTake, "many": childMany, "copy": childCopy, "full-passes": childFullPasses,
	}
	if err := verbs[args[0]](args[1], args[2]); err != nil {
		t.Fatal(err)
	}
}

func childCommand(verb, dir, argument string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", childVariable+"="+strings.Join([]string{verb, dir, argument}, "|"))
	cmd.Stderr = os.Stderr
	return cmd
}

// child is a process that prints a line for each thing done.
type child struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	once  sync.Once
}

func start(t *testing.T, verb, dir, argument string) *child {
	t.Helper()
	cmd := childCommand(verb, dir, argument)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, lines: bufio.NewScanner(out)}
	t.Cleanup(func() { c.kill() })
	return c
}

func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.lines.Scan() {
		t.Fatalf("%v ended early", c.cmd.Env[len(c.cmd.Env)-1])
	}
	return c.lines.Text()
}

// kill is kill -9. It returns the last line that was not read yet, if any.
func (c *child) kill() (last string) {
	c.once.Do(func() {
		_ = c.cmd.Process.Kill()
		for c.lines.Scan() {
			last = c.lines.Text()
		}
		_ = c.cmd.Wait()
	})
	return last
}

// childAppend appends until it is killed, and says the number of each event
// once Append has returned.
// The argument is a pause, which lets others have the lock of a file.
func childAppend(dir, pause string) error {
	wait, _ := time.ParseDuration(pause)
	l, err := Open(dir)
	if err != nil {
		return err
	}
	events, err := l.Events(context.Background(), chainA)
	if err != nil {
		return err
	}
	for head := headOf(events); ; {
		e, err := l.Append(context.Background(), head, testEvent(chainA, Intent, 1))
		if err != nil {
			return err
		}
		fmt.Println(e.Seq)
		head = Head{e.Seq, e.Hash}
		time.Sleep(wait)
	}
}

// Whenever a writer dies, the ledger holds all events whose Append returned, and
// a reader sees them at once and changes nothing.
func TestKilledWriterLosesNoAcknowledgedEvent(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(5, 6))
	acknowledged, journals := int64(0), 0
	for range 12 {
		c := start(t, "append", dir, "")
		for range 1 + random.IntN(10) {
			acknowledged, _ = strconv.ParseInt(c.line(t), 10, 64)
		}
		time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond)
		if n, err := strconv.ParseInt(c.kill(), 10, 64); err == nil {
			acknowledged = n
		}
		before := fingerprint(t, dir)
		seen := mustEvents(t, mustRead(t, dir), chainA)
		if int64(len(seen)) < acknowledged {
			t.Fatalf("%d events, %d acknowledged", len(seen), acknowledged)
		}
		if after := fingerprint(t, dir); !reflect.DeepEqual(before, after) {
			t.Errorf("the reader changed: %v, then %v", before, after)
		}
		journals += len(before) - 1
		if got := mustEvents(t, mustOpen(t, dir), chainA); !reflect.DeepEqual(got, seen) {
			t.Fatalf("the reader saw %d events, the writer %d", len(seen), len(got))
		}
	}
	t.Logf("%d events, killed %d times with a journal", acknowledged, journals)
}

// childInterrupt dies in the middle of a transaction whose pages are partly
// in the file.
func childInterrupt(dir, _ string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	for _, s := range []string{"pragma cache_size = 4", "begin immediate", "update event set run = 'run-2', step = step + 100"} {
		if _, err := sqlOf(l).Exec(s); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	select {}
}

func TestWriterKilledInATransactionIsRolledBack(t *testing.T) {
	l, events := saved(t, 200)
	dir := filepath.Dir(l.Path())
	l.Close()
	c := start(t, "interrupt", dir, "")
	c.line(t)
	c.kill()
	before := fingerprint(t, dir)
	if len(before) != 2 {
		t.Fatalf("no journal: %v", before)
	}
	if got := mustEvents(t, mustRead(t, dir), chainA); !reflect.DeepEqual(got, events) {
		t.Errorf("%d events, want %d", len(got), len(events))
	}
	if after := fingerprint(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("the reader changed: %v, then %v", before, after)
	}
	if got := mustEvents(t, mustOpen(t, dir), chainA); !reflect.DeepEqual(got, events) {
		t.Errorf("writer: %d events, want %d", len(got), len(events))
	}
}

// A copy made while a writer is at work is the last committed state.
func TestCopyDuringAWriteIsACommittedState(t *testing.T) {
	dir := t.TempDir()
	c := start(t, "append", dir, "")
	for range 30 {
		acknowledged, _ := strconv.Atoi(c.line(t))
		db, err := openCopy(context.Background(), filepath.Join(dir, fileName))
		if err != nil {
			t.Fatal(err)
		}
		copied := &Ledger{path: "copy", store: newDatabase("copy", db), passes: newMemoryPasses()}
		if got := mustEvents(t, copied, chainA); len(got) < acknowledged {
			t.Errorf("%d events, %d acknowledged", len(got), acknowledged)
		}
		copied.Close()
	}
}

func childLock(dir, id string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	if _, err := l.Lock(context.Background(), id, 0); err != nil {
		return err
	}
	fmt.Println("locked")
	select {}
}

func TestLockIsReleasedByTheKernel(t *testing.T) {
	dir := t.TempDir()
	c := start(t, "lock", dir, "instance-1")
	c.line(t)
	l := mustOpen(t, dir)
	_, err := l.Lock(context.Background(), "instance-1", 0)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("%v, want a LockedError", err)
	}
	want := currentHolder()
	want.PID, want.Since = c.cmd.Process.Pid, locked.holder.Since
	if locked.holder != want || time.Since(want.Since).Abs() > time.Minute {
		t.Errorf("holder %+v, want %+v", locked.holder, want)
	}
	for _, part := range []string{"instance-1", strconv.Itoa(want.PID), want.User, want.Host, dir} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	time.AfterFunc(50*time.Millisecond, func() { c.kill() })
	lock, err := l.Lock(context.Background(), "instance-1", 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
}

// childTake takes and releases the lock of an instance until it is killed. Who
// holds it has the only file "inside".
func childTake(dir, id string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	inside := filepath.Join(dir, "inside")
	for n := 1; ; n++ {
		lock, err := l.locker.try(context.Background(), id, holder{PID: n})
		var locked *LockedError
		for errors.As(err, &locked) { // without the pause of Lock, which makes a race rare
			lock, err = l.locker.try(context.Background(), id, holder{PID: n})
		}
		if err != nil {
			return err
		}
		f, err := os.OpenFile(inside, os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("two processes hold the lock: %w", err)
		}
		if err := errors.Join(f.Close(), os.Remove(inside), lock.Unlock()); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// Files of locks that are removed never let two processes in, and a folder keeps
// none of them.
func TestLockFilesAreRemovedWithoutARace(t *testing.T) {
	dir := t.TempDir()
	var all []*child
	for range 4 {
		all = append(all, start(t, "take", dir, "instance-1"))
	}
	for _, c := range all {
		for range 100 {
			c.line(t)
		}
	}
	for _, c := range all {
		c.kill()
	}
	os.Remove(filepath.Join(dir, "inside"))
	l := mustOpen(t, dir)
	for i := range 20 {
		lock, err := l.Lock(context.Background(), fmt.Sprint("instance-", i), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	if got := listing(t, dir); !reflect.DeepEqual(got, []string{fileName}) {
		t.Errorf("left over: %v", got)
	}
}
