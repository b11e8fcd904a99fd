// Package proof has no code of its own. Its tests run the built command as
// cron and people do, and look at it from outside the process, on Linux:
//
//   - Reading commands open no socket and nothing for writing, with strace as
//     the witness.
//   - An apply that is killed at any call by which it touches the ledger or a
//     socket, and is run again until the plan is online, makes one job for
//     each step.
//   - A disk that is full, or fails, at any of these calls makes no second job,
//     and no create leaves before its intent is in the ledger.
//   - Without a network nothing is in doubt.
//
// The server is the simulator; what is right is judged by the jobs that it
// made. The flag -all takes every point instead of a sample.
package proof
