package executor

import (
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// targetView is what the listing of a target says about a chain.
type targetView struct {
	Date     time.Time // the server's clock; zero where it gave none to trust
	Complete bool
	IDs      []string
	// News are the ids that the ledger does not know.
	News []string
	// Candidates have the name or the marker of the step in doubt, and no
	// step of the ledger has them. Jobs that a person ignored are
	// included.
	Candidates []drs.OfflineTaskInfo
	// Unknown have this chain's marker or names, and the ledger does not
	// know them: it was lost, or is an old copy.
	Unknown []drs.OfflineTaskInfo
	// Running are the jobs of any chain that run on this target now.
	Running []otherJob
	// Unaccounted were not listed when the request in doubt was sent, and
	// no chain knows them: one of them may be its job, renamed.
	Unaccounted []string
	// Undone are jobs of steps that DRS reported as succeeded and now
	// shows as failed.
	Undone []drs.OfflineTaskInfo
	// Alive are jobs of this chain that the listing shows as running or
	// succeeded, by a documented status.
	Alive []drs.OfflineTaskInfo
	// Claims are the ids of all jobs with this chain's marker or names, by
	// step, whether the ledger knows them or not.
	Claims map[int][]string
}

// otherJob is a running job on the target.
type otherJob struct {
	drs.OfflineTaskInfo
	Ours    bool // of a chain in this ledger
	Overlap bool // works on one of the plan's databases
	Ignored bool // by a person, although it has this chain's marker or name
}

// viewTarget reads a listing.
func viewTarget(l drs.Listing, p *plan.Plan, s *ledger.State, others chainsOnTarget) *targetView {
	v := &targetView{Date: l.Date, Complete: l.Complete, Claims: map[int][]string{}}
	doubt, inDoubt := doubtful(s)
	for _, j := range l.Jobs {
		v.IDs = append(v.IDs, j.ID)
		seq, claims := claimOf(j, p)
		if claims {
			v.Claims[seq] = append(v.Claims[seq], j.ID)
		}
		_, mine := s.StepOfJob[j.ID]
		if !mine && !others.jobs[j.ID] {
			v.News = append(v.News, j.ID)
		}
		switch ignored := s.Ignored[j.ID]; {
		case inDoubt && claims && seq == doubt && !mine && (!ignored || isAlive(j)):
			v.Candidates = append(v.Candidates, j)
			continue
		case ignored && claims && isRunning(j):
			v.Running = append(v.Running, otherJob{OfflineTaskInfo: j, Ours: true, Ignored: true})
			continue
		case ignored:
			continue
		case mine && undoes(j, s):
			v.Undone = append(v.Undone, j)
		case mine && isAlive(j) && isKnown(j.Status):
			v.Alive = append(v.Alive, j)
		case mine:
		case claims:
			v.Unknown = append(v.Unknown, j)
		case inDoubt && !others.jobs[j.ID] && !s.KnownAt(j.ID, s.Step(doubt).IntentSeq):
			v.Unaccounted = append(v.Unaccounted, j.ID)
		}
		if works(j, s, others, l.Date) {
			m, marked := plan.ParseMarker(j.Description)
			v.Running = append(v.Running, otherJob{OfflineTaskInfo: j, Ours: mine || others.jobs[j.ID] || marked && others.ids[m.Chain]})
		}
	}
	v.News = s.Unnamed(v.News)
	return v
}

// doubtful is the step in doubt. A chain has at most one.
func doubtful(s *ledger.State) (seq int, ok bool) {
	for i, st := range s.Steps {
		if st.State == ledger.StepInDoubt {
			return i + 1, true
		}
	}
	return 0, false
}

// claimOf returns the step that a listed job says it is for, by this chain's
// marker anywhere in its description, or else by its name.
func claimOf(j drs.OfflineTaskInfo, p *plan.Plan) (seq int, ok bool) {
	if m, marked := p.MarkerIn(j.Description); marked {
		return m.Step, true
	}
	return p.JobStep(strings.ToLower(j.Name))
}

// isFor reports whether a listed job says that it is the step's.
func isFor(j drs.OfflineTaskInfo, p *plan.Plan, seq int) bool {
	of, ok := claimOf(j, p)
	return ok && of == seq
}

// undoes reports whether a job that succeeded by the ledger is shown as
// failed, and no person has marked it.
func undoes(j drs.OfflineTaskInfo, s *ledger.State) bool {
	st := s.Step(s.StepOfJob[j.ID])
	status, _ := drs.ParseStatus(j.Status)
	failed := status.HasFailed()
	return failed && st.JobID == j.ID && st.State == ledger.StepSucceeded && !s.Marked[j.ID]
}

// works reports whether a job counts as running. A job with an undocumented
// status does, unless the ledger has seen its end or a person has marked it.
// Marked by another chain, it does until that status has stayed the same for
// goneAfter.
func works(j drs.OfflineTaskInfo, s *ledger.State, others chainsOnTarget, now time.Time) bool {
	status, known := drs.ParseStatus(j.Status)
	if status.Ended() || known {
		return !status.Ended()
	}
	if sawEnd(s, j.ID) || others.ended[j.ID] {
		return false
	}
	first, resolved := others.resolved[j.ID]
	stayed := resolved && first.Status == j.Status && !now.IsZero() && !now.Before(first.Date.Add(goneAfter))
	return !s.Marked[j.ID] && !stayed
}

// sawEnd reports whether a look has shown how a job of the chain ended; DRS
// may show another word for it later. A person's mark on such an end counts, a
// person's mark on an undocumented status does not.
func sawEnd(s *ledger.State, jobID string) bool {
	seq, mine := s.StepOfJob[jobID]
	st := s.Step(seq)
	return mine && (!s.Marked[jobID] || s.Unknown[jobID].Status == "") && (st.JobID != jobID || st.State != ledger.StepRunning)
}

// isAlive reports whether a job is running, or has restored something.
func isAlive(j drs.OfflineTaskInfo) bool {
	status, _ := drs.ParseStatus(j.Status)
	return status == drs.Success || status == drs.Running
}

// isRunning reports whether a job has a documented status and has not ended.
func isRunning(j drs.OfflineTaskInfo) bool {
	status, known := drs.ParseStatus(j.Status)
	return known && !status.Ended()
}

// jobPrefix is the name of a step's first job; later attempts add -aN.
func jobPrefix(p *plan.Plan, seq int) string {
	return plan.Step{Plan: p, Seq: seq}.JobName(1)
}

// overlaps reports whether a job works on one of the plan's databases, as far
// as its detail names them.
func overlaps(p *plan.Plan, j drs.Job) bool {
	theirs := append(slices.Clone(j.DBNames), strings.FieldsFunc(j.NewDBNames, func(r rune) bool {
		return strings.ContainsRune(",;[]\"' ", r)
	})...)
	ours := p.Databases.Names
	if p.Rename != "" {
		ours = []string{p.Rename}
	}
	mine := make(map[string]bool, len(ours))
	for _, o := range ours {
		mine[plan.DatabaseKey(o)] = true
	}
	return slices.ContainsFunc(theirs, func(t string) bool { return t != "" && (p.Databases.All || mine[plan.DatabaseKey(t)]) })
}
