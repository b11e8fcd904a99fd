package executor

import (
	"testing"
	"time"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// People can edit the name and the description of a job in the console: a
// marker with words around it still counts.
func TestLostLedgerAndEditedDescriptionSendNothing(t *testing.T) {
	for _, edit := range []struct{ before, after string }{{"", " checked by Bob"}, {"done: ", "."}, {"", " [migplan chain 0123456789abcdef step 001 hash 0123456789ab]"}} {
		r := newFixture(t, "", "", drssim.Config{RestoreTime: time.Minute}, "l1.bak")
		r.pass()
		job := r.jobs(1)[0]
		r.sim.Rename(job.ID, "full-done")
		r.sim.SetDescription(job.ID, edit.before+job.Description+edit.after)
		r.l = ledger.OpenMemory()
		r.now = r.now.Add(time.Hour)
		r.wantReason(r.pass(), Conflict, UnknownJobs)
		if n := len(r.sim.Jobs()); n != 1 {
			t.Errorf("%q: %d jobs", edit, n)
		}
	}
}
