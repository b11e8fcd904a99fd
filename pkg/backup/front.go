package backup

import (
	"errors"
	"fmt"
)

// Places in the SSET block, in its OS-specific data, and in the VOLB block.
const (
	ssetVendor      = 0x3c
	ssetNumber      = 0x3e
	ssetName        = 0x40
	ssetDescription = 0x44
	ssetUser        = 0x4c
	ssetAddress     = 0x50
	ssetDate        = 0x58
	ssetZone        = 0x5f
	ssetSize        = 0x60
	osSetGUID       = 0
	osExpires       = 16

	volbMachine = 0x40
)

// maxFrontBlocks is how many blocks there may be before the data; SQL Server
// writes three.
const maxFrontBlocks = 16

var errNoSet = errors.New("no SSET block")

// front is what the beginning of a backup set says.
type front struct {
	set     Set
	off     int64 // of the SSET block
	address int64 // that the SSET block gives for itself
	started DateTime
	next    int64 // the first block that was not looked at, 0 where it is lost
}

// readFront reads SSET, VOLB and MSCI. A set without a readable MSCI has no
// header fields yet: err says why, and the front may still be completed from
// the end of the set.
func readFront(v viewer, off int64) (front, error) {
	sset, err := blockAt(v, off)
	if err != nil {
		return front{}, err
	}
	if sset.kind != "SSET" {
		return front{}, fmt.Errorf("%w: a %s block", errNoSet, sset.kind)
	}
	f := front{off: off}
	if err := f.label(sset); err != nil {
		return front{}, err
	}
	_, next, err := streams(v, sset)
	for range maxFrontBlocks {
		if err != nil {
			return f, err
		}
		var done bool
		if done, next, err = f.block(v, next); done {
			f.next = next
			return f, err
		}
	}
	return f, errLimit
}

// block reads one block before the data. done reports that MSCI was reached.
func (f *front) block(v viewer, off int64) (done bool, next int64, err error) {
	b, err := blockAt(v, off)
	if err != nil {
		return false, 0, err
	}
	switch b.kind {
	case "MSDA", "MSTL", "MSLS":
		return true, off, errors.New("no MSCI block before the data")
	case "SSET", "SFMB", "ESET", "TAPE":
		return false, 0, fmt.Errorf("a %s block where the header should be", b.kind)
	case "VOLB":
		if f.set.MachineName, err = b.text(volbMachine); err != nil {
			return false, 0, err
		}
	}
	all, next, err := streams(v, b)
	if err == nil && b.kind == "MSCI" {
		return true, next, readRecord(v, b, all, &f.set)
	}
	return false, next, err
}

// label takes what the SSET block says.
func (f *front) label(b block) (err error) {
	osData := u16(b.head, osDataOff)
	if len(b.head) < ssetSize || osData < blockHeader || osData+osSetGUID+guidSize > len(b.head) {
		return errors.New("SSET block: it is too short")
	}
	s := &f.set
	s.SoftwareVendorID = u16(b.head, ssetVendor)
	s.Position = u16(b.head, ssetNumber)
	s.TimeZone = TimeZone(int8(b.head[ssetZone]))
	s.BackupSetGUID = guidAt(b.head, osData+osSetGUID)
	if osData+osExpires+dateSize <= len(b.head) {
		s.ExpirationDate = dateAt(b.head, osData+osExpires)
	}
	f.address = size(b.head, ssetAddress)
	f.started = dateAt(b.head, ssetDate)
	if s.BackupName, err = b.text(ssetName); err != nil {
		return err
	}
	s.BackupDescription = b.note(ssetDescription)
	s.UserName, err = b.text(ssetUser)
	return err
}
