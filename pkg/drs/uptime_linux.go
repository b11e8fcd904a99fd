package drs

import (
	"time"

	"golang.org/x/sys/unix"
)

// Uptime is CLOCK_BOOTTIME: it continues while the machine sleeps and while the
// process is stopped, and nobody can set it.
func Uptime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Duration(time.Now().UnixNano()) // never fails on Linux
	}
	return time.Duration(ts.Nano())
}
