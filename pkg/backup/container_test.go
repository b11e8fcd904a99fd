package backup

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// The two headers that were taken from real files.
const (
	realRaw  = "240006 0e00000000000000000000000000 000000000000000000000000"
	realSeek = "2c000000000000000000000000000000 00000000000000000100010003000000" +
		"31020000e5280fc900203b0000000000 1bcb07000000000000303d0000000000" +
		"56e607000000000000403e0000000000 12ea070000000000"
)

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sourceOf(s *sparse) *source { return &source{r: s, size: s.size} }

// Size 0x0e06 leads from byte 24 to the filemark at 0x81000, which has 4,096
// bytes; a reader that takes 512 for granted ends in the middle of nothing.
func TestRealRawChunk(t *testing.T) {
	s := sourceOf(&sparse{size: 0x82000, parts: map[int64][]byte{0x801e2: fromHex(t, realRaw), 0x81000: backuptest.Filemark(4096)}})
	c, err := s.chunkAt(0x801e2, 4096)
	if err != nil || !c.raw || c.payload != 0x81000 || c.plain != 4096 || c.next() != 0x82000 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestRealSeekTable(t *testing.T) {
	s := sourceOf(&sparse{size: 0x82000, parts: map[int64][]byte{0x7edb7: fromHex(t, realSeek), 0x7f000: backuptest.Filemark(4096)}})
	end, last, err := s.seekTable(0x7edb7)
	if err != nil || end != 0x7edb7+40+3*16 || last != 0x7ea12 {
		t.Errorf("ends at %#x, names %#x: %v", end, last, err)
	}
	c, err := s.chunkAt(0x7edb7, 4096)
	if err != nil || !c.raw || c.payload != 0x7f000 || c.next() != 0x80000 {
		t.Errorf("%+v, %v", c, err)
	}
}

// bigContainer is a compressed file whose end is far beyond its first chunks.
func bigContainer(p backuptest.File, gap int64) *sparse {
	all, _ := p.Layout()
	front := []byte(backuptest.ContainerHead(2, 3))
	front = backuptest.Chunked(front, all[0].Data)
	front = backuptest.RawMark(front, all[1].Data)
	front = backuptest.Chunked(front, all[2].Data)
	// The end is laid out as it is at its place, by a prefix of that length
	// modulo the largest filemark.
	at := int64(len(front)) + gap
	shift := int(at % 4096)
	end := make([]byte, shift)
	var entries []backuptest.SeekEntry
	for i, piece := range all[3:] {
		if piece.Seek {
			entries = append(entries, backuptest.SeekEntry{0, int(at) - shift + len(end)})
		}
		switch {
		case piece.Mark && all[3+i-1].MSLS:
			end = backuptest.SeekMark(end, piece.Data, entries)
		case piece.Mark:
			end = backuptest.RawMark(end, piece.Data)
		default:
			end = backuptest.Chunked(end, piece.Data)
		}
	}
	end = end[shift:]
	return &sparse{size: at + int64(len(end)), parts: map[int64][]byte{0: front, at: end}}
}

func TestReadLargeCompressedInTwoRequests(t *testing.T) {
	for _, mark := range []int{512, 4096} {
		p := backuptest.Sample().Of2019()
		p.Media.Mark = mark
		file := bigContainer(p, 1<<30)
		m, err := readAt(t, file, file.size)
		if err != nil {
			t.Fatal(err)
		}
		if s := m.Sets[0]; !m.Complete || s.LastLSN != (LSN{42, 8536, 1}) || !s.Compressed || s.BackupSetGUID != guidOf(t, backuptest.GUIDSet) {
			t.Errorf("complete %v %q, %+v", m.Complete, m.Incomplete, s)
		}
		if m.Requests != 2 || file.reads != 2 || file.bytes > 128<<10 {
			t.Errorf("%d requests, %d bytes", file.reads, file.bytes)
		}
	}
}

// Where the seek table is of no use, the chunk with MSLS is found by its
// Huffman table.
func TestReadCompressedWithoutSeekTable(t *testing.T) {
	for _, entries := range [][]byte{{0xff, 0xff, 0xff, 0}, {0, 0, 0, 0}, {2, 0, 0, 0}} {
		file := bigContainer(backuptest.Sample(), 1<<30)
		for at, part := range file.parts {
			if at > 0 {
				copy(part[bytes.Index(part, fromHex(t, "01000100"))+4:], entries)
			}
		}
		m, err := readAt(t, file, file.size)
		if err != nil || !m.Complete || m.Sets[0].LastLSN != (LSN{42, 8536, 1}) {
			t.Errorf("%x entries: %v, %+v", entries, err, m)
		}
	}
}

func TestReadLargeCompressedCutOff(t *testing.T) {
	file := bigContainer(backuptest.Sample().Of2019(), 1<<30)
	file.size -= 3000
	m, err := readAt(t, file, file.size)
	if err != nil || m.Complete || !m.Sets[0].Provisional || m.Sets[0].DatabaseName != "ims" {
		t.Fatalf("%+v, %v", m, err)
	}
	if file.bytes > 1<<20 {
		t.Errorf("%d bytes", file.bytes)
	}
}

func TestReadLargeCompressedWithSeveralSets(t *testing.T) {
	p := backuptest.Sample()
	p.Claimed = 3
	file := bigContainer(p, 1<<30)
	_, err := readAt(t, file, file.size)
	if reason(err) != TooMuch || !strings.Contains(err.Error(), "3 backup sets") {
		t.Error(err)
	}
}

func TestReadSaysWhatItCannotRead(t *testing.T) {
	container := func(version, bits uint32) string {
		return string(backuptest.ContainerHead(version, bits)) + strings.Repeat("\x13\xf7", 4000)
	}
	tape := backuptest.Sample().Media.Tape()
	badTape := string(tape[:0x20]) + "x" + string(tape[0x21:])
	for _, test := range []struct {
		name, data string
		want       Reason
		says       string
	}{
		{"nothing", "", Empty, "empty"},
		{"zeros", strings.Repeat("\x00", 100_000), Empty, "zeros"},
		{"encrypted", container(2, 7), Encrypted, "private key"},
		{"encrypted and not compressed", container(2, 5), Encrypted, "private key"},
		{"TDE, encrypted and compressed", container(2, 0x2f), Encrypted, "private key"},
		{"ZSTD", container(2, 131), Unsupported, "ZSTD"},
		{"an old container", container(1, 3), Unsupported, "version 1"},
		{"a container of noise", container(2, 3), Damaged, "media header"},
		{"half a container", container(2, 3)[:100], Truncated, "100 bytes"},
		{"gzip", "\x1f\x8b\x08\x00" + strings.Repeat("x", 100), NotBackup, "looks like gzip"},
		{"zip", "PK\x03\x04 and so on", NotBackup, "looks like zip"},
		{"text", "BACKUP DATABASE ims\r\nTO DISK = 'ä'", NotBackup, "looks like text"},
		{"LiteSpeed", "\x00\x01\x02LiteSpeed(R) for SQL Server" + strings.Repeat("\x00", 100), NotBackup, "made by LiteSpeed"},
		{"Redgate", "SQL BACKUP\x00\x01\x02", NotBackup, "made by Redgate"},
		{"a data file", "\x01\x0f\x00\x00\x08" + strings.Repeat("\x00", 8187), NotBackup, "data file"},
		{"noise", "\x13\xf7\x00\x99", NotBackup, "no known kind"},
		{"a damaged first block", badTape, Damaged, "checksum"},
		{"the first block alone", string(tape), Truncated, "ends inside its media header"},
		{"no set", string(tape) + string(backuptest.Filemark(512)), Truncated, "first backup set"},
		{"noise for a set", string(tape) + string(backuptest.Filemark(512)) + strings.Repeat("\x13", 5000), Damaged, "first backup set"},
	} {
		_, err := read(t, []byte(test.data))
		if reason(err) != test.want || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %s, %v", test.name, reason(err), err)
		}
	}
}

// A chunk has a checksum: what it covers is not taken with a flipped bit,
// neither at the front nor at the end.
func TestFlippedBitInAChunk(t *testing.T) {
	p := backuptest.Sample().Of2019()
	p.Sets[0].Pages = 1
	data := p.Compressed()
	s := sourceOf(&sparse{size: int64(len(data)), parts: map[int64][]byte{0: data}})
	for at, n := int64(firstChunk), 0; at < s.size; n++ {
		c, err := s.chunkAt(at, 512)
		if err != nil {
			t.Fatal(err)
		}
		isData := n == 3 || n == 4 // pages and log are not read
		for i := c.payload; !c.raw && !isData && i < c.next(); i += 37 {
			data[i] ^= 1
			if m, err := read(t, data); err == nil && m.Complete {
				t.Errorf("byte %d of the chunk at %d: complete", i-c.payload, c.at)
			}
			data[i] ^= 1
		}
		at = c.next()
	}
}

// Chunks with sums of another kind are read as if they had none.
func TestChunksWithAnotherSum(t *testing.T) {
	if m := mustRead(t, otherSums(backuptest.Sample().Compressed())); !m.Complete || m.Sets[0].LastLSN != (LSN{42, 8536, 1}) {
		t.Errorf("complete %v: %s", m.Complete, m.Incomplete)
	}
}

// otherSums writes sums that fit nothing into the chunks of a file.
func otherSums(data []byte) []byte {
	s := sourceOf(&sparse{size: int64(len(data)), parts: map[int64][]byte{0: data}})
	for at := int64(firstChunk); at < s.size; {
		c, err := s.chunkAt(at, 0)
		if err != nil {
			panic(err)
		}
		if !c.raw {
			backuptest.Buf(data).U32(int(c.at)+chunkSumOff, 0xdeadbeef)
		}
		at = c.next()
	}
	return data
}
