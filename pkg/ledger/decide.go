package ledger

import "fmt"

// decide applies what a person decided.
func (s *State) decide(e Event, d DecisionData) error {
	switch d.What {
	case Hold:
		s.Held, s.HeldAt = &d, e.At
	case Release:
		s.Held = nil
	case Close:
		s.Ended = &d
	case IgnoreJob:
		s.Ignored[d.JobID] = true
		s.name(e.Seq, d.JobID)
		s.skip(e, d.JobID)
	case Recognize:
		s.Principal, s.Conflict = d.Principal, nil
	case Retry, NotCreated, IsSuccess, IsFailure:
		s.decideStep(e, d)
	case Confirm:
	default:
		return fmt.Errorf("event %d of chain %s is a decision %q: %w", e.Seq, e.Chain, d.What, errNewer)
	}
	return nil
}

// skip moves on to the next attempt where a person ignored a job of this one:
// that job has taken the attempt's name.
func (s *State) skip(e Event, jobID string) {
	if e.Step < 1 || e.Step > maxSteps {
		return
	}
	st := s.at(e.Step)
	st.addJob(jobID)
	if st.State == StepPending && st.Attempt <= e.Attempt {
		st.Attempt = e.Attempt + 1
	}
}

// decideStep applies a decision about one step. A decision without a step
// changes nothing.
func (s *State) decideStep(e Event, d DecisionData) {
	if e.Step < 1 || e.Step > maxSteps {
		return
	}
	switch d.What {
	case Retry:
		s.retry(e)
	case NotCreated:
		if st := s.at(e.Step); st.State == StepInDoubt && st.IntentSeq == d.Intent {
			st.State = StepPending
		}
	default: // IsSuccess, IsFailure
		s.mark(e, d)
	}
}

// retry opens the next attempt of a step that failed or was refused.
func (s *State) retry(e Event) {
	st := s.at(e.Step)
	if st.Attempt != e.Attempt || st.State != StepFailed && st.State != StepRefused {
		return
	}
	// The hash and the time of the earlier attempt are kept: a person may still find
	// that its backup was restored, and it may have changed the database.
	began := st.IntentAt
	if st.SubmittedAt.After(began) {
		began = st.SubmittedAt
	}
	*st = Step{
		State: StepPending, Attempt: e.Attempt + 1, ChainSHA256: st.ChainSHA256, Last: st.Last,
		AllJobIDs: st.AllJobIDs, IntentAt: began,
	}
}

// mark applies how a step ended, as a person said it where DRS can no longer
// report it.
func (s *State) mark(e Event, d DecisionData) {
	st := s.at(e.Step)
	rebuilt := d.JobID != "" && e.Attempt > st.Attempt && !st.State.Sent()
	if st.Attempt != e.Attempt && !rebuilt {
		return
	}
	st.ChainSHA256, st.Last = s.SentAs(e.Step)
	st.State, st.FinishedAt, st.Attempt = StepSucceeded, e.At, e.Attempt
	st.Status = ""
	if d.JobID != "" {
		st.JobID, s.StepOfJob[d.JobID], s.Marked[d.JobID] = d.JobID, e.Step, true
		st.addJob(d.JobID)
		s.name(e.Seq, d.JobID)
		s.Insisted[d.JobID] = d.BeforeFence
	}
	s.wait(d.NotBefore)
	if d.CheckPending {
		s.CheckPending = true
	}
	if d.ChainSHA256 != "" { // the ledger never knew what was sent
		st.ChainSHA256, st.Last = d.ChainSHA256, d.Last
	}
	if d.What == IsFailure {
		st.State, st.JobID = StepFailed, "" // there is no job that a retry could look at
	}
}

// SentAs is what a step was last sent as: its chain hash, and whether it was the
// last backup. A newer intent that made no job does not count, unless it is in
// doubt.
func (s *State) SentAs(seq int) (chainSHA256 string, last bool) {
	st := s.Step(seq)
	if n := len(st.AllJobIDs); n > 0 && st.State != StepInDoubt {
		if sent, ok := s.Requests[st.AllJobIDs[n-1]]; ok {
			return sent.ChainSHA256, sent.Last
		}
	}
	return st.ChainSHA256, st.Last
}

// MarkedSucceeded reports whether a person marked the step of a job as
// succeeded: its record in DRS may be gone.
func (s *State) MarkedSucceeded(jobID string) bool {
	st := s.Step(s.StepOfJob[jobID])
	return st.JobID == jobID && st.State == StepSucceeded && st.Status == ""
}
