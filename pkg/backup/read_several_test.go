package backup

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/backuptest"
)

// several is a file with n sets, each with LSNs of its own.
func several(n int) backuptest.File {
	p := backuptest.Sample()
	one := p.Sets[0]
	p.Sets = nil
	for i := range n {
		s := one
		s.Position = i + 1
		s.Tail.Last = backuptest.LSN{100 + i, 1, 1}
		s.SetGUID = fmt.Sprintf("%08X-0000-0000-0000-000000000000", i+1)
		p.Sets = append(p.Sets, s)
	}
	return p
}

func checkSeveral(t *testing.T, m *Media, n int) {
	t.Helper()
	if !m.Complete || len(m.Sets) != n {
		t.Fatalf("complete %v %q, %d sets, want %d", m.Complete, m.Incomplete, len(m.Sets), n)
	}
	for i, s := range m.Sets {
		guid := guidOf(t, fmt.Sprintf("%08X-0000-0000-0000-000000000000", i+1))
		if s.Position != i+1 || s.LastLSN != (LSN{100 + uint32(i), 1, 1}) || s.BackupSetGUID != guid || s.BackupFinishDate.IsZero() {
			t.Errorf("set %d is %d, %v, %v", i+1, s.Position, s.LastLSN, s.BackupSetGUID)
		}
	}
}

func TestReadSeveralSets(t *testing.T) {
	for _, n := range []int{2, 6, 40} {
		checkSeveral(t, mustRead(t, several(n).Plain()), n)
		checkSeveral(t, mustRead(t, several(n).Compressed()), n)
	}
}

// Where the set map is of no use, the walk finds the same.
func TestReadSeveralSetsWithoutTheirMap(t *testing.T) {
	for _, claimed := range []int{1, 5, 7} {
		p := several(6)
		p.Claimed = claimed
		checkSeveral(t, mustRead(t, p.Plain()), 6)
		if claimed > 1 {
			checkSeveral(t, mustRead(t, p.Compressed()), 6)
		}
	}
}

func TestReadStopsAtAClaimOfTooManySets(t *testing.T) {
	p := backuptest.Sample()
	p.Claimed = 65535
	if _, err := read(t, p.Plain()); reason(err) != TooMuch {
		t.Errorf("plain: %v", err)
	}
	if m := mustRead(t, p.Compressed()); len(m.Sets) != 1 {
		t.Errorf("compressed: %d sets", len(m.Sets))
	}
}

func TestReadSaysWhichSetIsCutOff(t *testing.T) {
	p := several(3)
	_, addresses := p.Layout()
	data := p.Plain()
	m := mustRead(t, data[:addresses[2]+9000])
	if len(m.Sets) != 3 || m.Sets[1].Provisional || !m.Sets[2].Provisional || !strings.Contains(m.Incomplete, "backup set 3") {
		t.Errorf("%d sets, %q", len(m.Sets), m.Incomplete)
	}
}

func TestReadSaysThatBytesFollowTheLastSet(t *testing.T) {
	for _, data := range [][]byte{backuptest.Sample().Plain(), backuptest.Sample().Compressed()} {
		m := mustRead(t, append(data, make([]byte, 5000)...))
		if m.Complete || m.Sets[0].Provisional || m.Sets[0].BackupFinishDate.IsZero() {
			t.Errorf("complete %v, provisional %v: %s", m.Complete, m.Sets[0].Provisional, m.Incomplete)
		}
	}
}

// A whole backup file kept inside the database is data, and no end.
func TestReadTakesNoBlockInsideTheData(t *testing.T) {
	inner := backuptest.Sample()
	inner.Sets[0].Tail.Last, inner.Sets[0].Started = backuptest.LSN{1, 1, 1}, backuptest.Date{2027, 1, 1, 1, 1, 1}
	page := inner.Plain()
	outer := backuptest.Sample()
	all, _ := outer.Layout()
	var data []byte
	for i, p := range all {
		if i == 3 { // the first page
			copy(p.Data, page[len(page)-8192:])
		}
		data = append(data, p.Data...)
	}
	m := mustRead(t, data)
	if !m.Complete || m.Sets[0].LastLSN != (LSN{42, 8536, 1}) {
		t.Errorf("complete %v, last LSN %v", m.Complete, m.Sets[0].LastLSN)
	}
	// Cut off after the page, the file even ends as a finished one.
	cut := backuptest.Length(all[:3]) + 8192
	m, err := read(t, data[:cut])
	if err != nil || m.Complete && m.Sets[0].LastLSN == (LSN{1, 1, 1}) {
		t.Errorf("the end of the inner file was taken: %v", err)
	}
}

func TestReadLargeBlocks(t *testing.T) {
	p := backuptest.Sample()
	p.Media.Unit, p.Media.Mark = 64<<10, 64<<10
	m := mustRead(t, p.Plain())
	if !m.Complete || m.Sets[0].LastLSN != (LSN{42, 8536, 1}) {
		t.Errorf("complete %v %q", m.Complete, m.Incomplete)
	}
}

func TestReadManyFiles(t *testing.T) {
	p := backuptest.Sample()
	for i := range 2000 {
		p.Sets[0].Files = append(p.Sets[0].Files, backuptest.DataFile{ID: i + 4, Kind: 1, Size: 8192, Logical: fmt.Sprint("f", i), Physical: fmt.Sprintf(`D:\very\long\path\to\data\f%d.ndf`, i)})
	}
	for _, data := range [][]byte{p.Plain(), p.Compressed()} {
		m := mustRead(t, data)
		if files := len(m.Sets[0].FileList); !m.Complete || files != 2003 || m.Sets[0].FileListDamaged {
			t.Errorf("complete %v %q, %d files", m.Complete, m.Incomplete, files)
		}
	}
}

func TestReadCosts(t *testing.T) {
	small, container := backuptest.Sample(), backuptest.Sample().Compressed()
	for _, test := range []struct {
		name     string
		file     *sparse
		requests int
		bytes    int64
	}{
		{"1 GiB", large(small, 1<<30), 2, 128 << 10},
		{"5 TB", large(small, 5<<40), 2, 128 << 10},
		{"1 GiB, cut off", &sparse{size: 1 << 29, parts: large(small, 1<<30).parts}, 3, 160 << 10},
		{"compressed", &sparse{size: int64(len(container)), parts: map[int64][]byte{0: container}}, 2, 128 << 10},
	} {
		delete(test.file.parts, -1)
		m, err := readAt(t, test.file, test.file.size)
		if err != nil {
			t.Fatal(test.name, err)
		}
		if m.Requests != test.file.reads || m.BytesRead != test.file.bytes {
			t.Errorf("%s: says %d requests and %d bytes, were %d and %d", test.name, m.Requests, m.BytesRead, test.file.reads, test.file.bytes)
		}
		if m.Requests > test.requests || m.BytesRead > test.bytes {
			t.Errorf("%s: %d requests, %d bytes", test.name, m.Requests, m.BytesRead)
		}
	}
}

// failing answers an error from its n-th read on.
type failing struct {
	r    readerAt
	left int
	err  error
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return f.r.ReadAt(p, off)
}

// An answer that did not come says nothing about the file: no other way of
// reading is tried, and the front is not taken in place of the end.
func TestReadGivesTheErrorOfTheReader(t *testing.T) {
	lost := errors.New("connection lost")
	for _, n := range []int{0, 1} {
		file := large(backuptest.Sample(), 1<<30)
		m, err := Read(&failing{file, n, lost}, file.size)
		if !errors.Is(err, lost) || m != nil {
			t.Errorf("read %d fails: %v, %v", n+1, m, err)
		}
	}
}

func TestReadSaysThatTheFileIsShorter(t *testing.T) {
	data := backuptest.Sample().Plain()
	_, err := Read(strings.NewReader(string(data)), int64(len(data))+100_000)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a size that is not that of the file: %v", err)
	}
}

func TestDatesHaveNoZoneOfTheirOwn(t *testing.T) {
	s := mustRead(t, backuptest.Sample().Plain()).Sets[0]
	at, ok := s.BackupFinishDate.In(s.TimeZone)
	if want := time.Date(2027, 2, 28, 13, 45, 2, 0, time.UTC); !ok || !at.Equal(want) || at.Format(time.RFC3339) != "2027-02-28T21:45:02+08:00" {
		t.Errorf("finished at %v", at)
	}
	if _, ok := s.BackupFinishDate.In(UnknownZone); ok {
		t.Error("an instant without a zone")
	}
}
