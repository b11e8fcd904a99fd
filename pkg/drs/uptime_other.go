//go:build !linux

package drs

import "time"

// Uptime is the wall clock: other systems have no portable clock that continues
// while the machine sleeps.
func Uptime() time.Duration { return time.Duration(time.Now().UnixNano()) }
