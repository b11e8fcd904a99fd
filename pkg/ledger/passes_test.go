package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func testPass(chain string, n int) PassRecord {
	began := time.Date(2026, 3, 1, 12, 0, n, 0, time.UTC)
	return PassRecord{
		Chain: chain, Run: "run-1", Began: began, Ended: began.Add(time.Second), User: "ü", Host: "h",
		Code: "failed", Reason: "job-failed", Stop: json.RawMessage(fmt.Sprintf(`{"step":%d}`, n)),
		PlanSHA256: strings.Repeat("a", 64), Seq: int64(n), Hash: strings.Repeat("b", 64),
	}
}

func mustRecord(t testing.TB, l *Ledger, records ...PassRecord) {
	t.Helper()
	if err := l.RecordPasses(context.Background(), records); err != nil {
		t.Fatal(err)
	}
}

func mustLast(t testing.TB, l *Ledger) map[string]PassRecord {
	t.Helper()
	all, err := l.LastPasses(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func passesIn(l *Ledger) string { return filepath.Join(filepath.Dir(l.Path()), passesName) }

func TestLastPassIsTheOneRecordedLast(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		if got := mustLast(t, l); len(got) != 0 {
			t.Errorf("a new ledger has passes: %+v", got)
		}
		mustRecord(t, l)
		mustRecord(t, l, testPass(chainA, 1), testPass(chainB, 2))
		mustRecord(t, l, testPass(chainA, 3))
		want := map[string]PassRecord{chainA: testPass(chainA, 3), chainB: testPass(chainB, 2)}
		if got := mustLast(t, l); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestRecordPassesRefusesWhatCannotBeRead(t *testing.T) {
	eachStore(t, func(t *testing.T, l *Ledger) {
		for name, spoil := range map[string]func(*PassRecord){
			"no chain":  func(r *PassRecord) { r.Chain = "" },
			"NUL":       func(r *PassRecord) { r.Chain = "a\x00" },
			"half JSON": func(r *PassRecord) { r.Stop = json.RawMessage(`{`) },
		} {
			r := testPass(chainA, 1)
			spoil(&r)
			if err := l.RecordPasses(context.Background(), []PassRecord{testPass(chainB, 1), r}); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if got := mustLast(t, l); len(got) != 0 {
			t.Errorf("something was written: %+v", got)
		}
	})
}

// A migplan that does not know the last passes compares the tables of
// ledger.db with its own: recording a pass must not touch that file.
func TestRecordPassesLeavesTheEventsAlone(t *testing.T) {
	l, _ := saved(t, 3)
	dir := filepath.Dir(l.Path())
	before := contents(t, l.Path())
	mustRecord(t, l, testPass(chainA, 1))
	if string(contents(t, l.Path())) != string(before) {
		t.Error("the file of the events changed")
	}
	if got, want := listing(t, dir), []string{fileName, passesName}; !reflect.DeepEqual(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	if info, err := os.Stat(passesIn(l)); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	r := mustRead(t, dir)
	if got := mustLast(t, r); !reflect.DeepEqual(got, map[string]PassRecord{chainA: testPass(chainA, 1)}) {
		t.Errorf("a reader got %+v", got)
	}
	if err := r.RecordPasses(context.Background(), []PassRecord{testPass(chainA, 2)}); !errors.Is(err, errReadOnly) {
		t.Errorf("a reader wrote: %v", err)
	}
}

// Damage to the file of the passes is an error to a reader, and the next pass
// replaces the file; the events continue as if nothing had happened.
func TestDamagedPassesAreReplacedByTheNextPass(t *testing.T) {
	zeros := strings.Repeat("\x00", 4096)
	for name, spoil := range map[string]func(b string) string{
		"no database":  func(string) string { return strings.Repeat("plan", 999) },
		"second page":  func(b string) string { return b[:4096] + strings.Repeat("\xff", 4096) + b[8192:] },
		"first page":   func(b string) string { return b[:100] + zeros[100:] + b[4096:] },
		"schema":       func(b string) string { return strings.Replace(b, "data text", "date text", 1) },
		"cut to a bit": func(b string) string { return b[:1000] },
	} {
		t.Run(name, func(t *testing.T) {
			l, events := saved(t, 2)
			mustRecord(t, l, testPass(chainA, 1))
			if err := l.passes.close(); err != nil {
				t.Fatal(err)
			}
			write(t, passesIn(l), spoil(string(contents(t, passesIn(l)))))
			if _, err := l.LastPasses(context.Background()); err == nil || errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), passesIn(l)) {
				t.Errorf("reading: %v", err)
			}
			mustRecord(t, l, testPass(chainB, 2))
			if got := mustLast(t, l); !reflect.DeepEqual(got, map[string]PassRecord{chainB: testPass(chainB, 2)}) {
				t.Errorf("got %+v", got)
			}
			if got := mustEvents(t, mustRead(t, filepath.Dir(l.Path())), chainA); !reflect.DeepEqual(got, events) {
				t.Errorf("events %+v", got)
			}
		})
	}
}

// Anything but a regular file is neither followed, nor waited for, nor replaced.
func TestPassesRefuseAnythingButAFile(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, path string){
		"folder":  func(t *testing.T, path string) { mkdir(t, path) },
		"symlink": func(t *testing.T, path string) { link(t, "elsewhere", path) },
		"journal": func(t *testing.T, path string) { mkdir(t, path+"-journal") },
	} {
		l, _ := saved(t, 1)
		make(t, passesIn(l))
		before := listing(t, filepath.Dir(l.Path()))
		if err := l.RecordPasses(context.Background(), []PassRecord{testPass(chainA, 1)}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if name != "journal" {
			if after := listing(t, filepath.Dir(l.Path())); !reflect.DeepEqual(before, after) {
				t.Errorf("%s: %v, then %v", name, before, after)
			}
		}
	}
}

func BenchmarkRecordPasses1000(b *testing.B) {
	l := mustOpen(b, b.TempDir())
	records := make([]PassRecord, 1000)
	for i := range records {
		records[i] = testPass(fmt.Sprintf("%016x", i), i)
	}
	for b.Loop() {
		mustRecord(b, l, records...)
	}
	b.Run("Last", func(b *testing.B) {
		for b.Loop() {
			mustLast(b, l)
		}
	})
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}
