package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// childRecord records passes over two chains until it is killed, and says the
// number of each once it is recorded.
func childRecord(dir, first string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(first)
	for ; err == nil; n++ {
		err = l.RecordPasses(context.Background(), []PassRecord{testPass(chainA, n), testPass(chainB, n)})
		fmt.Println(n)
	}
	return err
}

// A killed run leaves the passes of both chains as they were recorded together:
// the last that it said, or the one that it was recording.
func TestKilledRunLeavesAWholePass(t *testing.T) {
	dir, said := t.TempDir(), 0
	random := rand.New(rand.NewPCG(7, 8))
	journals := 0
	for range 12 {
		c := start(t, "record", dir, strconv.Itoa(said+1))
		for range 1 + random.IntN(20) {
			said, _ = strconv.Atoi(c.line(t))
		}
		time.Sleep(time.Duration(random.IntN(1000)) * time.Microsecond)
		if n, err := strconv.Atoi(c.kill()); err == nil {
			said = n
		}
		if hasJournal(filepath.Join(dir, passesName)) {
			journals++
		}
		got := mustLast(t, mustRead(t, dir))
		if a, b := got[chainA].Seq, got[chainB].Seq; a != b || a < int64(said) || a > int64(said)+1 {
			t.Fatalf("passes %d and %d, the last said was %d", a, b, said)
		}
	}
	t.Logf("%d passes, killed %d times with a journal", said, journals)
}

// A journal that was not deleted means that the passes in it were not recorded.
func TestPassesThatWereNotCommittedAreRolledBack(t *testing.T) {
	l, _ := saved(t, 1)
	dir, before := filepath.Dir(l.Path()), testPass(chainA, 1)
	mustRecord(t, l, before)
	db := l.passes.(*passFile).db
	for _, s := range []string{"begin immediate", "update pass set data = '{}'"} {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	journal := contents(t, passesIn(l)+"-journal")
	if _, err := db.Exec("commit"); err != nil {
		t.Fatal(err)
	}
	l.Close()
	write(t, passesIn(l)+"-journal", string(journal))
	files := fingerprint(t, dir)
	if got := mustLast(t, mustRead(t, dir)); !reflect.DeepEqual(got, map[string]PassRecord{chainA: before}) {
		t.Errorf("got %+v", got)
	}
	if after := fingerprint(t, dir); !reflect.DeepEqual(files, after) {
		t.Errorf("the reader changed: %v, then %v", files, after)
	}
	again := mustOpen(t, dir)
	mustRecord(t, again, testPass(chainB, 2))
	if got := mustLast(t, again); !reflect.DeepEqual(got, map[string]PassRecord{chainA: before, chainB: testPass(chainB, 2)}) {
		t.Errorf("after another pass: %+v", got)
	}
}

// childFullPasses records passes on a disk that is full at first, then is not.
func childFullPasses(dir, _ string) error {
	l, err := Open(dir)
	if err != nil {
		return err
	}
	signal.Ignore(unix.SIGXFSZ)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 6 << 10, Max: limit.Max}); err != nil {
		return err
	}
	err = l.RecordPasses(context.Background(), []PassRecord{testPass(chainA, 1)})
	if err == nil || !strings.Contains(err.Error(), passesName) || !strings.Contains(err.Error(), "free") {
		return fmt.Errorf("on a full disk: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	_, err = l.Append(context.Background(), Head{}, testEvent(chainA, Opened, 1))
	return errors.Join(err, l.RecordPasses(context.Background(), []PassRecord{testPass(chainA, 2)}), l.Close())
}

func TestRecordPassesGoesOnAfterAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := childCommand("full-passes", dir, "").Output(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := mustLast(t, mustRead(t, dir)); !reflect.DeepEqual(got, map[string]PassRecord{chainA: testPass(chainA, 2)}) {
		t.Errorf("got %+v", got)
	}
}

// Where the file cannot be written, the events still can.
func TestPassesThatCannotBeWrittenStopNothing(t *testing.T) {
	l, events := saved(t, 1)
	dir := filepath.Dir(l.Path())
	mustRecord(t, l, testPass(chainA, 1))
	if err := errors.Join(l.passes.close(), os.Chmod(passesIn(l), 0o444)); err != nil {
		t.Fatal(err)
	}
	notAsRoot(t, filepath.Dir(dir), dir, l.Path(), passesIn(l))
	if err := os.Chmod(passesIn(l), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := l.RecordPasses(context.Background(), []PassRecord{testPass(chainA, 2)}); err == nil || !strings.Contains(err.Error(), "must be able to write") {
		t.Errorf("%v, want an error", err)
	}
	if got := mustLast(t, l); got[chainA].Seq != 1 {
		t.Errorf("the last pass is %+v", got)
	}
	if _, err := l.Append(context.Background(), headOf(events), testEvent(chainA, Intent, 1)); err != nil {
		t.Errorf("the event: %v", err)
	}
}

// Several processes record at once, each in its own connection.
func TestManyRunsRecordAtOnce(t *testing.T) {
	dir := t.TempDir()
	var runs []*child
	for range 4 {
		runs = append(runs, start(t, "record", dir, "1"))
	}
	for _, c := range runs {
		for range 30 {
			c.line(t)
		}
	}
	for _, c := range runs {
		c.kill()
	}
	if got := mustLast(t, mustRead(t, dir)); got[chainA].Seq < 30 || got[chainA].Seq != got[chainB].Seq {
		t.Errorf("got %+v", got)
	}
}
