//go:build race

package ledger

// under -race SQLite is ten times slower: samples are smaller
const sampleEvery = 31
