package backup

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

func guidOf(t testing.TB, text string) GUID {
	t.Helper()
	g, err := ParseGUID(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// wantSet is what the file of paperOf contains, written by hand.
func wantSet(t testing.TB) Set {
	return Set{
		BackupName: "ims full", BackupDescription: "nightly", BackupType: Full, Position: 1,
		UserName: `CORP\dba`, ServerName: `HOST\SQL`, DatabaseName: "ims", DatabaseVersion: 869,
		DatabaseCreationDate: NewDateTime(2019, 2, 3, 4, 5, 6), BackupSize: 20_000, CompressedBackupSize: 20_000,
		FirstLSN: LSN{42, 8512, 37}, LastLSN: LSN{42, 8536, 1}, CheckpointLSN: LSN{42, 8512, 36}, DatabaseBackupLSN: LSN{41, 7000, 3},
		BackupStartDate: NewDateTime(2027, 2, 28, 21, 44, 59), BackupFinishDate: NewDateTime(2027, 2, 28, 21, 45, 2),
		SortOrder: 52, UnicodeLocaleID: 1033, UnicodeComparisonStyle: 196609, CompatibilityLevel: 140,
		SoftwareVendorID: 4608, SoftwareVersionMajor: 14, SoftwareVersionBuild: 3456, MachineName: "HOST",
		Flags: 0x210, BindingID: guidOf(t, backuptest.GUIDBinding), RecoveryForkID: guidOf(t, backuptest.GUIDFork), FamilyGUID: guidOf(t, backuptest.GUIDFamily),
		RecoveryModel: FullRecovery, BackupSetGUID: guidOf(t, backuptest.GUIDSet), TimeZone: 32,
		DatabaseBackupGUID: guidOf(t, backuptest.GUIDFull), LogChainStartLSN: LSN{19, 215, 1},
		PreviousForkPointLSN: LSN{20, 243, 1}, PreviousForkID: guidOf(t, backuptest.GUIDOldFork),
		FileList: []File{
			{LogicalName: "ims", PhysicalName: `D:\data\ims.mdf`, Type: DataFile, FileGroupName: "PRIMARY", Size: 8 << 20, FileID: 1, UniqueID: guidOf(t, backuptest.GUIDUnique), SourceBlockSize: 512, FileGroupID: 1},
			{LogicalName: "ims_2", PhysicalName: `E:\data\ims_2.ndf`, Type: DataFile, FileGroupName: "ARCHIVE", Size: 5 << 30, FileID: 3, SourceBlockSize: 512, FileGroupID: 2, DifferentialBaseLSN: LSN{1, 2, 3}, DifferentialBaseGUID: guidOf(t, backuptest.GUIDBase)},
			{LogicalName: "ims_log", PhysicalName: `L:\log\ims.ldf`, Type: LogFile, Size: 1 << 20, FileID: 2, SourceBlockSize: 512},
		},
	}
}

func checkSet(t *testing.T, got, want Set) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			t.Errorf("%s is %v, want %v", g.Type().Field(i).Name, g.Field(i), w.Field(i))
		}
	}
}

// Every layout, every container, every size of a filemark: the same fields.
func TestReadGivesEveryField(t *testing.T) {
	for _, layout := range []int{0x158, 0x16c, 0x190} {
		for _, mark := range []int{512, 4096} {
			for _, container := range []Container{MTF, MSSQLBAK} {
				t.Run(fmt.Sprintf("%#x/%d/%s", layout, mark, container), func(t *testing.T) {
					p := backuptest.Sample()
					p.Media.Mark, p.Sets[0].Layout = mark, layout
					p.Sets[0].Tail.Size, p.Sets[0].Tail.Compressed = 20_000, 20_000
					data := p.Plain()
					if container == MSSQLBAK {
						data = p.Compressed()
					}
					m := mustRead(t, data)
					want := wantSet(t)
					want.Compressed = container == MSSQLBAK
					if layout == 0x158 {
						want.CompressedBackupSize = 0
					}
					checkSet(t, m.Sets[0], want)
					if !m.Complete || len(m.Sets) != 1 || m.Container != container {
						t.Errorf("complete %v %q, %d sets, container %s", m.Complete, m.Incomplete, len(m.Sets), m.Container)
					}
				})
			}
		}
	}
}

func TestReadMedia(t *testing.T) {
	p := backuptest.Sample()
	p.Media.Stripes, p.Media.Stripe, p.Media.Password, p.Media.Name = 3, 2, true, "weekly"
	for _, data := range [][]byte{p.Plain(), p.Compressed()} {
		m := mustRead(t, data)
		m.Sets, m.filemark, m.BytesRead, m.Requests, m.Container, m.Size = nil, 0, 0, 0, "", 0
		want := &Media{
			MediaName: "weekly", SoftwareName: "Microsoft SQL Server", SoftwareVendorID: 4608, MediaSetID: guidOf(t, backuptest.GUIDMedia),
			MediaFamilyID: 0x51423344, FamilyCount: 3, FamilySequenceNumber: 2, MirrorCount: 1, HasPassword: true, Complete: true,
		}
		if !reflect.DeepEqual(m, want) {
			t.Errorf("media is\n%+v, want\n%+v", m, want)
		}
		if !m.Striped() {
			t.Error("a file of three is not striped")
		}
	}
}

// From SQL Server 2019 on, the LSNs at the front are wrong.
func TestReadTakesTheFinalRecord(t *testing.T) {
	p := backuptest.Sample().Of2019()
	for _, data := range [][]byte{p.Plain(), p.Compressed()} {
		s := mustRead(t, data).Sets[0]
		if s.FirstLSN != (LSN{42, 8512, 37}) || s.LastLSN != (LSN{42, 8536, 1}) || s.CheckpointLSN != (LSN{42, 8512, 36}) || s.Provisional {
			t.Errorf("%v to %v, checkpoint %v, provisional %v", s.FirstLSN, s.LastLSN, s.CheckpointLSN, s.Provisional)
		}
	}
}

func TestReadFrontAloneIsProvisional(t *testing.T) {
	p := backuptest.Sample().Of2019()
	p.Sets[0].Front.Size, p.Sets[0].Front.Compressed, p.Sets[0].Front.Finished = 1, 1, backuptest.Date{2027, 1, 1, 1, 1, 1}
	for _, data := range [][]byte{p.Plain(), p.Compressed()} {
		m := mustRead(t, data[:len(data)*2/3])
		s := m.Sets[0]
		if !s.Provisional || m.Complete || !strings.Contains(m.Incomplete, "truncated, or still being written") {
			t.Errorf("provisional %v, complete %v %q", s.Provisional, m.Complete, m.Incomplete)
		}
		if s.FirstLSN != (LSN{42, 8000, 5}) || s.DatabaseName != "ims" || s.BackupSetGUID != guidOf(t, backuptest.GUIDSet) {
			t.Errorf("%+v", s)
		}
		if !s.BackupFinishDate.IsZero() || s.BackupSize != 0 || s.CompressedBackupSize != 0 {
			t.Errorf("finish %v and sizes %d, %d are known only at the end", s.BackupFinishDate, s.BackupSize, s.CompressedBackupSize)
		}
	}
}

func TestReadTypesAndDerivedColumns(t *testing.T) {
	for letter, want := range map[byte]BackupType{'D': Full, 'L': Log, 'I': Differential, 'F': FileBackup, 'G': FileDifferential, 'P': Partial, 'Q': PartialDifferential} {
		p := backuptest.Sample()
		p.Sets[0].Front.Letter, p.Sets[0].Tail.Letter = letter, letter
		p.Sets[0].Tail.ChainStart = p.Sets[0].Tail.First
		s := mustRead(t, p.Plain()).Sets[0]
		hasBase := strings.ContainsRune("IGQ", rune(letter))
		if s.BackupType != want || s.BeginsLogChain() != (letter == 'L') {
			t.Errorf("%c is %v, begins a chain %v", letter, s.BackupType, s.BeginsLogChain())
		}
		if hasBase != (s.DifferentialBaseLSN == LSN{9, 9, 9}) || hasBase == s.DifferentialBaseGUID.IsZero() {
			t.Errorf("%c has the base %v, %v", letter, s.DifferentialBaseLSN, s.DifferentialBaseGUID)
		}
	}
	for status, want := range map[uint32]RecoveryModel{0: FullRecovery, 4: BulkLogged, 8: Simple, 12: Simple, 0x10001: FullRecovery} {
		p := backuptest.Sample()
		p.Sets[0].Tail.Status = status
		if got := mustRead(t, p.Plain()).Sets[0].RecoveryModel; got != want {
			t.Errorf("status %#x is %s, want %s", status, got, want)
		}
	}
}

func TestFirstForkOfBackupThatSpansIt(t *testing.T) {
	s := wantSet(t)
	if fork, point := s.FirstFork(); fork != s.RecoveryForkID || !point.IsZero() {
		t.Errorf("behind the fork point: %v at %v", fork, point)
	}
	s.FirstLSN = LSN{20, 200, 1}
	if fork, point := s.FirstFork(); fork != s.PreviousForkID || point != s.PreviousForkPointLSN {
		t.Errorf("before the fork point: %v at %v", fork, point)
	}
}

func TestReadALogBackupWithoutData(t *testing.T) {
	p := backuptest.Sample()
	p.Sets[0].Pages = 0
	p.Sets[0].Front.Letter, p.Sets[0].Tail.Letter = 'L', 'L'
	for _, data := range [][]byte{p.Plain(), p.Compressed()} {
		m := mustRead(t, data)
		if s := m.Sets[0]; !m.Complete || s.BackupType != Log || len(s.FileList) != 3 || s.RestoredSize() != 8<<20+5<<30+1<<20 {
			t.Errorf("complete %v, %v, %d files of %d bytes", m.Complete, s.BackupType, len(s.FileList), s.RestoredSize())
		}
	}
}
