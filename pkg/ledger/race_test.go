//go:build race

package ledger

// Under -race SQLite is ten times slower: samples are smaller.
const sampleEvery = 31
