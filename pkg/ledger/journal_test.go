package ledger

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// interrupted makes a folder as a writer killed in the middle of a transaction
// leaves it: new pages in the file, and a journal of several segments to roll
// them back. It returns the events from before the transaction.
func interrupted(t testing.TB) (dir string, events []Event) {
	t.Helper()
	l, events := saved(t, 400)
	conn, err := sqlOf(l).Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, s := range []string{
		"pragma cache_size = 4", // pages are written early, and the journal synced each time
		"begin immediate",
		"update event set run = 'run-2', step = step + 100",
		"insert into event select '" + chainB + "', seq, at, kind, step, attempt, run, data, prev, hash from event",
	} {
		if _, err := conn.ExecContext(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	dir = t.TempDir()
	for _, name := range []string{fileName, fileName + "-journal"} {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(l.Path()), name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(b))
	}
	if _, err := conn.ExecContext(context.Background(), "rollback"); err != nil {
		t.Fatal(err)
	}
	return dir, events
}

// saved opens a ledger file of one chain, made faster than by appends.
func saved(t testing.TB, n int) (l *Ledger, events []Event) {
	t.Helper()
	m := mustSQL(t)
	events = fill(t, m, chainA, n)
	dir := t.TempDir()
	err := raw(context.Background(), sqlOf(m), func(c driverConn) error {
		image, err := c.Serialize()
		write(t, filepath.Join(dir, fileName), string(image))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return mustOpen(t, dir), events
}

func TestInterruptedLedgerHasPagesToRollBack(t *testing.T) {
	dir, _ := interrupted(t)
	journal, _ := os.ReadFile(filepath.Join(dir, fileName+"-journal"))
	database, _ := os.ReadFile(filepath.Join(dir, fileName))
	if n := bytes.Count(journal, []byte(journalMagic)); n < 2 {
		t.Errorf("%d segments in the journal", n)
	}
	image, err := snapshot{database, journal}.lastCommitted(context.Background(), "ledger")
	if err != nil || bytes.Equal(image, database) {
		t.Errorf("no page to undo: %v", err)
	}
}

// A reader that meets the journal of a dead writer sees the last committed
// state and changes nothing.
func TestReaderRollsBackInACopy(t *testing.T) {
	dir, events := interrupted(t)
	before := fingerprint(t, dir)
	r := mustRead(t, dir)
	for range 2 {
		if got := mustEvents(t, r, chainA); !reflect.DeepEqual(got, events) {
			t.Errorf("got %+v, want %+v", got, events)
		}
	}
	if got := mustEvents(t, r, chainB); len(got) != 0 {
		t.Errorf("events of an unfinished transaction: %+v", got)
	}
	if opened, err := r.Opened(context.Background()); err != nil || len(opened) != 1 {
		t.Errorf("opened: %v, %v", opened, err)
	}
	if after := fingerprint(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("changed: %v, then %v", before, after)
	}
}

// The journal may appear after the reader was opened, when a writer dies, and
// may go again.
func TestReaderRollsBackAJournalThatAppearsLater(t *testing.T) {
	hot, events := interrupted(t)
	dir := t.TempDir()
	for _, name := range []string{fileName, fileName + "-journal"} {
		b, err := os.ReadFile(filepath.Join(hot, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(b))
	}
	mustOpen(t, dir) // rolls back
	r := mustRead(t, dir)
	hotJournal, _ := os.ReadFile(filepath.Join(hot, fileName+"-journal"))
	write(t, filepath.Join(dir, fileName+"-journal"), string(hotJournal))
	if got := mustEvents(t, r, chainA); !reflect.DeepEqual(got, events) {
		t.Errorf("with the journal: %+v", got)
	}
	w := mustOpen(t, dir)
	last := events[len(events)-1]
	if _, err := w.Append(context.Background(), Head{last.Seq, last.Hash}, testEvent(chainA, Accepted, 1)); err != nil {
		t.Fatal(err)
	}
	if got := mustEvents(t, r, chainA); len(got) != len(events)+1 {
		t.Errorf("after the writer: %d events", len(got))
	}
}

func TestSnapshotIsReadUntilTwoAreEqual(t *testing.T) {
	one := snapshot{database: []byte("1"), journal: []byte("j")}
	two := snapshot{database: []byte("2"), journal: []byte("j")}
	three := snapshot{database: []byte("2"), journal: []byte("k")}
	script := []snapshot{one, two, two, three, three, one, two, two}
	next := 0
	take := func() (snapshot, error) {
		next++
		return script[next-1], nil
	}
	if s, err := settled(take); err != nil || !s.equal(two) || next != len(script) {
		t.Errorf("%s, %v after %d looks", s.database, err, next)
	}
	next = 0
	_, err := settled(func() (snapshot, error) {
		next++
		return snapshot{database: []byte{byte(next)}}, nil
	})
	if !errors.Is(err, errKeepsWriting) {
		t.Errorf("never settled: %v", err)
	}
	if _, err := settled(func() (snapshot, error) { return one, os.ErrPermission }); !errors.Is(err, os.ErrPermission) {
		t.Errorf("unreadable: %v", err)
	}
}

// SQLite may find the journal of a writer that died after the reader looked for
// one.
func TestReadOnlyConnectionCannotReadBesideAJournal(t *testing.T) {
	dir, _ := interrupted(t)
	path := filepath.Join(dir, fileName)
	db, err := connect(fileDSN(path, "ro"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := verify(context.Background(), path, db); !needsCopy(err) {
		t.Errorf("%v: no copy is made", err)
	}
}

// Through a symlink, the journal is that of the real file.
func TestReaderThroughASymlinkUsesTheRealJournal(t *testing.T) {
	dir, events := interrupted(t)
	linked := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, fileName), filepath.Join(linked, fileName)); err != nil {
		t.Fatal(err)
	}
	if got := mustEvents(t, mustRead(t, linked), chainA); !reflect.DeepEqual(got, events) {
		t.Errorf("got %d events, want %d", len(got), len(events))
	}
}

// The error names the file and says what to do.
func TestDamagedFileErrorSaysPathAndRemedy(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, dir)
	fill(t, l, chainA, 3)
	l.Close()
	whole, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	for name, image := range map[string][]byte{"cut": whole[:8192], "page type": flipped(whole, 4096), "cell count": flipped(whole, 4096+4)} {
		write(t, l.Path(), string(image))
		for how, open := range map[string]func(string) (*Ledger, error){"Open": Open, "OpenReader": OpenReader} {
			_, err := open(dir)
			if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), l.Path()) || !strings.Contains(err.Error(), "rebuild the ledger") {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}
