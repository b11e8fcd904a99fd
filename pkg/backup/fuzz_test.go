package backup

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// counted bounds what a reader asks for.
type counted struct {
	*bytes.Reader
	t        *testing.T
	requests int
	bytes    int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.requests++
	c.bytes += int64(len(p))
	if c.requests > maxRequests || c.bytes > maxBytes {
		c.t.Fatalf("%d requests, %d bytes", c.requests, c.bytes)
	}
	return c.Reader.ReadAt(p, off)
}

// fuzzFile changes a small file, three bytes an edit: place and value. What
// checksums cover can be sealed again, so that it is taken for true.
func fuzzFile(kind byte, edits []byte) []byte {
	p := backuptest.Sample()
	p.Sets[0].Pages = int(kind >> 6 & 1)
	if kind&8 != 0 {
		p = several(2)
		p.Sets[0].Pages, p.Sets[1].Pages = 0, 0
	}
	if kind&16 != 0 {
		p.Media.Mark = 4096
	}
	all, addresses := p.Layout()
	data := backuptest.Join(all)
	switch kind & 7 {
	case 0:
		return edited(data, edits)
	case 1:
		return resealed(edited(data, edits))
	case 2:
		data = backuptest.Pack(all, addresses)
		if kind&32 != 0 { // what is behind a checksum is worth changing too
			data = otherSums(data)
		}
		return edited(data, edits)
	case 3:
		data = resealed(edited(data, edits[:len(edits)/3*3]))
		for i := range all {
			n := len(all[i].Data)
			all[i].Data, data = data[:n], data[n:]
		}
		return backuptest.Pack(all, addresses)
	case 4:
		return edited(backuptest.ContainerHead(2, 3), edits)
	}
	return edits
}

func edited(data, edits []byte) []byte {
	for ; len(edits) >= 3; edits = edits[3:] {
		data[(int(edits[0])<<8|int(edits[1]))%len(data)] = edits[2]
	}
	if len(edits) == 2 { // cut off
		data = data[:(int(edits[0])<<8|int(edits[1]))%len(data)]
	}
	return data
}

// resealed writes the checksums of blocks and streams again.
func resealed(data []byte) []byte {
	for off := 0; off+0x34 <= len(data); off += 4 {
		b := backuptest.Buf(data[off:])
		switch string(b[:4]) {
		case "TAPE", "SFMB", "SSET", "VOLB", "MSCI", "MSDA", "MSTL", "MSLS", "ESET":
			b.U16(0x32, backuptest.XorWords(b[:0x32]))
		case "RAID", "SPAD", "MQCI", "MQDA", "CSUM", "MQTL", "TSMP":
			b.U16(20, backuptest.XorWords(b[:20]))
		}
	}
	return data
}

// FuzzReadHeader reads changed and invented files. Whatever they are: no
// panic, bounded reading, a set or an error, and nothing final in a
// provisional set.
func FuzzReadHeader(f *testing.F) {
	for kind := range 128 {
		f.Add(byte(kind), []byte{0x10, 0x08, 0xff})
	}
	f.Add(byte(5), []byte("TAPE"))
	f.Add(byte(5), []byte(backuptest.ContainerHead(2, 7)))
	f.Add(byte(5), []byte("BACKUP DATABASE"))
	f.Fuzz(func(t *testing.T, kind byte, edits []byte) {
		data := fuzzFile(kind, edits)
		c := &counted{Reader: bytes.NewReader(data), t: t}
		m, err := readAt(t, c, int64(len(data)))
		if err != nil {
			if reason(err) == Reason(err.Error()) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if m.Requests != c.requests || m.BytesRead != c.bytes {
			t.Fatalf("says %d requests, were %d", m.Requests, c.requests)
		}
		for _, s := range m.Sets {
			if s.Provisional && (!s.BackupFinishDate.IsZero() || s.BackupSize != 0) {
				t.Fatal("provisional, with what only the end can know")
			}
			if _, err := s.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
		CheckChain([]Backup{{Name: "a", Media: m}, {Name: "b", Media: m, Position: 2}}, Options{})
	})
}

// fuzzChain makes backups of bytes, eight each.
func fuzzChain(data []byte) []Backup {
	kinds := []BackupType{Full, Log, Log, Log, Differential, FileBackup}
	reasons := []Reason{Empty, NotBackup, Truncated, Damaged, Encrypted, Unsupported, TooMuch}
	var out []Backup
	for ; len(data) >= 8 && len(out) < 64; data = data[8:] {
		b := setOf(kinds[int(data[0])%len(kinds)], int(data[1]), int(data[1])+int(data[2]), func(s *Set) {
			s.FamilyGUID = GUID{data[3] & 1}
			s.RecoveryForkID, s.PreviousForkID, s.PreviousForkPointLSN = GUID{data[3] >> 1 & 3}, GUID{data[3] >> 3 & 3}, at(int(data[4]))
			s.Flags = Flags(data[5])
			s.Provisional = data[6]&1 != 0
			s.DifferentialBaseGUID = GUID{1, data[7], data[7]}
			s.LogChainStartLSN = at(int(data[7]))
		})
		switch m := b.Media; data[6] >> 1 & 7 {
		case 1:
			b = broken("x", reasons[int(data[7])%len(reasons)])
		case 2:
			stripe(int(data[7])&3, int(data[7])>>2)(m)
		case 3:
			m.Complete, m.Truncated = false, data[7]&1 != 0
		case 4:
			twoSets(m)
		case 5:
			b.Position = int(data[7]) & 3
		}
		out = append(out, b)
	}
	return out
}

// FuzzCheckChain: no panic; the same answer twice; each finding whole; and
// nothing that rests on provisional LSNs is an error.
func FuzzCheckChain(f *testing.F) {
	f.Add([]byte{0, 10, 10, 0, 0, 0, 0, 0, 1, 15, 15, 0, 0, 0, 0, 0, 1, 30, 10, 0, 0, 0, 0, 0}, byte(0))
	f.Add([]byte{0, 10, 10, 0, 0, 0, 1, 0, 1, 25, 15, 2, 20, 64, 0, 0, 4, 30, 10, 0, 0, 32, 0, 10}, byte(1))
	f.Add([]byte{0, 10, 10, 0, 0, 0, 4, 9, 0, 10, 10, 0, 0, 0, 4, 10, 1, 5, 1, 9, 9, 9, 2, 9}, byte(2))
	byLSN := []ID{FindLogMissing, FindLogTooEarly, FindChainBroken, FindDiffTooEarly, FindImpossibleLSNs}
	f.Fuzz(func(t *testing.T, data []byte, bits byte) {
		all := fuzzChain(data)
		cut := min(len(all), int(bits>>3))
		chain, others := all[cut:], all[:cut]
		o := Options{AcceptDifferential: bits&1 != 0, AcceptStripes: bits&2 != 0, Others: others}
		got := CheckChain(chain, o)
		if !reflect.DeepEqual(got, CheckChain(chain, o)) {
			t.Fatal("another answer the second time")
		}
		isProvisional := true
		for _, b := range chain {
			s := b.Set()
			isProvisional = isProvisional && (s == nil || s.Provisional)
		}
		for _, f := range got {
			if f.ID == "" || f.Summary == "" || f.Severity != Error && f.Severity != Warning && f.Severity != Info {
				t.Fatalf("%+v", f)
			}
			if isProvisional && f.Severity == Error && slices.Contains(byLSN, f.ID) {
				t.Fatalf("provisional LSNs prove nothing: %+v", f)
			}
		}
		if len(chain) > 0 && chain[0].Set() != nil && chain[0].Set().BackupType != Full && len(got) == 0 {
			t.Fatal("a chain without a full is fine")
		}
		checkArranged(t, all)
	})
}

// checkArranged: each backup is in one chain, or in the rest.
func checkArranged(t *testing.T, all []Backup) {
	chains, rest := Arrange(all)
	n := len(rest)
	for _, c := range chains {
		n += len(c.Backups)
		if c.Full == nil && (len(c.Findings) == 0 || c.Findings[0].ID != FindNoFull) {
			t.Fatalf("a chain without a full: %+v", c.Findings)
		}
	}
	want := 0
	for _, b := range all {
		want++
		if b.Set() != nil && b.Position == 0 {
			want += len(b.Media.Sets) - 1
		}
	}
	if n != want {
		t.Fatalf("%d of %d backups", n, want)
	}
}
