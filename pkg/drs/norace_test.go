//go:build !race

package drs

const raceEnabled = false
