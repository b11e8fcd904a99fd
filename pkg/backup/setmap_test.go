package backup

import (
	"bytes"
	"slices"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
)

// An entry says its length, which grows with the names in it.
func TestReadSetMap(t *testing.T) {
	for _, n := range []int{1, 2, 7} {
		p := several(n)
		_, addresses := p.Layout()
		sets := setsOf(t, p)
		same := slices.EqualFunc(sets.addresses, addresses, func(got int64, want int) bool { return got == int64(want) })
		if !sets.whole() || !same {
			t.Errorf("%d sets: %+v, want %v", n, sets, addresses)
		}
	}
	p := several(2)
	p.Claimed = 1
	if sets := setsOf(t, p); sets.whole() || len(sets.addresses) != 2 {
		t.Errorf("one more than claimed: %+v", sets)
	}
}

func setsOf(t *testing.T, p backuptest.File) setMap {
	t.Helper()
	data := p.Plain()
	s := &source{r: bytes.NewReader(data), size: int64(len(data))}
	end, err := s.tailBefore(0, s.size)
	if err != nil {
		t.Fatal(err)
	}
	return end.sets
}

// Lengths that lead nowhere end the map.
func TestReadSetMapWithWrongLengths(t *testing.T) {
	for _, length := range []int{0, 1, 0x3d, 0x60, 0xffff} {
		for _, volumes := range []int{0, 1, 65, 0xffff} {
			b := backuptest.NewBuf(mapHeader + 0x60)
			b.U16(mapSets, 1)
			b.U16(mapHeader+entryLength, length)
			b.U16(mapHeader+entryAddress, sector)
			b.U16(mapHeader+entryPosition, 1)
			b.U16(mapHeader+entryVolumes, volumes)
			if sets := readMap(b); sets.whole() != (length == 0x60 && volumes == 0) {
				t.Errorf("length %#x, %d volumes: %+v", length, volumes, sets)
			}
		}
	}
}
