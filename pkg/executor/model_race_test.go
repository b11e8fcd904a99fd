//go:build race

package executor

const (
	modelSchedules = 500
	modelPatience  = 2_000 // schedules that a planted fault may take
	modelUnderRace = true
)
