package executor

import (
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
)

// Two jobs of one full, or of one cutover: each pass reports them while both
// run and until the second has ended.
func TestSecondJobOfRunningStepIsReportedInEachPass(t *testing.T) {
	for seq := 1; seq <= 2; seq++ {
		r := newFixture(t, "", key, drssim.Config{RestoreTime: time.Hour}, "l1.bak")
		r.keys.Cutover = confirm(r.steps)
		for range seq - 1 {
			r.pass()
			r.now = r.now.Add(2 * time.Hour)
		}
		r.before = func() { r.before = nil; r.duplicate(seq, 2*time.Hour) }
		for range 4 {
			x := r.pass()
			if r.wantReason(x, Conflict, DuplicateJobs); x.Step != seq {
				t.Errorf("step %d, want %d", x.Step, seq)
			}
			r.now = r.now.Add(10 * time.Minute)
		}
		r.wantJobs(seq, 2)
	}
}

// The job of another ledger may be listed late, while the API is unavailable.
func TestSecondJobIsReportedOnceListed(t *testing.T) {
	r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Hour}, "l1.bak")
	r.wantReason(r.pass(), OK, JobRunning)
	r.wantReason(r.pass(), OK, JobRunning)
	twin := r.duplicate(1, time.Hour)
	r.wantReason(r.pass(), Conflict, DuplicateJobs)
	r.statuses = map[string]string{twin: "FULL_TRANSFER_FAILED"}
	r.wantReason(r.pass(), OK, JobRunning)
}
