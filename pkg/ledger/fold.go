package ledger

import (
	"fmt"
	"slices"
	"time"
)

// StepState is the state of a step.
type StepState string

// The states of a step.
const (
	StepPending   StepState = "pending"
	StepInDoubt   StepState = "in-doubt" // a create was about to be sent, and its result is not known
	StepRunning   StepState = "running"
	StepSucceeded StepState = "succeeded"
	StepFailed    StepState = "failed"
	StepRefused   StepState = "refused"
)

// Sent reports whether a step in this state counts as sent: it may no longer
// change in the plan. One that failed or was refused may, for a new attempt.
func (s StepState) Sent() bool {
	return s == StepInDoubt || s == StepRunning || s == StepSucceeded
}

// State is what the events of a chain add up to.
type State struct {
	Chain     string
	Head      Head
	Opened    *OpenedData
	Principal string // who continues the chain
	Closed    *ClosedData
	Ended     *DecisionData // a person closed the chain
	Held      *DecisionData // the hold in force
	HeldAt    time.Time     // when it was recorded
	Steps     []Step        // by Seq-1; a step beyond the end is pending
	Ignored   map[string]bool
	Missing   map[string]time.Time // job id: since when DRS does not know it, by the server's clock
	Unknown   map[string]SightData // job id: since when DRS shows a status that is not documented
	Marked    map[string]bool      // job ids that a person marked succeeded or failed
	StepOfJob map[string]int       // every job id that is this chain's: its step
	NewestJob string               // the newest of them
	Conflict  *SecondJob           // nil if the ledger does not contradict itself
	Date      time.Time            // the highest server clock seen
	// CheckPending: the cutover succeeded, and no listing since then has shown
	// that no other ledger sent it too.
	CheckPending bool
	// NotBefore is the time, by the server's clock, until which a request may
	// still create a job although a person ended its doubt with another job.
	NotBefore time.Time
	// Insisted are job ids that a person marked although DRS gives no date by
	// which to wait.
	Insisted map[string]bool
	// Requests are the intents that created the jobs, by job id.
	Requests map[string]IntentData

	firstNamed map[string]int64 // job id: Seq of the first event that names it
}

// Step returns the state of step seq, counted from 1.
func (s *State) Step(seq int) Step {
	if seq < 1 || seq > len(s.Steps) {
		return Step{State: StepPending, Attempt: 1}
	}
	return s.Steps[seq-1]
}

// Fold applies a chain's events, in order. The first events of a chain, however
// many, fold too.
func Fold(chain string, events []Event) (*State, error) {
	s := &State{
		Chain: chain, Ignored: map[string]bool{}, StepOfJob: map[string]int{},
		Missing: map[string]time.Time{}, Unknown: map[string]SightData{}, Marked: map[string]bool{},
		Insisted: map[string]bool{}, Requests: map[string]IntentData{}, firstNamed: map[string]int64{},
	}
	s.Steps = slices.Grow(s.Steps, stepsIn(events))
	for _, e := range events {
		if err := s.Apply(e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// stepsIn is about how many steps events are about.
func stepsIn(events []Event) (n int) {
	for _, e := range events {
		n = max(n, e.Step)
	}
	return min(n, len(events))
}

// Apply applies the next event to the state.
func (s *State) Apply(e Event) error {
	s.Head = Head{Seq: e.Seq, Hash: e.Hash}
	if e.Kind.aboutStep() && (e.Step < 1 || e.Step > maxSteps) {
		return fmt.Errorf("event %d of chain %s (%s) is about step %d: %w", e.Seq, e.Chain, e.Kind, e.Step, ErrBroken)
	}
	switch e.Kind {
	case Opened:
		return with(e, func(d OpenedData) { s.open(e, d) })
	case Closed:
		return with(e, func(d ClosedData) { s.Closed = &d })
	case Intent:
		return with(e, func(d IntentData) { s.intend(e, d) })
	case Unsent, Throttled, Refused, Accepted, Adopted, Absent, Answered:
		return with(e, func(d OutcomeData) { s.settle(e, d) })
	case Searched:
		return with(e, func(d SearchedData) { s.search(e, d) })
	case JobSucceeded, JobFailed:
		return with(e, func(d FinishedData) { s.finish(e, d) })
	case Missing, Found, Unknown:
		return with(e, func(d SightData) { s.sight(e, d) })
	case Moved:
		return with(e, func(d MovedData) { s.wait(d.NotBefore) })
	case Checked:
		return with(e, func(CheckedData) { s.CheckPending = false })
	case Decision:
		d, err := decode[DecisionData](e)
		if err != nil {
			return err
		}
		return s.decide(e, d)
	}
	return fmt.Errorf("event %d of chain %s is of the kind %q: %w", e.Seq, e.Chain, e.Kind, errNewer)
}

// maxSteps is more than the largest plan file can hold: a million lines.
const maxSteps = 1 << 20

// aboutStep reports whether an event of this kind is about one step. A
// decision may be about the whole plan.
func (k Kind) aboutStep() bool {
	return k != Opened && k != Closed && k != Decision && k != Checked && k != Moved
}

func with[T any](e Event, f func(T)) error {
	d, err := decode[T](e)
	if err == nil {
		f(d)
	}
	return err
}

// at returns the step to change.
func (s *State) at(seq int) *Step {
	for len(s.Steps) < seq {
		s.Steps = append(s.Steps, Step{State: StepPending, Attempt: 1})
	}
	return &s.Steps[seq-1]
}

func (s *State) open(e Event, d OpenedData) {
	s.name(e.Seq, d.Baseline...)
	s.name(e.Seq, d.ListedUnknown...)
	s.Opened, s.Principal = &d, d.Principal
}

func (s *State) intend(e Event, d IntentData) {
	s.name(e.Seq, d.Listed...)
	s.name(e.Seq, d.ListedUnknown...)
	st := s.at(e.Step)
	st.State, st.Attempt = StepInDoubt, e.Attempt
	st.Intent, st.IntentSeq, st.IntentRun, st.IntentAt = d, e.Seq, e.Run, e.At
	st.ChainSHA256, st.Last = d.ChainSHA256, d.Last
	st.JobID, st.Answered, st.Answer, st.Searches = "", false, OutcomeData{}, nil
	if !d.FenceUntil.IsZero() { // else the date is that of the local clock, which may be years ahead
		s.sawDate(d.SignedAt)
	}
}

// SecondJob is a job that a create made after that create had another result in
// the ledger.
type SecondJob struct {
	JobID string
	Step  int
}

// settle applies an outcome. One that comes too late, for an intent that is no
// longer in doubt, changes nothing, unless it says that a job was made.
func (s *State) settle(e Event, d OutcomeData) {
	st := s.at(e.Step)
	made := e.Kind == Accepted || e.Kind == Adopted
	switch {
	case made && d.Intent == 0:
		st.Attempt, st.ChainSHA256, st.Last, st.IsCover = e.Attempt, d.ChainSHA256, d.Last, d.IsCover
		s.Requests[d.JobID] = IntentData{ChainSHA256: d.ChainSHA256, Last: d.Last}
		s.run(st, e, d)
	case made && st.IntentSeq == d.Intent && st.State == StepInDoubt:
		s.wait(d.NotBefore)
		s.Requests[d.JobID] = st.Intent
		st.Attempt = max(st.Attempt, e.Attempt) // the next attempt needs a name that no job has
		s.run(st, e, d)
	case made && st.JobID == d.JobID:
		// Two runs found the same job.
	case made: // its job stays unknown to the ledger until a person adopts or ignores it
		st.addJob(d.JobID)
		s.Conflict = &SecondJob{JobID: d.JobID, Step: e.Step}
	case st.IntentSeq == d.Intent && st.State == StepInDoubt:
		st.close(e.Kind, d)
	}
}

func (s *State) run(st *Step, e Event, d OutcomeData) {
	st.State, st.JobID, st.SubmittedAt = StepRunning, d.JobID, e.At
	st.FinishedAt, st.Status, st.ErrorLog = time.Time{}, "", ""
	s.StepOfJob[d.JobID] = e.Step
	st.addJob(d.JobID)
	s.name(e.Seq, d.JobID)
	s.NewestJob = d.JobID
}

// wait moves the end of what may still arrive.
func (s *State) wait(until time.Time) {
	if until.After(s.NotBefore) {
		s.NotBefore = until
	}
}

func (st *Step) addJob(jobID string) {
	if jobID != "" && !slices.Contains(st.AllJobIDs, jobID) {
		st.AllJobIDs = append(slices.Clip(st.AllJobIDs), jobID)
	}
}

// sight applies what DRS showed of a job.
func (s *State) sight(e Event, d SightData) {
	s.sawDate(d.Date)
	switch e.Kind {
	case Missing:
		s.Missing[d.JobID] = d.Date
	case Found:
		delete(s.Missing, d.JobID)
		delete(s.Unknown, d.JobID)
	default:
		delete(s.Missing, d.JobID)
		s.Unknown[d.JobID] = d
	}
}

// close applies an outcome without a job: the step is no longer in doubt,
// unless the answer leaves that open.
func (st *Step) close(kind Kind, d OutcomeData) {
	st.Answer = d
	switch kind {
	case Answered:
		st.Answered = true
	case Refused:
		st.State = StepRefused
	case Throttled:
		st.State, st.NotBefore = StepPending, d.NotBefore
	case Unsent:
		st.State = StepPending
	default: // Absent
		st.State = StepPending
		st.Absences++
	}
}

func (s *State) search(e Event, d SearchedData) {
	s.sawDate(d.Date)
	s.name(e.Seq, d.IDs...)
	s.name(e.Seq, d.ListedUnknown...)
	if st := s.at(e.Step); st.IntentSeq == d.Intent {
		st.Searches = append(st.Searches, d)
	}
}

func (s *State) finish(e Event, d FinishedData) {
	st := s.at(e.Step)
	if st.JobID != d.JobID || st.State != StepRunning {
		return
	}
	st.State = StepSucceeded
	if e.Kind == JobFailed {
		st.State = StepFailed
	}
	st.Status, st.ErrorLog, st.FinishedAt = d.Status, d.ErrorLog, e.At
	delete(s.Missing, d.JobID)
	delete(s.Unknown, d.JobID)
	if d.CheckPending {
		s.CheckPending = true
	}
}

func (s *State) sawDate(at time.Time) {
	if at.After(s.Date) {
		s.Date = at
	}
}
