package executor

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// A create for a step is sent only if every job that could belong to the step
// was accounted for in this pass (see possibleJobs and unaccounted).

// observation is what a look at a job showed in this pass.
type observation struct {
	Status string    // as DRS spells it
	Gone   bool      // DRS does not know the job
	Date   time.Time // the server's clock; zero where it gave none to trust
}

// How long DRS must show something before it counts, by the server's
// clock.
const (
	// goneAfter is how long DRS must not have known a job before the job
	// counts as deleted, and how long an undocumented status must have
	// stayed the same before a person's decision about it allows a new
	// attempt.
	goneAfter = silentFence
	// unknownFor is how long passes wait for a job in an undocumented
	// status.
	unknownFor = time.Hour
)

// possibleJobs returns the ids of all jobs that could belong to a step: each that
// the ledger ever tied to it, in any attempt; each in the listing that carries
// this chain's marker for it or the name of one of its attempts; and each of
// another step that may have restored the same files, since lines may be
// inserted before a step that failed.
func possibleJobs(f Facts, seq int) []string {
	ids := slices.Clone(f.State.Step(seq).AllJobIDs)
	add := func(more []string) {
		for _, id := range more {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if f.target != nil {
		add(f.target.Claims[seq])
	}
	add(sameFiles(f, seq))
	return ids
}

// sameFiles returns the jobs of other steps that did not succeed and whose
// request named a file of this step. A job whose request the ledger does not
// know counts too, until its step is done.
func sameFiles(f Facts, seq int) (ids []string) {
	for i, st := range f.State.Steps {
		if i+1 == seq || len(st.AllJobIDs) == 0 || st.State == ledger.StepSucceeded && len(st.AllJobIDs) == 1 {
			continue
		}
		for _, id := range st.AllJobIDs {
			if st.State.Sent() && id == st.JobID {
				continue
			}
			body := f.State.Requests[id].Body
			if body == "" && !st.State.Sent() || body != "" && namesFile(body, f.Steps[seq-1]) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// namesFile reports whether a request names a file that the step restores.
func namesFile(body string, s plan.Step) bool {
	var sent drs.CreateOfflineTaskReq
	if json.Unmarshal([]byte(body), &sent) != nil {
		return true
	}
	keys := []string{sent.TargetDBInfo.FileID}
	for _, file := range sent.BackupInfo.Files {
		keys = append(keys, file.OBSPath+file.Name)
	}
	return slices.ContainsFunc(s.Backup.Keys, func(k string) bool { return slices.Contains(keys, k) })
}

// unseen reports whether a job that could belong to the step has not been
// looked at in this pass.
func unseen(f Facts, seq int) bool {
	return slices.ContainsFunc(possibleJobs(f, seq), func(id string) bool {
		_, ok := f.observed[id]
		return !ok
	})
}

// unaccounted is the stop of a create while a job that could belong to the
// step is not known to have failed. Conflicts come before what time may
// settle.
func unaccounted(f Facts, seq int) *Stop {
	var wait *Stop
	for _, id := range possibleJobs(f, seq) {
		s := accountFor(f.State, id, f.observed[id])
		if s == nil {
			s = contradicted(f, id)
		}
		switch {
		case s == nil:
			continue
		case s.Class() == Conflict:
			s.Step = seq
			return s
		case wait == nil:
			wait = s
		}
		wait.Step = seq
	}
	return wait
}

// accountFor returns why a job still counts; nil if it failed, or has been
// missing or in one undocumented status for long enough.
func accountFor(state *ledger.State, id string, look observation) *Stop {
	if look.Date.IsZero() && state.Insisted[id] && (look.Gone || !isKnown(look.Status)) {
		return nil // a person insisted, and without a date no time can be counted
	}
	if look.Gone {
		return missingStop(state, id, look, goneAfter)
	}
	status, known := drs.ParseStatus(look.Status)
	switch {
	case status.HasFailed():
		return nil
	case known || !state.Marked[id]:
		return &Stop{Reason: NotFailed, Jobs: []string{id}, Detail: look.Status}
	}
	s := &Stop{Reason: StatusSettling, Jobs: []string{id}, Detail: look.Status}
	if first := state.Unknown[id]; first.Status == look.Status && !look.Date.IsZero() {
		s.Until = first.Date.Add(goneAfter)
		if !look.Date.Before(s.Until) {
			return nil
		}
	}
	return s
}

// contradicted is the stop if the listing shows a job as running or succeeded
// that a look in the same pass showed to have failed. One of the two is wrong: the
// listing, which lags, or the look. A person may have restarted the job.
func contradicted(f Facts, id string) *Stop {
	if f.target == nil {
		return nil
	}
	for _, j := range f.target.Alive {
		if j.ID == id {
			return &Stop{Reason: APIUnavailable, Why: WhyListContradicts, Jobs: []string{id}, Detail: j.Status}
		}
	}
	return nil
}

func isKnown(status string) bool {
	_, known := drs.ParseStatus(status)
	return known
}

// missingStop is the stop until a job has been missing for long enough, nil
// when it has.
func missingStop(state *ledger.State, id string, look observation, enough time.Duration) *Stop {
	since, ok := state.Missing[id]
	if ok && !look.Date.IsZero() && !look.Date.Before(since.Add(enough)) {
		return nil
	}
	s := &Stop{Reason: JobMissing, Jobs: []string{id}}
	if ok {
		s.Since, s.Until = since, since.Add(enough)
	}
	return s
}

// sightKind is the kind of event that a look is recorded as, "" for none.
// Without a date of the server nothing can be counted.
func sightKind(state *ledger.State, id string, look observation) ledger.Kind {
	since, missing := state.Missing[id]
	first := state.Unknown[id]
	_, known := drs.ParseStatus(look.Status)
	switch {
	case look.Gone && !look.Date.IsZero() && (!missing || since.After(look.Date)): // or the recorded date was far ahead
		return ledger.Missing
	case look.Gone:
		return ""
	case !known && !look.Date.IsZero() && (missing || first.Status != look.Status || first.Date.After(look.Date)):
		return ledger.Unknown
	case known && (missing || first.Status != ""), missing:
		return ledger.Found
	}
	return ""
}
