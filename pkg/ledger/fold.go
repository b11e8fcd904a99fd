package ledger

import (
	"fmt"
	"slices"
	"time"
)

// StepState is where a step stands.
type StepState string

// The states of a step.
const (
	Pending       StepState = "pending"
	InDoubt       StepState = "in-doubt" // a create was intended, and what became of it is open
	Running       StepState = "running"
	StepSucceeded StepState = "succeeded"
	StepFailed    StepState = "failed"
	StepRefused   StepState = "refused"
)

// Sent reports whether a step in this state counts as sent: it may no longer
// change in the plan. One that failed or was refused may, for a new attempt.
func (s StepState) Sent() bool {
	return s == InDoubt || s == Running || s == StepSucceeded
}

// Step is what the ledger knows of one step.
type Step struct {
	State   StepState
	Attempt int // the current one, from 1

	Intent      IntentData // the newest one
	IntentSeq   int64      // 0: none
	IntentRun   string
	IntentAt    time.Time
	ChainSHA256 string // of what was sent last
	Last        bool

	JobID       string
	SubmittedAt time.Time
	FinishedAt  time.Time
	Status      string // DRS's word for the end
	ErrorLog    string

	Answer    OutcomeData // the newest refusal, throttling or doubtful answer
	Answered  bool        // the intent in doubt had a complete answer
	NotBefore time.Time   // no create before this, by the server's clock
	Searches  []SearchedData
	Absences  int // how often absence was believed in this attempt

	// AllJobIDs are the jobs that were ever this step's, of any attempt: a new
	// attempt is sent only when each of them is accounted for.
	AllJobIDs []string
	IsCover   *bool // adopted without an intent: as DRS showed it
}

// State is a chain's history, folded.
type State struct {
	Chain     string
	Head      Head
	Opened    *OpenedData
	Principal string // who continues the chain
	Closed    *ClosedData
	Ended     *DecisionData // a person closed the chain
	Held      *DecisionData // the hold in force
	Steps     []Step        // by Seq-1; a step beyond the end is pending
	Ignored   map[string]bool
	Missing   map[string]time.Time // job id: the server's clock at the first look that did not know it
	Unknown   map[string]SightData // job id: since when it shows a status that no page knows
	Marked    map[string]bool      // job ids that a person marked succeeded or failed
	StepOfJob map[string]int       // every job id that is this chain's: its step
	NewestJob string               // the newest of them
	Conflict  string               // what contradicts itself, "" if nothing
	Date      time.Time            // the highest server clock seen
	// CheckPending: the cutover succeeded, and no listing since has shown that
	// this ledger alone sent it.
	CheckPending bool

	firstNamed map[string]int64 // job id: Seq of the first event that names it
}

// Step gives the state of step seq, counted from 1.
func (s *State) Step(seq int) Step {
	if seq < 1 || seq > len(s.Steps) {
		return Step{State: Pending, Attempt: 1}
	}
	return s.Steps[seq-1]
}

// Fold reads a chain's events, in order, into its state. Every prefix of a
// history folds.
func Fold(chain string, events []Event) (*State, error) {
	s := &State{
		Chain: chain, Ignored: map[string]bool{}, StepOfJob: map[string]int{},
		Missing: map[string]time.Time{}, Unknown: map[string]SightData{}, Marked: map[string]bool{}, firstNamed: map[string]int64{},
	}
	for _, e := range events {
		if err := s.Apply(e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Apply reads the next event into the state.
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
func (k Kind) aboutStep() bool { return k != Opened && k != Closed && k != Decision && k != Checked }

func with[T any](e Event, f func(T)) error {
	d, err := decode[T](e)
	if err == nil {
		f(d)
	}
	return err
}

// at gives the step to change.
func (s *State) at(seq int) *Step {
	for len(s.Steps) < seq {
		s.Steps = append(s.Steps, Step{State: Pending, Attempt: 1})
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
	st.State, st.Attempt = InDoubt, e.Attempt
	st.Intent, st.IntentSeq, st.IntentRun, st.IntentAt = d, e.Seq, e.Run, e.At
	st.ChainSHA256, st.Last = d.ChainSHA256, d.Last
	st.JobID, st.Answered, st.Answer, st.Searches = "", false, OutcomeData{}, nil
	if !d.FenceUntil.IsZero() { // else the date is the local clock's, which may be years ahead
		s.sawDate(d.SignedAt)
	}
}

// settle applies an outcome. One that comes too late, for an intent that is no
// longer in doubt, is recorded by its event and changes nothing, unless it
// says that a job was made.
func (s *State) settle(e Event, d OutcomeData) {
	st := s.at(e.Step)
	made := e.Kind == Accepted || e.Kind == Adopted
	switch {
	case made && d.Intent == 0:
		st.Attempt, st.ChainSHA256, st.Last, st.IsCover = e.Attempt, d.ChainSHA256, d.Last, d.IsCover
		s.run(st, e, d)
	case made && st.IntentSeq == d.Intent && st.State == InDoubt:
		s.run(st, e, d)
	case made && st.JobID == d.JobID:
		// Two runs learnt the same thing.
	case made: // its job stays unknown: a listing shows it until it is adopted or ignored
		st.addJob(d.JobID)
		s.Conflict = fmt.Sprintf("job %s was made for step %d by an intent that was already settled", d.JobID, e.Step)
	case st.IntentSeq == d.Intent && st.State == InDoubt:
		st.close(e.Kind, d)
	}
}

func (s *State) run(st *Step, e Event, d OutcomeData) {
	st.State, st.JobID, st.SubmittedAt = Running, d.JobID, e.At
	st.FinishedAt, st.Status, st.ErrorLog = time.Time{}, "", ""
	s.StepOfJob[d.JobID] = e.Step
	st.addJob(d.JobID)
	s.name(e.Seq, d.JobID)
	s.NewestJob = d.JobID
}

func (st *Step) addJob(jobID string) {
	if jobID != "" && !slices.Contains(st.AllJobIDs, jobID) {
		st.AllJobIDs = append(slices.Clip(st.AllJobIDs), jobID)
	}
}

// sight notes what a look showed of a job.
func (s *State) sight(e Event, d SightData) {
	s.sawDate(d.Date)
	switch e.Kind {
	case Missing:
		s.Missing[d.JobID] = d.Date
	case Found:
		delete(s.Missing, d.JobID)
	default:
		delete(s.Missing, d.JobID)
		s.Unknown[d.JobID] = d
	}
}

// close ends a doubt without a job, or notes an answer that does not end it.
func (st *Step) close(kind Kind, d OutcomeData) {
	st.Answer = d
	switch kind {
	case Answered:
		st.Answered = true
	case Refused:
		st.State = StepRefused
	case Throttled:
		st.State, st.NotBefore = Pending, d.NotBefore
	case Unsent:
		st.State = Pending
	default: // Absent
		st.State = Pending
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
	if st.JobID != d.JobID || st.State != Running {
		return
	}
	st.State = StepSucceeded
	if e.Kind == JobFailed {
		st.State = StepFailed
	}
	st.Status, st.ErrorLog, st.FinishedAt = d.Status, d.ErrorLog, e.At
	delete(s.Missing, d.JobID)
	delete(s.Unknown, d.JobID)
	s.CheckPending = s.CheckPending || d.CheckPending
}

func (s *State) decide(e Event, d DecisionData) error {
	switch d.What {
	case Hold:
		s.Held = &d
	case Release:
		s.Held = nil
	case Close:
		s.Ended = &d
	case IgnoreJob:
		s.Ignored[d.JobID] = true
		s.name(e.Seq, d.JobID)
		s.skip(e, d.JobID)
	case Recognize:
		s.Principal, s.Conflict = d.Principal, ""
	case Retry, NotCreated, IsSuccess, IsFailure:
		s.decideStep(e, d)
	case Confirm:
	default:
		return fmt.Errorf("event %d of chain %s is a decision %q: %w", e.Seq, e.Chain, d.What, errNewer)
	}
	return nil
}

// skip opens the attempt behind one whose job is of no concern: that job has its
// name.
func (s *State) skip(e Event, jobID string) {
	if e.Step < 1 || e.Step > maxSteps {
		return
	}
	st := s.at(e.Step)
	st.addJob(jobID)
	if st.State == Pending && st.Attempt <= e.Attempt {
		st.Attempt = e.Attempt + 1
	}
}

// decideStep applies a decision about one step. One about none changes
// nothing.
func (s *State) decideStep(e Event, d DecisionData) {
	if e.Step < 1 || e.Step > maxSteps {
		return
	}
	switch d.What {
	case Retry:
		s.retry(e)
	case NotCreated:
		if st := s.at(e.Step); st.State == InDoubt && st.IntentSeq == d.Intent {
			st.State = Pending
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
	// What was sent stays known: a person may yet find that it was restored.
	*st = Step{State: Pending, Attempt: e.Attempt + 1, ChainSHA256: st.ChainSHA256, Last: st.Last, AllJobIDs: st.AllJobIDs}
}

// mark records a person's word on how a step ended, where DRS can no longer
// report it.
func (s *State) mark(e Event, d DecisionData) {
	st := s.at(e.Step)
	rebuilt := d.JobID != "" && e.Attempt > st.Attempt && !st.State.Sent()
	if st.Attempt != e.Attempt && !rebuilt {
		return
	}
	st.State, st.FinishedAt, st.Attempt = StepSucceeded, e.At, e.Attempt
	st.Status = ""
	if d.JobID != "" {
		st.JobID, s.StepOfJob[d.JobID], s.Marked[d.JobID] = d.JobID, e.Step, true
		st.addJob(d.JobID)
		s.name(e.Seq, d.JobID)
	}
	s.CheckPending = s.CheckPending || d.CheckPending
	if d.ChainSHA256 != "" { // the ledger never knew what was sent
		st.ChainSHA256, st.Last = d.ChainSHA256, d.Last
	}
	if d.What == IsFailure {
		st.State, st.JobID = StepFailed, "" // there is no job that a retry could look at
	}
}

// MarkedSucceeded reports whether a person marked the step of a job as
// succeeded: its record in DRS may be gone.
func (s *State) MarkedSucceeded(jobID string) bool {
	st := s.Step(s.StepOfJob[jobID])
	return st.JobID == jobID && st.State == StepSucceeded && st.Status == ""
}

func (s *State) sawDate(at time.Time) {
	if at.After(s.Date) {
		s.Date = at
	}
}
