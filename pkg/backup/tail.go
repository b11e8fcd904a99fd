package backup

import (
	"errors"
	"fmt"
)

// tail is what the end of a backup set says: the final record, and that the
// blocks from there to the end are those of a finished set.
type tail struct {
	set     Set // its header fields
	sets    setMap
	started DateTime // by the ESET block, which repeats the date of SSET
}

// esetDate is the place of that date.
const esetDate = 0x50

// maxTailBlocks is how many blocks may follow MSLS: SFMB, ESET, ESET, SFMB.
const maxTailBlocks = 8

// tailWindows are tried in turn: 64 KiB hold the end of all files seen.
var tailWindows = [...]int64{64 << 10, 256 << 10, 512 << 10}

var errNoTail = errors.New("no MSLS block with ESET and SFMB up to the end")

// readTail reads MSLS at off and checks that SFMB, ESET and SFMB follow and
// reach the end of v exactly.
func readTail(v viewer, off int64) (tail, error) {
	var t tail
	b, err := blockAt(v, off)
	if err != nil || b.kind != "MSLS" {
		return t, errNoTail
	}
	all, next, err := streams(v, b)
	if err != nil {
		return t, err
	}
	if err := readRecord(v, b, all, &t.set); err != nil {
		return t, err
	}
	return t, t.close(v, next)
}

// close walks from the block after MSLS to the end.
func (t *tail) close(v viewer, off int64) error {
	esets, last := 0, ""
	for range maxTailBlocks {
		if v.end(off) && esets > 0 && last == "SFMB" {
			return nil
		}
		b, err := blockAt(v, off)
		if err != nil {
			return err
		}
		if b.kind != "SFMB" && b.kind != "ESET" {
			return fmt.Errorf("%w: a %s block", errNoTail, b.kind)
		}
		all, next, err := streams(v, b)
		if err != nil {
			return err
		}
		if b.kind == "ESET" {
			esets++
			t.takeDate(b)
			t.takeMap(v, all)
		}
		last, off = b.kind, next
	}
	return errNoTail
}

func (t *tail) takeDate(b block) {
	if t.started.IsZero() && len(b.head) >= esetDate+dateSize {
		t.started = dateAt(b.head, esetDate)
	}
}

// takeMap reads the set map of the first ESET that has one.
func (t *tail) takeMap(v viewer, all []stream) {
	s, ok := find(all, "TSMP")
	if !ok || t.sets.claimed > 0 {
		return
	}
	if b, err := body(v, s); err == nil {
		t.sets = readMap(b)
	}
}

// tailBefore looks for the final record of the set that ends at end and begins
// after low: the last MSLS from which the blocks lead to end exactly. So a
// block inside the data, a backup kept in the database say, is not taken.
func (s *source) tailBefore(low, end int64) (tail, error) {
	for _, n := range tailWindows {
		from := align(max(low, end-n), sector)
		if from >= end {
			break
		}
		b, err := s.view(from, int(end-from))
		if err != nil {
			return tail{}, err
		}
		if t, err := lastTail(memory(b)); err == nil {
			return t, nil
		}
		if from <= low || !endsWithMark(b) {
			break
		}
	}
	return tail{}, errNoTail
}

func lastTail(m memory) (tail, error) {
	for off := (len(m) - 1) / sector * sector; off >= 0; off -= sector {
		if len(m)-off < blockHeader || string(m[off:off+4]) != "MSLS" || !isBlock(m[off:]) {
			continue
		}
		if t, err := readTail(m, int64(off)); err == nil {
			return t, nil
		}
	}
	return tail{}, errNoTail
}

// endsWithMark reports that a filemark ends exactly with b. Where there is
// none, a larger window will not help.
func endsWithMark(b []byte) bool {
	for n := int64(sector); n <= 1<<16 && n <= int64(len(b)); n *= 2 {
		mark, err := blockAt(memory(b), int64(len(b))-n)
		if err == nil && mark.kind == "SFMB" && mark.size == n {
			return true
		}
	}
	return false
}
