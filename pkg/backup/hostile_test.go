package backup

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/backuptest"
)

// samples are small files of every kind.
func samples() map[string][]byte {
	small := backuptest.Sample()
	small.Sets[0].Pages = 1
	log := backuptest.Sample()
	log.Sets[0].Pages = 0
	log.Media.Mark = 4096
	two := several(2)
	two.Sets[0].Pages, two.Sets[1].Pages = 0, 0
	return map[string][]byte{
		"plain": small.Plain(), "compressed": small.Compressed(),
		"log": log.Plain(), "compressed log": log.Compressed(),
		"two sets": two.Plain(), "two compressed": two.Compressed(),
	}
}

// stride is how many places are skipped under the race detector.
func stride() int {
	if raceEnabled {
		return 97
	}
	return 1
}

// Cut at any byte, a file is an error or incomplete, and its last set is
// provisional where its end is not there.
func TestTruncatedAtEveryByte(t *testing.T) {
	for name, data := range samples() {
		whole := mustRead(t, data)
		step := stride()
		if whole.Container == MSSQLBAK {
			step *= 7
		}
		for n := 0; n < len(data); n += step {
			m, err := read(t, data[:n])
			if err != nil {
				if r := reason(err); r != Truncated && r != Empty && r != NotBackup {
					t.Fatalf("%s cut at %d of %d: %v", name, n, len(data), err)
				}
				continue
			}
			// Between two sets, what is there is a whole file.
			if m.Complete && len(m.Sets) == len(whole.Sets) {
				t.Fatalf("%s cut at %d of %d is complete", name, n, len(data))
			}
			if last := m.Sets[len(m.Sets)-1]; last.Provisional && !last.BackupFinishDate.IsZero() {
				t.Fatalf("%s cut at %d of %d: provisional, finished at %v", name, n, len(data), last.BackupFinishDate)
			}
		}
	}
}

// One flipped bit anywhere: no panic, bounded, and never an empty list.
func TestFlippedAtEveryBit(t *testing.T) {
	for _, name := range []string{"log", "compressed log"} {
		data, step := samples()[name], stride()
		if name == "compressed log" {
			step *= 11 // Huffman tables take their time
		}
		for bit := 0; bit < 8*len(data); bit += step {
			data[bit/8] ^= 1 << (bit % 8)
			if _, err := read(t, data); err != nil && reason(err) == Reason(err.Error()) {
				t.Fatalf("%s, bit %d: an error of another kind: %v", name, bit, err)
			}
			data[bit/8] ^= 1 << (bit % 8)
		}
	}
	data := samples()["two sets"]
	for bit := 0; bit < 8*len(data); bit += 11 * stride() {
		data[bit/8] ^= 1 << (bit % 8)
		_, _ = read(t, data)
		data[bit/8] ^= 1 << (bit % 8)
	}
}

// A header that a checksum covers is not taken with a flipped bit.
func TestFlippedBitInAHeaderIsNoticed(t *testing.T) {
	data := backuptest.Sample().Plain()
	for _, kind := range []string{"SSET", "MSCI", "MSLS", "ESET"} {
		at := bytes.Index(data, []byte(kind))
		for bit := 8 * at; bit < 8*(at+0x34); bit++ {
			data[bit/8] ^= 1 << (bit % 8)
			if m, err := read(t, data); err == nil && m.Complete {
				t.Errorf("bit %d of the %s header: complete", bit-8*at, kind)
			}
			data[bit/8] ^= 1 << (bit % 8)
		}
	}
}

// Streams of absurd length, all streams of one kind. Those after the data are
// not looked at where the end of the file is whole.
func TestStreamsOfAbsurdLength(t *testing.T) {
	for _, length := range []uint64{1 << 20, 1 << 40, math.MaxInt64 - 30, 1 << 63, math.MaxUint64 - 21, math.MaxUint64} {
		for _, tag := range []string{"RAID", "SPAD", "MQCI", "MQDA", "TSMP"} {
			data := backuptest.Sample().Plain()
			for at := 0; ; at += 4 {
				next := bytes.Index(data[at:], []byte(tag))
				if next < 0 {
					break
				}
				at += next
				copy(data[at:], backuptest.StreamHead(tag, length))
			}
			m, err := read(t, data)
			if err == nil && m.Complete {
				t.Errorf("%s of %d bytes: complete", tag, length)
			}
		}
	}
}

// repeat gives the same bytes forever: no reader may follow them to
// the end of 5 TB.
type repeat struct {
	data []byte
	head []byte
}

func (r repeat) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		if at := off + int64(i); at < int64(len(r.head)) {
			p[i] = r.head[at]
		} else {
			p[i] = r.data[(at-int64(len(r.head)))%int64(len(r.data))]
		}
	}
	return len(p), nil
}

func TestEndlessFilesAreBounded(t *testing.T) {
	all, _ := backuptest.Sample().Layout()
	head := append(append([]byte{}, all[0].Data...), all[1].Data...)
	container := backuptest.RawMark(backuptest.Chunked([]byte(backuptest.ContainerHead(2, 3)), all[0].Data), all[1].Data)
	tiny := backuptest.Pad(backuptest.Block("MSTL", 0x34).Seal(), 512)
	oneSet := backuptest.Sample()
	oneSet.Sets[0].Pages = 0
	set := oneSet.Plain()[len(head):]
	for name, r := range map[string]repeat{
		"blocks":           {tiny, append(bytes.Clone(head), all[2].Data[:len(all[2].Data)-512]...)},
		"SSET blocks":      {all[2].Data[:512], head},
		"filemarks":        {backuptest.Filemark(512), head},
		"sets":             {set, head},
		"chunks":           {backuptest.Chunked(nil, all[2].Data), container},
		"chunk kinds":      {[]byte{0x21, 0x2c, 0x24, 1}, container},
		"seek tables":      {append(bytes.Repeat([]byte{0x2c, 0, 0, 0}, 7), 1, 0, 0, 0, 0, 0, 0, 0), container},
		"flat tables":      {append([]byte{0x21, 64, 0, 0x10}, bytes.Repeat([]byte{0x88}, 128)...), container},
		"raw chunk":        {[]byte{0x24}, container},
		"MSLS everywhere":  {backuptest.Pad(backuptest.Block("MSLS", 0x34).Seal(), 512), head},
		"filemarks packed": {backuptest.Filemark(512), container},
	} {
		start := time.Now()
		m, err := readAt(t, r, 5<<40)
		if err == nil && m.Complete {
			t.Errorf("%s: complete", name)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// A set map whose entries lead back, out of the file or to the same place.
func TestReadWalksPastContradictorySetMaps(t *testing.T) {
	for name, addresses := range map[string][]int{
		"back": {1024, 512}, "the same": {1024, 1024}, "far": {1024, 1 << 50}, "inside": {1024, 1536}, "negative": {1024, -512}, "none": {},
	} {
		p := backuptest.Sample()
		p.Mapped, p.Claimed = addresses, max(len(addresses), 1)
		m, err := read(t, p.Plain())
		if err != nil || !m.Complete || len(m.Sets) != 1 {
			t.Errorf("%s: the walk finds the one set: %+v, %v", name, m, err)
		}
	}
}

// Lengths and offsets in the record that lead out of it.
func TestReadCallsContradictoryRecordsProvisional(t *testing.T) {
	base := backuptest.Sample()
	plain := base.Plain()
	at := bytes.LastIndex(plain, []byte("SCIN"))
	for name, change := range map[string]func(b backuptest.Buf){
		"a record longer than its stream": func(b backuptest.Buf) { b.U32(4, 1<<31) },
		"a record of no bytes":            func(b backuptest.Buf) { b.U32(4, 0) },
		"a name outside":                  func(b backuptest.Buf) { b.U16(0x68, 60_000) },
		"a name before the strings":       func(b backuptest.Buf) { b.U16(0x6a, 8) },
		"a server name outside":           func(b backuptest.Buf) { b.U16(0x6e, 65_000) },
		"an unknown type":                 func(b backuptest.Buf) { b.U8(0x57, 'X') },
		"another tag":                     func(b backuptest.Buf) { copy(b, "SCIX") },
		"another type":                    func(b backuptest.Buf) { b.U8(0x57, 'L') },
	} {
		data := bytes.Clone(plain)
		change(backuptest.Buf(data[at:]))
		m, err := read(t, data)
		if err != nil || m.Complete || !m.Sets[0].Provisional || m.Sets[0].DatabaseName != "ims" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestReadNoticesContradictoryFileRecords(t *testing.T) {
	plain := backuptest.Sample().Plain()
	at := bytes.LastIndex(plain, []byte("SFIN"))
	between := bytes.LastIndex(plain, []byte("SCIN")) - bytes.Index(plain, []byte("SCIN")) // the two headers
	for name, change := range map[string]func(b backuptest.Buf){
		"longer than the stream": func(b backuptest.Buf) { b.U32(4, 1<<31) },
		"no bytes":               func(b backuptest.Buf) { b.U32(4, 0) },
		"a name outside":         func(b backuptest.Buf) { b.U16(0x30, 60_000) },
		"no tag":                 func(b backuptest.Buf) { b.U8(0, '!') },
	} {
		data := bytes.Clone(plain)
		change(backuptest.Buf(data[at:]))
		if m := mustRead(t, data); m.Complete || !strings.Contains(m.Incomplete, "differ in FileList:") {
			t.Errorf("%s, at the end: complete %v %q", name, m.Complete, m.Incomplete)
		}
		change(backuptest.Buf(data[at-between:]))
		m := mustRead(t, data)
		if !m.Complete || !m.Sets[0].FileListDamaged || len(m.Sets[0].FileList) != 2 {
			t.Errorf("%s: complete %v, damaged %v, %d files", name, m.Complete, m.Sets[0].FileListDamaged, len(m.Sets[0].FileList))
		}
	}
	data := bytes.Clone(plain)
	binary.LittleEndian.PutUint64(data[bytes.LastIndex(data, []byte("SFIN"))+0x28:], math.MaxUint64)
	if s := mustRead(t, data).Sets[0]; s.RestoredSize() != math.MaxInt64 {
		t.Errorf("restored size is %d", s.RestoredSize())
	}
}

// Noise after a valid beginning: some bytes of a sample changed at random.
func TestRandomDamage(t *testing.T) {
	n := 1000
	if raceEnabled {
		n = 100
	}
	for name, data := range samples() {
		for seed := range uint64(n) {
			r := rand.New(rand.NewPCG(seed, uint64(len(name))))
			bad := bytes.Clone(data)
			for range 1 + r.IntN(20) {
				bad[r.IntN(len(bad))] = byte(r.Uint32())
			}
			_, _ = read(t, bad)
		}
	}
}

// Names in a header are hostile too: they may hold anything but break nothing.
func TestNamesMayHoldAnything(t *testing.T) {
	p := backuptest.Sample()
	p.Sets[0].Tail.Database, p.Sets[0].Front.Database = "\x1b[2J\x00ä\U0001F600", "\x1b[2J\x00ä\U0001F600"
	p.Sets[0].Name = strings.Repeat("n", 128)
	s := mustRead(t, p.Plain()).Sets[0]
	if s.DatabaseName != p.Sets[0].Tail.Database || len(s.BackupName) != 128 {
		t.Errorf("%q", s.DatabaseName)
	}
}

// Descriptions were empty in all files seen, so nothing depends on them.
func TestDescriptionsOutsideTheirBlockAreEmpty(t *testing.T) {
	data := backuptest.Sample().Plain()
	sset := bytes.Index(data, []byte("SSET"))
	for _, pair := range []int{0x44, 0x48, sset + 0x44} {
		backuptest.Buf(data).U16(pair, 200)
		backuptest.Buf(data).U16(pair+2, 60_000)
	}
	m := mustRead(t, data)
	if !m.Complete || m.MediaName != "" || m.MediaDescription != "" || m.Sets[0].BackupDescription != "" || m.Sets[0].BackupName != "ims full" {
		t.Errorf("%+v", m)
	}
}
