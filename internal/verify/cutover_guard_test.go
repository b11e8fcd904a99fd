package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/plan"
)

func lsn(n int) backup.LSN { return backup.LSN{VLF: uint32(n), Slot: 1} }

// guardSet is a backup of the database ims, from and to LSNs of small numbers,
// taken at the minutes of these numbers.
func guardSet(name string, kind backup.BackupType, first, last int, changes ...func(*backup.Set)) backup.Backup {
	s := backup.Set{
		BackupType: kind, Position: 1, DatabaseName: "ims", FirstLSN: lsn(first), LastLSN: lsn(last), CheckpointLSN: lsn(first),
		FamilyGUID: backup.GUID{0xa}, RecoveryForkID: backup.GUID{0xf}, RecoveryModel: backup.FullRecovery,
		BackupSetGUID:   backup.GUID{byte(kind), byte(first), byte(last)},
		BackupStartDate: backup.NewDateTime(2027, 3, 1, 0, first, 0), BackupFinishDate: backup.NewDateTime(2027, 3, 1, 0, last, 0),
	}
	for _, change := range changes {
		change(&s)
	}
	return backup.Backup{Name: name, Media: &backup.Media{FamilyCount: 1, FamilySequenceNumber: 1, Complete: true, Sets: []backup.Set{s}}}
}

func tail(s *backup.Set) { s.Flags |= backup.IsTailLog }

// onFork: the set is on a fork that left the first one at an LSN.
func onFork(left int) func(*backup.Set) {
	return func(s *backup.Set) {
		s.RecoveryForkID, s.PreviousForkID, s.PreviousForkPointLSN = backup.GUID{0xe}, backup.GUID{0xf}, lsn(left)
	}
}

func ofCRM(s *backup.Set) { s.FamilyGUID, s.DatabaseName = backup.GUID{0xb}, "crm" }

func unreadable(name string, err error) backup.Backup { return backup.Backup{Name: name, Err: err} }

// TestGuard is long because it contains a table. The plan's last backup is a log
// from 20 to 30, unless the case says otherwise.
func TestGuard(t *testing.T) {
	const full, log, diff = backup.Full, backup.Log, backup.Differential
	refused := &Error{Kind: Denied, Problem: "access denied"}
	encrypted := &backup.UnreadableError{Reason: backup.Encrypted}
	twoSets := guardSet("two", log, 25, 30)
	twoSets.Media.Sets = append(twoSets.Media.Sets, guardSet("", log, 30, 40, func(s *backup.Set) { s.Position = 2 }).Media.Sets...)
	cut := guardSet("last", log, 20, 30, tail)
	cut.Media.Complete = false
	for _, tt := range []struct {
		name  string
		facts GuardFacts
		want  string // newer; not tail; unclear
	}{
		{"nothing else", GuardFacts{}, ""},
		{"older backups", GuardFacts{Others: []backup.Backup{guardSet("a", full, 1, 5), guardSet("b", log, 5, 30), guardSet("c", diff, 10, 29)}}, ""},
		{"a copy of the last", GuardFacts{Others: []backup.Backup{guardSet("a", log, 20, 30)}}, ""},
		{"the next log", GuardFacts{Others: []backup.Backup{guardSet("a", log, 30, 40)}}, "newer log a to 40"},
		{"an overlapping log", GuardFacts{Others: []backup.Backup{guardSet("a", log, 15, 31)}}, "newer log a to 31"},
		{"two logs, in the order of the LSNs", GuardFacts{Others: []backup.Backup{guardSet("a", log, 40, 50), guardSet("b", log, 30, 40)}},
			"newer log b to 40, newer log a to 50 (the log from LSN 30000000000000001 to 40000000000000001 is in neither, 10m0s)"},
		{"a log after a gap", GuardFacts{Others: []backup.Backup{guardSet("a", log, 45, 50)}},
			"newer log a to 50 (the log from LSN 30000000000000001 to 45000000000000001 is in neither, 15m0s)"},
		{"a log on a fork that left later", GuardFacts{Others: []backup.Backup{guardSet("a", log, 30, 40, onFork(35))}}, "newer log a to 40"},
		{"a log on a fork that left earlier", GuardFacts{Others: []backup.Backup{guardSet("a", log, 25, 40, onFork(25))}}, ""},
		{"a log of another database", GuardFacts{Others: []backup.Backup{guardSet("a", log, 30, 40, ofCRM)}}, ""},
		{"the tail log", GuardFacts{Others: []backup.Backup{guardSet("a", log, 30, 40, tail)}}, "newer tail-log a to 40"},
		{"a newer full", GuardFacts{Others: []backup.Backup{guardSet("a", full, 35, 40)}}, "newer full a to 40"},
		{"a newer differential", GuardFacts{Others: []backup.Backup{guardSet("a", diff, 35, 40)}}, "newer differential a to 40"},
		{"the second set of a file", GuardFacts{Others: []backup.Backup{twoSets}}, "newer log two to 40"},
		{"two databases", GuardFacts{
			Last:   []backup.Backup{guardSet("ims", log, 20, 30), guardSet("crm", log, 20, 50, ofCRM)},
			Others: []backup.Backup{guardSet("a", log, 30, 40, ofCRM), guardSet("b", log, 50, 60, ofCRM), guardSet("c", log, 30, 35)},
		}, "newer log c to 35, newer log b to 60"},
		{"what is no backup", GuardFacts{Others: []backup.Backup{
			unreadable("a", &backup.UnreadableError{Reason: backup.NotBackup}), unreadable("b", &backup.UnreadableError{Reason: backup.Empty}),
		}}, ""},
		{"what cannot be read", GuardFacts{Others: []backup.Backup{unreadable("a", encrypted), unreadable("b", refused)}},
			"unclear what cannot be read may be a newer backup: a (encrypted backup), b (access denied)"},
		{"many that cannot be read", GuardFacts{Others: slices.Repeat([]backup.Backup{unreadable("a", refused)}, 9)},
			"unclear what cannot be read may be a newer backup: a (access denied), a (access denied), a (access denied), and 6 more"},
		{"no permission to list", GuardFacts{Unlisted: refused}, "unclear the objects could not be listed: access denied"},
		{"no permission at all", UnreadGuard(guardedPlan(), refused),
			"not-tail p/last.bak: it could not be read: access denied, unclear the objects could not be listed: access denied"},
		{"the last cannot be read", GuardFacts{Last: []backup.Backup{unreadable("last", refused)}, Others: []backup.Backup{guardSet("a", log, 30, 40)}},
			"unclear last could not be read, so no object can be compared with it: access denied"},
		{"the last is cut off", GuardFacts{Last: []backup.Backup{cut}}, "unclear last could not be read to its end, so its last LSN is not certain"},
		{"a full is the last", GuardFacts{Last: []backup.Backup{guardSet("last", full, 20, 30)}, Others: []backup.Backup{guardSet("a", log, 25, 40)}}, "newer log a to 40"},

		{"a tail log", GuardFacts{TailLog: true, Last: []backup.Backup{guardSet("last", log, 20, 30, tail)}}, ""},
		{"no tail log", GuardFacts{TailLog: true}, "not-tail last: it is a log backup and no tail-log backup"},
		{"no tail log, and not required", GuardFacts{}, ""},
		{"a full for a tail log", GuardFacts{TailLog: true, Last: []backup.Backup{guardSet("last", full, 20, 30)}}, "not-tail last: it is a full backup and no tail-log backup"},
		{"a tail log that is cut off", GuardFacts{TailLog: true, Last: []backup.Backup{cut}},
			"not-tail last: its end could not be read, so it is not proved to be whole, unclear last could not be read to its end, so its last LSN is not certain"},
		{"a tail log that cannot be read", GuardFacts{TailLog: true, Last: []backup.Backup{unreadable("last", encrypted)}},
			"not-tail last: it could not be read: encrypted backup, unclear last could not be read, so no object can be compared with it: encrypted backup"},
		{"one of two is a tail log", GuardFacts{TailLog: true, Last: []backup.Backup{guardSet("ims", log, 20, 30, tail), guardSet("crm", log, 20, 30, ofCRM)}},
			"not-tail crm: it is a log backup and no tail-log backup"},
	} {
		if tt.facts.Last == nil {
			tt.facts.Last = []backup.Backup{guardSet("last", log, 20, 30)}
		}
		if got := guardText(tt.facts.Decide()); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func guardText(g Guard) string {
	var out []string
	for _, n := range g.Newer {
		text := fmt.Sprintf("newer %s %s to %d", n.Type, n.Key, n.LastLSN.VLF)
		if n.Missing != nil {
			text += " (" + n.Missing.String() + ")"
		}
		out = append(out, text)
	}
	for _, why := range g.NotTail {
		out = append(out, "not-tail "+why)
	}
	for _, what := range g.Unclear {
		out = append(out, "unclear "+what)
	}
	return strings.Join(out, ", ")
}

// shelf is a store in memory.
type shelf struct {
	objects map[string][]byte
	errs    map[string]error // by key; "" is the list

	mu     sync.Mutex
	opened []string
}

func (s *shelf) Name(key string) string { return key }

func (s *shelf) Stat(context.Context, string) (Object, error) {
	return Object{}, errors.New("not asked")
}

func (s *shelf) List(_ context.Context, prefix string) (all []Object, err error) {
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if strings.HasPrefix(key, prefix) {
			all = append(all, Object{Key: key, Size: int64(len(s.objects[key]))})
		}
	}
	return all, s.errs[""]
}

func (s *shelf) Open(_ context.Context, key string) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, key)
	if err := s.errs[key]; err != nil {
		return nil, err
	}
	if s.objects[key] == nil {
		return nil, &Error{Kind: Missing, Problem: "no such object"}
	}
	return shelfFile{bytes.NewReader(s.objects[key]), Object{Key: key, Size: int64(len(s.objects[key]))}}, nil
}

type shelfFile struct {
	*bytes.Reader
	object Object
}

func (shelfFile) Close() error     { return nil }
func (f shelfFile) Object() Object { return f.object }

func guardedPlan() *plan.Plan {
	return &plan.Plan{
		Source: plan.Source{OBS: &plan.OBS{Bucket: "b", Prefix: "p/"}},
		Backups: []plan.Backup{
			{Type: plan.Full, Keys: []string{"p/full.bak"}}, {Type: plan.Incremental, Keys: []string{"p/last.bak"}},
		},
		Cutover: &plan.Cutover{TailLog: true, IgnoreNewer: []string{"p/ignored.bak", "p/OLD/"}},
	}
}

func newShelf() *shelf {
	text := []byte("not a backup")
	return &shelf{errs: map[string]error{}, objects: map[string][]byte{
		"p/full.bak": text, "p/last.bak": text, "p/ignored.bak": text, "p/LOG/a.bak": text, "p/b.bak": text, "p/OLD/c.bak": text, "p/OLD.bak": text,
		"p/LOG/": {}, "p/empty.bak": {}, "elsewhere/c.bak": text,
	}}
}

func TestReadGuardReadsWhatThePlanDoesNotName(t *testing.T) {
	s := newShelf()
	f, err := ReadGuard(t.Context(), s, guardedPlan(), nil)
	if err != nil || !f.TailLog || f.Unlisted != nil || len(f.Last) != 1 || f.Last[0].Name != "p/last.bak" {
		t.Errorf("%+v, %v", f, err)
	}
	if len(f.Others) != 3 || f.Others[0].Name != "p/LOG/a.bak" || f.Others[1].Name != "p/OLD.bak" || f.Others[2].Name != "p/b.bak" {
		t.Errorf("others are %+v", f.Others)
	}
	slices.Sort(s.opened)
	if want := []string{"p/LOG/a.bak", "p/OLD.bak", "p/b.bak", "p/last.bak"}; !slices.Equal(s.opened, want) {
		t.Errorf("opened %q, want %q", s.opened, want)
	}
}

func TestReadGuardTellsSilenceFromRefusal(t *testing.T) {
	refused, silent, changed := &Error{Kind: Denied, Problem: "no"}, &Error{Kind: Unavailable, Problem: "away"}, &Error{Kind: Changed, Problem: "new"}
	for _, tt := range []struct {
		key    string
		err    error
		isFact bool
	}{
		{"", refused, true}, {"", silent, false}, {"", context.DeadlineExceeded, false},
		{"p/last.bak", refused, true}, {"p/last.bak", silent, false}, {"p/last.bak", &Error{Kind: Missing}, true},
		{"p/b.bak", refused, true}, {"p/b.bak", silent, false}, {"p/b.bak", changed, false}, {"p/b.bak", &Error{Kind: Archived}, true},
	} {
		s := newShelf()
		s.errs[tt.key] = tt.err
		f, err := ReadGuard(t.Context(), s, guardedPlan(), nil)
		if (err == nil) != tt.isFact {
			t.Errorf("%q %v: %v", tt.key, tt.err, err)
		}
		if tt.key == "" && tt.isFact && f.Unlisted == nil {
			t.Errorf("%v is not in the facts", tt.err)
		}
	}
}

// An object that was deleted since it was listed is not there.
func TestReadGuardDropsDeletedObjects(t *testing.T) {
	s := newShelf()
	s.errs["p/b.bak"] = &Error{Kind: Missing, Problem: "no such object"}
	if f, err := ReadGuard(t.Context(), s, guardedPlan(), nil); err != nil || len(f.Others) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestReadGuardEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadGuard(ctx, newShelf(), guardedPlan(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
