//go:build !race

package executor

const (
	modelSchedules = 100_000
	modelPatience  = 5_000 // schedules that a planted fault may take
	modelUnderRace = false
)
