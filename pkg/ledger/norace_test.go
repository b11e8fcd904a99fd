//go:build !race

package ledger

const sampleEvery = 1
