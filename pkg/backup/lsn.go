package backup

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// LSN is a log sequence number: a place in a database's transaction log. The
// zero value is no LSN, as SQL Server's 0 and NULL are.
type LSN struct {
	VLF   uint32 // virtual log file
	Block uint32 // log block in it
	Slot  uint16 // record in the block
}

// The numeric(25,0) form is VLF*10^15 + block*10^5 + slot.
const (
	lsnSize        = 10 // bytes in a record
	maxLSNDigits   = 25
	lsnSlotDigits  = 5
	lsnBlockDigits = 10
)

// IsZero reports that there is no LSN.
func (l LSN) IsZero() bool { return l == LSN{} }

// Compare is -1, 0 or 1 as l is before, at or after m.
func (l LSN) Compare(m LSN) int {
	return cmp.Or(cmp.Compare(l.VLF, m.VLF), cmp.Compare(l.Block, m.Block), cmp.Compare(l.Slot, m.Slot))
}

// Before reports that l comes before m.
func (l LSN) Before(m LSN) bool { return l.Compare(m) < 0 }

// String is the numeric(25,0) form that RESTORE HEADERONLY prints, for example
// 42000000853600001.
func (l LSN) String() string {
	low := uint64(l.Block)*1e5 + uint64(l.Slot)
	if l.VLF == 0 {
		return strconv.FormatUint(low, 10)
	}
	return fmt.Sprintf("%d%015d", l.VLF, low)
}

// ParseLSN reads the numeric(25,0) form.
func ParseLSN(text string) (LSN, error) {
	digits := bytes.TrimLeft([]byte(text), "0")
	if text == "" || len(digits) > maxLSNDigits {
		return LSN{}, fmt.Errorf("LSN %q is not a number of up to %d digits", text, maxLSNDigits)
	}
	digits = append(bytes.Repeat([]byte("0"), maxLSNDigits-len(digits)), digits...)
	vlf, err1 := lsnPart(digits[:lsnBlockDigits], math.MaxUint32)
	block, err2 := lsnPart(digits[lsnBlockDigits:maxLSNDigits-lsnSlotDigits], math.MaxUint32)
	slot, err3 := lsnPart(digits[maxLSNDigits-lsnSlotDigits:], math.MaxUint16)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return LSN{}, fmt.Errorf("LSN %q: %w", text, err)
	}
	return LSN{VLF: uint32(vlf), Block: uint32(block), Slot: uint16(slot)}, nil
}

// lsnPart reads decimal digits and nothing else: no sign, no underscore.
func lsnPart(digits []byte, most uint64) (uint64, error) {
	n := uint64(0)
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, fmt.Errorf("%q is not a digit", d)
		}
		n = n*10 + uint64(d-'0')
	}
	if n > most {
		return 0, fmt.Errorf("%d is more than %d, the most that this part can be", n, most)
	}
	return n, nil
}

// MarshalText writes the numeric(25,0) form.
func (l LSN) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the numeric(25,0) form.
func (l *LSN) UnmarshalText(text []byte) error {
	parsed, err := ParseLSN(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}

// lsnAt reads the 10 bytes of an LSN: VLF u32, block u32, slot u16.
func lsnAt(b []byte, off int) LSN {
	return LSN{
		VLF:   binary.LittleEndian.Uint32(b[off:]),
		Block: binary.LittleEndian.Uint32(b[off+4:]),
		Slot:  binary.LittleEndian.Uint16(b[off+8:]),
	}
}
