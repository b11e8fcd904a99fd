package backup

import (
	"errors"
	"fmt"
)

// maxHops is how many blocks are walked over in one file.
const maxHops = 8192

// hopper walks through a file from block to block, by the lengths that the
// streams give, where the end of the file does not tell all.
type hopper struct {
	v    viewer
	m    *Media
	hops int
	pos  int64 // of the block that is looked at
	set  int64 // where the set begins that is looked at
}

// all reads every set from off on into the media. err says why it came to no
// end; what it read until then is in the media.
func (h *hopper) all(off int64) error {
	for len(h.m.Sets) < maxSets {
		next, err := h.one(off)
		if err != nil || h.v.end(next) {
			return err
		}
		off = next
	}
	return errLimit
}

// trailing is how many bytes follow the last whole set and are no set, in a
// plain file.
func (h *hopper) trailing() int64 {
	n := len(h.m.Sets)
	if h.m.Container != MTF || n == 0 || h.m.Sets[n-1].Provisional || h.pos != h.set {
		return 0
	}
	return h.m.Size - h.pos
}

// one reads the set at off, and returns the position after it.
func (h *hopper) one(off int64) (int64, error) {
	h.pos, h.set = off, off
	f, frontErr := readFront(h.v, off)
	if frontErr != nil && f.next == 0 {
		return 0, frontErr
	}
	end, next, err := h.toTail(f.next)
	if end == nil && frontErr != nil {
		return next, err
	}
	if end != nil {
		f.set, err = settle(f, frontErr, *end, err)
	}
	h.m.Sets = append(h.m.Sets, f.set)
	return next, err
}

// settle takes the header at the end, unless the two are not of one backup:
// then the one at the front stays, as provisional as it is.
func settle(f front, frontErr error, end Set, err error) (Set, error) {
	other := checkFront(f, frontErr, end)
	if other == nil {
		return merge(f.set, &end), err
	}
	if frontErr != nil {
		return merge(f.set, &end), other
	}
	return f.set, other
}

// merge puts the final header over what the front said.
func merge(f Set, t *Set) Set {
	out := *t
	out.BackupName, out.BackupDescription, out.UserName = f.BackupName, f.BackupDescription, f.UserName
	out.MachineName, out.SoftwareVendorID, out.Position = f.MachineName, f.SoftwareVendorID, f.Position
	out.BackupSetGUID, out.ExpirationDate, out.TimeZone = f.BackupSetGUID, f.ExpirationDate, f.TimeZone
	return out
}

// toTail walks over the data to MSLS, and on to the end of the set.
func (h *hopper) toTail(off int64) (*Set, int64, error) {
	for {
		b, all, next, err := h.hop(off)
		if err != nil {
			return nil, 0, err
		}
		switch b.kind {
		case "MSLS":
			var s Set
			if err := readRecord(h.v, b, all, &s); err != nil {
				return nil, 0, err
			}
			end, err := h.toEnd(next)
			return &s, end, err
		case "SFMB", "ESET", "SSET", "TAPE":
			return nil, 0, fmt.Errorf("a %s block in the data of a backup set", b.kind)
		}
		off = next
	}
}

// toEnd walks over SFMB and ESET to the filemark that ends the set: what
// follows it is another set or the end of the file.
func (h *hopper) toEnd(off int64) (int64, error) {
	esets := 0
	for {
		b, _, next, err := h.hop(off)
		switch {
		case err != nil:
			return 0, err
		case b.kind == "ESET":
			esets++
		case b.kind == "SFMB" && esets > 0:
			return next, nil
		case b.kind != "SFMB":
			return 0, fmt.Errorf("a %s block behind the data of a backup set", b.kind)
		}
		off = next
	}
}

func (h *hopper) hop(off int64) (block, []stream, int64, error) {
	if h.hops++; h.hops > maxHops {
		return block{}, nil, 0, errLimit
	}
	h.pos = off
	b, err := blockAt(h.v, off)
	if err != nil {
		return block{}, nil, 0, err
	}
	all, next, err := streams(h.v, b)
	if err == nil && next <= off {
		err = errors.New("a block that ends before it begins")
	}
	return b, all, next, err
}
