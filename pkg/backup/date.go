package backup

import (
	"fmt"
	"time"
)

// DateTime is a date and time of day as the server's clock showed it. A backup
// header has no UTC: only together with a TimeZone is it an instant. The zero
// value is no date.
type DateTime struct{ wall time.Time } // in UTC, which represents the server's zone

// dateLayout is ISO 8601 without an offset: there is none in the header.
const dateLayout = "2006-01-02T15:04:05"

// NewDateTime makes a DateTime.
func NewDateTime(year int, month time.Month, day, hour, minute, second int) DateTime {
	return DateTime{time.Date(year, month, day, hour, minute, second, 0, time.UTC)}
}

// IsZero reports that there is no date.
func (d DateTime) IsZero() bool { return d.wall.IsZero() }

// Compare is -1, 0 or 1 as d shows an earlier, the same or a later time than e.
// It means what it says only for clocks of one zone.
func (d DateTime) Compare(e DateTime) int { return d.wall.Compare(e.wall) }

// Sub is the time between two readings of one clock.
func (d DateTime) Sub(e DateTime) time.Duration { return d.wall.Sub(e.wall) }

// String is like 2027-03-01T21:45:02, or "" for no date.
func (d DateTime) String() string {
	if d.IsZero() {
		return ""
	}
	return d.wall.Format(dateLayout)
}

// In is the instant, for a clock of that zone. It reports false where there is
// no date or the zone is unknown.
func (d DateTime) In(z TimeZone) (time.Time, bool) {
	if d.IsZero() || !z.Known() {
		return time.Time{}, false
	}
	w := d.wall
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, z.Location()), true
}

// MarshalText writes the form of String.
func (d DateTime) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of String.
func (d *DateTime) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = DateTime{}
		return nil
	}
	wall, err := time.ParseInLocation(dateLayout, string(text), time.UTC)
	if err == nil {
		*d = DateTime{wall}
	}
	return err
}

// TimeZone is the offset of the server's clock when the backup started, in
// quarters of an hour east of UTC.
type TimeZone int8

// UnknownZone is MTF's value for a clock whose zone was not recorded.
const UnknownZone TimeZone = 127

// Known reports that it is an offset that the earth has.
func (z TimeZone) Known() bool { return z >= -12*4 && z <= 14*4 }

// Location has the offset of the zone, and its text as name. It is meant for
// known zones.
func (z TimeZone) Location() *time.Location {
	return time.FixedZone(z.String(), int(z)*15*60)
}

// String is like +08:00, or "" for an unknown zone.
func (z TimeZone) String() string {
	if !z.Known() {
		return ""
	}
	sign, quarters := '+', int(z)
	if quarters < 0 {
		sign, quarters = '-', -quarters
	}
	return fmt.Sprintf("%c%02d:%02d", sign, quarters/4, quarters%4*15)
}

const dateSize = 5

// dateAt reads 40 bits, high first: year 14, month 4, day 5, hour 5, minute 6,
// second 6. All zero is no date, and so is what no calendar has.
func dateAt(b []byte, off int) DateTime {
	bits := uint64(0)
	for _, c := range b[off : off+dateSize] {
		bits = bits<<8 | uint64(c)
	}
	year, month, day := int(bits>>26), int(bits>>22&15), int(bits>>17&31)
	hour, minute, second := int(bits>>12&31), int(bits>>6&63), int(bits&63)
	d := NewDateTime(year, time.Month(month), day, hour, minute, second)
	isDate := d.wall.Year() == year && d.wall.Month() == time.Month(month) && d.wall.Day() == day &&
		d.wall.Hour() == hour && d.wall.Minute() == minute && d.wall.Second() == second
	if bits == 0 || !isDate || year == 0 || year > 9999 {
		return DateTime{}
	}
	return d
}
