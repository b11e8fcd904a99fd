// Package e2e has only tests. They run the built command as cron and people do,
// and observe the process from outside, on Linux:
//
//   - Reading commands open no socket and write no file; strace shows it.
//   - An apply that is killed at any call on the ledger or a socket, and run again
//     until the plan is online, makes one job for each step.
//   - If the disk is full or fails at any of these calls, no second job is made,
//     and no create is sent before its intent is in the ledger.
//   - Without a network nothing is in doubt.
//
// The server is the simulator; the tests check the jobs that it made. The flag
// -all takes every point instead of a sample.
package e2e
