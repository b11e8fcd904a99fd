package backup

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// The header at the end has no checksum of its own. What a chain is judged by
// is there twice, so that one flipped bit in it never stays proved.
func TestFlippedBitInTheFinalHeader(t *testing.T) {
	log := backuptest.Sample()
	log.Sets[0].Pages = 0
	log.Sets[0].Front.Letter, log.Sets[0].Tail.Letter = 'L', 'L'
	for name, p := range map[string]backuptest.File{"full": backuptest.Sample().Of2019(), "log": log} {
		data := p.Plain()
		want := mustRead(t, data).Sets[0]
		at := bytes.LastIndex(data, []byte("SCIN"))
		for bit := 8 * at; bit < 8*(at+0x190); bit++ {
			data[bit/8] ^= 1 << (bit % 8)
			if m, err := read(t, data); err == nil && m.Complete && judged(m.Sets[0]) != judged(want) {
				t.Errorf("%s, bit %d of byte %#x: proved, with %+v", name, bit%8, bit/8-at, judged(m.Sets[0]))
			}
			data[bit/8] ^= 1 << (bit % 8)
		}
	}
}

type judgedBy struct {
	kind           BackupType
	database       string
	first, last    LSN
	family, fork   GUID
	base           GUID
	started, built DateTime
}

// judged leaves out where a full begins: no rule asks for it, and the front of
// 2019 does not know it.
func judged(s Set) judgedBy {
	j := judgedBy{s.BackupType, s.DatabaseName, s.FirstLSN, s.LastLSN, s.FamilyGUID, s.RecoveryForkID, s.DifferentialBaseGUID, s.BackupStartDate, s.DatabaseCreationDate}
	if s.BackupType == Full {
		j.first = LSN{}
	}
	return j
}

// A file that lost some of its pages begins and ends as it should.
func TestReadMissesBytesInTheMiddle(t *testing.T) {
	p := backuptest.Sample()
	p.Sets[0].Pages = 9
	all, addresses := p.Layout()
	cut := slices.Delete(slices.Clone(all), 4, 6) // two blocks of pages
	compressed := backuptest.Pack(all, addresses)
	lost := int64(backuptest.Length(all) - backuptest.Length(cut))
	short := p
	short.Sets = slices.Clone(p.Sets)
	short.Sets[0].Tail.Compressed = uint64(len(compressed)) + 100
	for name, test := range map[string]struct {
		data    []byte
		missing int64
	}{
		"whole":             {backuptest.Join(all), 0},
		"pages lost":        {backuptest.Join(cut), 1},
		"whole, compressed": {compressed, 0},
		"compressed":        {short.Compressed(), 100},
	} {
		m := mustRead(t, test.data)
		if m.Complete != (test.missing == 0) || m.Missing < test.missing || m.Missing > lost {
			t.Errorf("%s: complete %v, %d missing: %s", name, m.Complete, m.Missing, m.Incomplete)
		}
		found := CheckChain([]Backup{{Name: "a", Media: m}}, Options{})
		if has := len(found) > 0 && found[0].ID == FindTruncated && found[0].Severity == Error; has != (test.missing > 0) {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// Without its number among the stripes, a file may be a part of a backup.
func TestReadDoubtsADamagedMediaHeader(t *testing.T) {
	for _, test := range []struct{ stripes, stripe int }{{0, 1}, {1, 0}, {1, 2}, {2, 3}} {
		p := backuptest.Sample()
		p.Media.Stripes, p.Media.Stripe = test.stripes, test.stripe
		m := mustRead(t, p.Plain())
		if m.Complete || m.Truncated || !strings.Contains(m.Incomplete, "media header") {
			t.Errorf("stripe %d of %d: complete %v, %q", test.stripe, test.stripes, m.Complete, m.Incomplete)
		}
	}
	p := backuptest.Sample() // a stripe that calls itself a whole backup
	p.Sets[0].Tail.Size = uint64(2 * len(p.Plain()))
	if m := mustRead(t, p.Plain()); m.Complete || m.Missing == 0 {
		t.Errorf("complete %v, %d missing", m.Complete, m.Missing)
	}
	data := p.Plain()
	raid := bytes.Index(data, []byte("RAID")) + streamHeader
	backuptest.Buf(data).U16(raid+raidMirrors, 2)
	if m := mustRead(t, data); !m.Complete || m.MirrorCount != 2 {
		t.Errorf("two mirrors may count twice: %s", m.Incomplete)
	}
	p.Media.Stripes = 2
	if m := mustRead(t, p.Plain()); !m.Complete {
		t.Errorf("a stripe has a part of the bytes: %s", m.Incomplete)
	}
}
