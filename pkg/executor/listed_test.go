package executor

import (
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// A list saves the look at a job only where it shows the very job of a waiting
// incremental, unchanged and running. It is long because it contains a table.
func TestStillRuns(t *testing.T) {
	const done, runs = ledger.StepSucceeded, ledger.StepRunning
	steps := theSteps(t, "", key, "LOG/1.bak", "LOG/2.bak")
	job := func(seq int) drs.OfflineTaskInfo {
		return drs.OfflineTaskInfo{
			ID: "job", Name: steps[seq-1].JobName(1), Status: "TRANSFERRING", Description: "x " + steps[seq-1].Marker().String(),
		}
	}
	for _, c := range []struct {
		name   string
		states []ledger.StepState
		seq    int
		change func(*ledger.State, *drs.OfflineTaskInfo)
		want   bool
	}{
		{"the job of an incremental", []ledger.StepState{done, runs}, 2, nil, true},
		{"name in capitals", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Name = "IMS-PROD" + j.Name[8:] }, true},
		{"old spelling", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Status = "transfering" }, true},
		{"the full", []ledger.StepState{runs}, 1, nil, false},
		{"the cutover", []ledger.StepState{done, done, runs}, 3, nil, false},
		{"sent as the last", []ledger.StepState{done, runs}, 2, func(s *ledger.State, _ *drs.OfflineTaskInfo) { s.Steps[1].Last = true }, false},
		{"not running by the ledger", []ledger.StepState{done, ledger.StepInDoubt}, 2, nil, false},
		{"another step runs", []ledger.StepState{runs, done}, 2, nil, false},
		{"succeeded", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Status = "SUCCESS" }, false},
		{"failed", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Status = "PRECHECK FAILED" }, false},
		{"undocumented status", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Status = "PAUSED" }, false},
		{"no status", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Status = "" }, false},
		{"another job", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.ID = "other" }, false},
		{"renamed", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Name = "by-hand" }, false},
		{"no marker", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Description = "" }, false},
		{"marker of another step", []ledger.StepState{done, runs}, 2, func(_ *ledger.State, j *drs.OfflineTaskInfo) { j.Description = steps[2].Marker().String() }, false},
		{"it was missing", []ledger.StepState{done, runs}, 2, func(s *ledger.State, _ *drs.OfflineTaskInfo) {
			s.Missing = map[string]time.Time{"job": inside}
		}, false},
		{"its status was undocumented", []ledger.StepState{done, runs}, 2, func(s *ledger.State, _ *drs.OfflineTaskInfo) {
			s.Unknown = map[string]ledger.SightData{"job": {Status: "PAUSED"}}
		}, false},
		{"it has run for an hour", []ledger.StepState{done, runs}, 2, func(s *ledger.State, _ *drs.OfflineTaskInfo) {
			s.Steps[1].SubmittedAt = inside.Add(-time.Hour)
		}, false},
		{"submitted after now: the clock was set back", []ledger.StepState{done, runs}, 2, func(s *ledger.State, _ *drs.OfflineTaskInfo) {
			s.Steps[1].SubmittedAt = inside.Add(time.Second)
		}, false},
		{"a conflict in the ledger", []ledger.StepState{done, runs}, 2, func(s *ledger.State, _ *drs.OfflineTaskInfo) { s.Conflict = &ledger.SecondJob{JobID: "other", Step: 2} }, false},
	} {
		state, j := history(t, steps, c.states...), job(c.seq)
		for i := range state.Steps {
			state.Steps[i].SubmittedAt = inside.Add(-time.Hour + time.Second)
		}
		if c.change != nil {
			c.change(state, &j)
		}
		if got := stillRuns(Facts{Steps: steps, State: state, Now: inside}, c.seq, j); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}
