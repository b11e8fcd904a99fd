// Package bench has only benchmarks. They run the built command next to a bare
// net/http client with prepared bodies, in turn and against one simulated server,
// and report the ratio, which holds on any machine. docs/performance.md has the
// figures.
package bench
