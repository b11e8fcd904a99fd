package backup

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var (
	familyA = GUID{0xa}
	familyB = GUID{0xb}
	forkA   = GUID{0xfa}
	forkB   = GUID{0xfb}
	forkC   = GUID{0xfc}
)

func at(n int) LSN { return LSN{VLF: uint32(n), Slot: 1} }

// setOf is a set of the database "ims", up to date in all that the chain rules
// look at; its LSNs are of small numbers, and its GUID is made of them.
func setOf(kind BackupType, first, last int, changes ...func(*Set)) Backup {
	s := Set{
		BackupType: kind, Position: 1, DatabaseName: "ims", FirstLSN: at(first), LastLSN: at(last), CheckpointLSN: at(first),
		FamilyGUID: familyA, RecoveryForkID: forkA, RecoveryModel: FullRecovery, SoftwareVersionMajor: 14, LogChainStartLSN: at(1),
		BackupSetGUID: GUID{byte(kind), byte(first), byte(last)}, DatabaseBackupLSN: at(10), DatabaseBackupGUID: fullGUID(),
		BackupStartDate: NewDateTime(2027, 3, 1, 0, first, 0), BackupFinishDate: NewDateTime(2027, 3, 1, 0, last, 0),
		DifferentialBaseGUID: fullGUID(), DifferentialBaseLSN: at(10),
	}
	for _, change := range changes {
		change(&s)
	}
	m := &Media{FamilyCount: 1, FamilySequenceNumber: 1, Complete: true, Sets: []Set{s}}
	return Backup{Name: fmt.Sprintf("%s-%d-%d", kind, first, last), Media: m}
}

// fullGUID is the set GUID of setOf(Full, 10, 20).
func fullGUID() GUID { return GUID{1, 10, 20} }

func full(changes ...func(*Set)) Backup { return setOf(Full, 10, 20, changes...) }

func logOf(first, last int, changes ...func(*Set)) Backup {
	return setOf(Log, first, last, changes...)
}

func diff(first, last int, changes ...func(*Set)) Backup {
	return setOf(Differential, first, last, changes...)
}

func flags(f Flags) func(*Set)     { return func(s *Set) { s.Flags |= f } }
func simple(s *Set)                { s.RecoveryModel, s.LogChainStartLSN = Simple, LSN{} }
func provisional(s *Set)           { s.Provisional = true }
func family(g GUID) func(*Set)     { return func(s *Set) { s.FamilyGUID, s.DatabaseName = g, "crm" } }
func chainStart(n int) func(*Set)  { return func(s *Set) { s.LogChainStartLSN = at(n) } }
func named(name string) func(*Set) { return func(s *Set) { s.DatabaseName = name } }
func basedOn(g GUID, lsn int) func(*Set) {
	return func(s *Set) { s.DatabaseBackupGUID, s.DatabaseBackupLSN = g, at(lsn) }
}
func forked(g, old GUID, n int) func(*Set) {
	return func(s *Set) { s.RecoveryForkID, s.PreviousForkID, s.PreviousForkPointLSN = g, old, at(n) }
}

func as(name string, b Backup, changes ...func(*Media)) Backup {
	b.Name = name
	m := *b.Media
	m.Sets = slices.Clone(m.Sets)
	b.Media = &m
	for _, change := range changes {
		change(b.Media)
	}
	return b
}

func stripe(n, of int) func(*Media) {
	return func(m *Media) { m.MediaSetID, m.FamilySequenceNumber, m.FamilyCount = GUID{7}, n, of }
}

func cutOff(m *Media) {
	m.Complete, m.Truncated, m.Incomplete = false, true, "it ends inside backup set 1"
}
func endless(m *Media)  { m.Complete, m.Incomplete = false, "its end is of a kind not known" }
func password(m *Media) { m.HasPassword = true }
func twoSets(m *Media) {
	second := m.Sets[0]
	second.Position, second.BackupSetGUID = 2, GUID{2, 2}
	m.Sets = append(m.Sets, second)
}

func broken(name string, r Reason) Backup {
	return Backup{Name: name, Err: &UnreadableError{Reason: r, Detail: "as it is"}}
}

// TestCheckChain is long because it contains a table.
func TestCheckChain(t *testing.T) {
	diffs := Options{AcceptDifferential: true}
	full2 := setOf(Full, 30, 40)
	for _, test := range []struct {
		name    string
		chain   []Backup
		options Options
		want    string // severity, id, number and file of each finding
	}{
		{"nothing", nil, Options{}, ""},
		{"a full", []Backup{full()}, Options{}, ""},
		{"full and logs", []Backup{full(), logOf(15, 30), logOf(30, 40), logOf(40, 50)}, Options{}, ""},
		{"a log that begins long before the full", []Backup{full(), logOf(2, 25)}, Options{}, ""},
		{"a log that begins where the full ends", []Backup{full(), logOf(20, 25)}, Options{}, ""},
		{"a log that ends where the full ends", []Backup{full(), logOf(5, 20)}, Options{}, ""},
		{"a copy-only full", []Backup{full(flags(IsCopyOnly)), logOf(15, 30, basedOn(GUID{9}, 5))}, Options{}, ""},
		{"a copy-only full is no newer full", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{setOf(Full, 12, 22)}}, ""},

		{"logs whose full is not at hand", []Backup{logOf(15, 30), logOf(30, 40), logOf(41, 50)}, Options{WithoutFull: true}, "error log-missing 4305 log-41-50"},
		{"a differential whose full is not at hand", []Backup{diff(15, 30), logOf(30, 40)}, Options{WithoutFull: true, AcceptDifferential: true}, ""},

		{"a log behind a gap", []Backup{full(), logOf(21, 30)}, Options{}, "error log-missing 4305 log-21-30"},
		{"a missing log in between", []Backup{full(), logOf(15, 30), logOf(31, 40), logOf(40, 50)}, Options{}, "error log-missing 4305 log-31-40"},
		{"two gaps", []Backup{full(), logOf(21, 30), logOf(31, 40)}, Options{}, "error log-missing 4305 log-21-30, error log-missing 4305 log-31-40"},
		{"logs in the wrong order", []Backup{full(), logOf(30, 40), logOf(15, 30)}, Options{}, "error log-missing 4305 log-30-40, error log-too-early 4326 log-15-30"},
		{"a log from before the full", []Backup{full(), logOf(2, 15), logOf(15, 30)}, Options{}, "error log-too-early 4326 log-2-15"},
		{"a log chain that was broken", []Backup{full(), logOf(30, 40, chainStart(30))}, Options{}, "error chain-broken 4305 log-30-40"},
		{"a chain start before the gap", []Backup{full(), logOf(30, 40, chainStart(20))}, Options{}, "error log-missing 4305 log-30-40"},
		{"an empty log", []Backup{full(), logOf(15, 30), logOf(30, 30), logOf(30, 40)}, Options{}, "info empty-log 0 log-30-30"},
		{"an overlapping log", []Backup{full(), logOf(15, 30), logOf(25, 40)}, Options{}, "info overlap 0 log-25-40"},
		{"a log that adds nothing", []Backup{full(), logOf(15, 30), logOf(16, 30)}, Options{}, "warning adds-nothing 0 log-16-30"},
		{"the same log twice", []Backup{full(), logOf(15, 30), as("copy", logOf(15, 30)), logOf(30, 40)}, Options{}, "warning adds-nothing 0 copy"},
		{"no full", []Backup{logOf(15, 30), logOf(30, 40)}, Options{}, "error no-full 3117 log-15-30, error no-full 3117 log-30-40"},
		{"a differential and no full", []Backup{diff(15, 30)}, diffs, "error no-full 3117 differential-15-30"},
		{"a second full", []Backup{full(), logOf(15, 30), full2, logOf(35, 50)}, Options{}, "error second-full 0 full-30-40"},

		{"SIMPLE", []Backup{full(simple)}, Options{}, "warning simple-recovery 0 full-10-20"},
		{"SIMPLE and a log", []Backup{full(simple), logOf(30, 40, chainStart(30))}, Options{}, "warning simple-recovery 0 full-10-20, error simple-recovery 4305 log-30-40"},
		{"SIMPLE bridged by a differential", []Backup{full(simple), diff(25, 35), logOf(30, 40, chainStart(28))}, diffs, "warning simple-recovery 0 full-10-20"},

		{"a log of another database", []Backup{full(), logOf(15, 30, family(familyB)), logOf(15, 40)}, Options{}, "error wrong-family 3154 log-15-30"},
		{"a renamed database", []Backup{full(), logOf(15, 30, named("ims2"))}, Options{}, "warning renamed 0 log-15-30"},
		{"a name in other letters", []Backup{full(), logOf(15, 30, named("IMS"))}, Options{Database: "Ims"}, ""},
		{"not the database of the plan", []Backup{full()}, Options{Database: "crm"}, "error wrong-database 3154 full-10-20"},

		{"a differential", []Backup{full(), diff(25, 35)}, Options{}, "error differential 0 differential-25-35"},
		{"a differential, accepted", []Backup{full(), diff(25, 35), logOf(30, 40)}, diffs, ""},
		{"a log from before the differential", []Backup{full(), diff(25, 35), logOf(20, 30), logOf(30, 40)}, diffs, "error log-too-early 4326 log-20-30"},
		{"a log behind the differential", []Backup{full(), diff(25, 35), logOf(36, 40)}, diffs, "error log-missing 4305 log-36-40"},
		{"a differential of another full", []Backup{full(), diff(25, 35, func(s *Set) { s.DifferentialBaseGUID = GUID{5} }), logOf(15, 30)}, diffs, "error wrong-full 3136 differential-25-35"},
		{"a differential on a copy-only full", []Backup{full(flags(IsCopyOnly)), diff(25, 35)}, diffs, "error copy-only-base 3136 differential-25-35"},
		{"a differential that is behind", []Backup{full(), diff(25, 35), diff(22, 30)}, diffs, "error differential-too-early 0 differential-22-30"},
		{"a file backup", []Backup{full(), setOf(FileBackup, 15, 30)}, Options{}, "error partial 0 file-15-30"},

		{"a fork at the end of what is restored", []Backup{full(), logOf(15, 30), logOf(30, 40, forked(forkB, forkA, 30))}, Options{}, ""},
		{"a full on the fork", []Backup{full(forked(forkB, forkA, 5)), logOf(15, 30, forked(forkB, forkA, 5))}, Options{}, ""},
		{"a fork that left the chain earlier", []Backup{full(), logOf(15, 30), logOf(25, 40, forked(forkB, forkA, 20))}, Options{}, "error fork 4330 log-25-40, info overlap 0 log-25-40"},
		{"a fork inside the log", []Backup{full(), logOf(15, 40, forked(forkB, forkA, 30))}, Options{}, "warning fork-inside 0 log-15-40"},
		{"another history", []Backup{full(), logOf(15, 40, forked(forkC, forkB, 20))}, Options{}, "error fork 4330 log-15-40"},
		{"another history behind a gap", []Backup{full(), logOf(25, 40, forked(forkC, forkB, 22))}, Options{}, "error log-missing 4305 log-25-40, error fork 4330 log-25-40"},

		{"a damaged database", []Backup{full(flags(IsDamaged))}, Options{}, "error damaged 3182 full-10-20"},
		{"incomplete metadata", []Backup{full(), logOf(15, 30, flags(HasIncompleteMetaData))}, Options{}, "warning missing-metadata 0 log-15-30"},
		{"bulk-logged", []Backup{full(), logOf(15, 30, flags(HasBulkLoggedData))}, Options{}, "info bulk-logged 4341 log-15-30"},
		{"a tail log", []Backup{full(), logOf(15, 30, flags(IsTailLog|IsForceOffline))}, Options{}, "info tail-log 0 log-15-30"},
		{"something behind a tail log", []Backup{full(), logOf(15, 30, flags(IsTailLog)), logOf(30, 40)}, Options{}, "info tail-log 0 log-15-30, warning after-tail-log 0 log-30-40"},
		{"LSNs that cannot be", []Backup{full(func(s *Set) { s.FirstLSN = at(21) })}, Options{}, "error impossible-lsns 0 full-10-20"},
		{"an older target", []Backup{full()}, Options{TargetMajor: 13}, "error newer-version 3169 full-10-20"},
		{"a newer target", []Backup{full()}, Options{TargetMajor: 16}, ""},

		{"cut off", []Backup{as("a", full(provisional), cutOff)}, Options{}, "error truncated 3203 a, warning provisional 0 a"},
		{"an end that is not known", []Backup{as("a", full(), endless)}, Options{}, "warning incomplete 0 a"},
		{"a gap by provisional LSNs", []Backup{full(provisional), logOf(21, 30)}, Options{}, "warning provisional 0 full-10-20, warning log-missing 4305 log-21-30"},
		{"a log with provisional LSNs", []Backup{full(), logOf(21, 30, provisional), logOf(29, 40)}, Options{}, "warning provisional 0 log-21-30, warning log-missing 4305 log-21-30, info overlap 0 log-29-40"},
		{"a media password", []Backup{as("a", full(), password)}, Options{}, "warning media-password 3279 a"},

		{"encrypted", []Backup{broken("a", Encrypted), logOf(15, 30)}, Options{}, "warning encrypted 33111 a"},
		{"an encrypted log", []Backup{full(), broken("a", Encrypted), logOf(40, 50), logOf(51, 60)}, Options{}, "warning encrypted 33111 a, error log-missing 4305 log-51-60"},
		{"a gap behind an encrypted full", []Backup{broken("a", Encrypted), logOf(15, 30), logOf(41, 50)}, Options{}, "warning encrypted 33111 a, error log-missing 4305 log-41-50"},
		{"ZSTD", []Backup{broken("a", Unsupported)}, Options{}, "warning unreadable 0 a"},
		{"too much", []Backup{broken("a", TooMuch)}, Options{}, "warning unreadable 0 a"},
		{"damaged", []Backup{broken("a", Damaged)}, Options{}, "warning damaged-file 3241 a"},
		{"a text file", []Backup{broken("a", NotBackup)}, Options{}, "error not-a-backup 3241 a"},
		{"an empty file", []Backup{broken("a", Empty)}, Options{}, "error empty 3254 a"},
		{"still being uploaded", []Backup{broken("a", Truncated)}, Options{}, "error truncated 3203 a"},
		{"not asked", []Backup{{Name: "a", Err: errors.New("denied")}}, Options{}, "warning unreadable 0 a"},
		{"not read", []Backup{{Name: "a"}}, Options{}, "warning damaged-file 3241 a"},

		{"a stripe alone", []Backup{as("a", full(), stripe(2, 2))}, Options{}, "error stripe-missing 3132 a"},
		{"all stripes", []Backup{as("a", full(), stripe(1, 2)), as("b", full(), stripe(2, 2)), logOf(15, 30)}, Options{}, "error striped 0 a"},
		{"all stripes, accepted", []Backup{as("b", full(), stripe(2, 2)), as("a", full(), stripe(1, 2)), logOf(15, 30)}, Options{AcceptStripes: true}, ""},
		{"two of three stripes", []Backup{as("a", full(), stripe(1, 3)), as("b", full(), stripe(3, 3))}, Options{AcceptStripes: true}, "error stripe-missing 3132 a"},
		{"stripes of two backups", []Backup{as("a", full(), stripe(1, 2)), as("b", full2, stripe(2, 2))}, Options{AcceptStripes: true}, "error stripe-missing 3132 b"},
		{"a stripe that is cut off", []Backup{as("a", full(), stripe(1, 2)), as("b", full(), stripe(2, 2), cutOff)}, Options{AcceptStripes: true}, "error truncated 3203 b"},
		{"several sets", []Backup{as("a", full(), twoSets)}, Options{}, "error several-sets 0 a"},
		{"several sets, one chosen", []Backup{{Name: "a", Media: as("", full(), twoSets).Media, Position: 2}}, Options{}, ""},
		{"a set that is not there", []Backup{{Name: "a", Media: full().Media, Position: 3}}, Options{}, "error no-such-set 0 a"},

		{"a newer full was current", []Backup{full(), logOf(15, 40, basedOn(GUID{5}, 35)), logOf(40, 50, basedOn(GUID{5}, 35))}, Options{}, "info newer-full 0 log-15-40"},
		{"a newer full beside", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{full2}}, "warning newer-full 0 full-30-40"},
		{"a later log beside", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{logOf(15, 30), logOf(30, 40), broken("x", Encrypted)}}, "warning later-log 0 log-30-40"},
		{"a later log on the fork", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{logOf(30, 40, forked(forkB, forkA, 30))}}, "warning later-log 0 log-30-40"},
		{"a later log on another fork", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{logOf(30, 40, forked(forkB, forkA, 25))}}, ""},
		{"a later log of another database", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{logOf(30, 40, family(familyB))}}, ""},
		{"a later differential beside", []Backup{full(), logOf(15, 30)}, Options{Others: []Backup{diff(30, 40)}}, "warning later-differential 0 differential-30-40"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, f := range CheckChain(test.chain, test.options) {
				got = append(got, fmt.Sprintf("%s %s %d %s", f.Severity, f.ID, f.Message, f.File))
				if f.Summary == "" || strings.HasSuffix(f.Summary, ".") || strings.Contains(f.Summary, "%!") || strings.Contains(f.Action, "%!") {
					t.Errorf("%+v", f)
				}
				if f.Severity == Error && f.Action == "" && f.ID != FindWrongDatabase && f.ID != FindImpossibleLSNs && f.ID != FindNoSuchSet && f.ID != FindStripeMissing {
					t.Errorf("%s says nothing to do", f.ID)
				}
			}
			if joined := strings.Join(got, ", "); joined != test.want {
				t.Errorf("found\n  %s, want\n  %s", joined, test.want)
			}
		})
	}
}

// The broken chain that was met in the field.
func TestCheckChainOfTheField(t *testing.T) {
	parse := func(text string) LSN {
		l, err := ParseLSN(text)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	f := as("FULL/ims.bak", full(func(s *Set) { s.LastLSN = parse("42000000853600001") }))
	l := as("LOG/ims.trn", logOf(0, 0, func(s *Set) {
		s.FirstLSN, s.LastLSN = parse("42000000856000001"), parse("42000000860000001")
		s.LogChainStartLSN = parse("42000000851200001")
		s.BackupStartDate = NewDateTime(2027, 3, 1, 22, 0, 0)
	}))
	lost := as("OLD/lost.trn", logOf(0, 0, func(s *Set) {
		s.FirstLSN, s.LastLSN = parse("42000000851200001"), parse("42000000856000001")
	}))
	for _, test := range []struct {
		others []Backup
		action string
	}{
		{nil, "add the log backup that begins at or before LSN 42000000853600001; it was taken after 2027-03-01T00:20:00 and before 2027-03-01T22:00:00"},
		{[]Backup{lost}, `add the log backup that begins at or before LSN 42000000853600001; it was taken after 2027-03-01T00:20:00 and before 2027-03-01T22:00:00: "OLD/lost.trn" is such a one`},
	} {
		got := CheckChain([]Backup{f, l}, Options{Others: test.others})
		want := []Finding{{ID: FindLogMissing, Severity: Error, File: "LOG/ims.trn", Message: 4305,
			Summary: `a log backup between "FULL/ims.bak" and it is missing: it begins at LSN 42000000856000001, and the database is at 42000000853600001`,
			Action:  test.action}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v", got)
		}
	}
}

func TestFindingsNameWhatIsMissing(t *testing.T) {
	other := as("FULL/right.bak", setOf(Full, 28, 29))
	guid := other.Set().BackupSetGUID
	for _, test := range []struct {
		name  string
		chain []Backup
		want  string
	}{
		{"the full of a differential", []Backup{full(), diff(25, 35, func(s *Set) { s.DifferentialBaseGUID = guid })}, `FULL/right.bak`},
		{"the full of a log without one", []Backup{logOf(15, 30, basedOn(guid, 28))}, `FULL/right.bak`},
		{"the full of a log behind a gap", []Backup{full(), logOf(30, 40, basedOn(guid, 28))}, `FULL/right.bak`},
		{"the full behind a broken chain", []Backup{full(), logOf(30, 40, basedOn(guid, 28), chainStart(25))}, `FULL/right.bak`},
		{"the other stripes", []Backup{as("a", full(), stripe(2, 2))}, `FULL/stripe.bak`},
	} {
		options := Options{AcceptDifferential: true, Others: []Backup{other, as("FULL/stripe.bak", full(), stripe(1, 2))}}
		all := CheckChain(test.chain, options)
		if !slices.ContainsFunc(all, func(f Finding) bool { return strings.Contains(f.Action, test.want) }) {
			t.Errorf("%s: %+v", test.name, all)
		}
	}
}

func TestGrades(t *testing.T) {
	for want, list := range map[Grade][]Backup{
		Proved:      {full(), logOf(15, 30)},
		Provisional: {full(provisional), as("a", full(), endless), as("a", full(), cutOff)},
		Unreadable:  {broken("a", Encrypted), {Name: "a"}, {Name: "a", Media: full().Media, Position: 9}},
	} {
		for _, b := range list {
			if got := b.Grade(); got != want {
				t.Errorf("%s is %s, want %s", b.Name, got, want)
			}
		}
	}
}
