//go:build !linux

package drs

import "time"

// Uptime is the wall clock where the system has no portable clock that runs
// while the machine sleeps.
func Uptime() time.Duration { return time.Duration(time.Now().UnixNano()) }
