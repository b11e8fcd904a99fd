package ledger

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// told is the short form of an event.
type told struct {
	kind          Kind
	step, attempt int
	data          any
}

// foldAll folds events that are sealed as the ledger would.
func foldAll(t testing.TB, events ...told) *State {
	t.Helper()
	s, err := Fold("c", sealed(t, events...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealed(t testing.TB, events ...told) []Event {
	t.Helper()
	var out []Event
	head := Head{}
	for i, x := range events {
		e, err := New("c", x.kind, x.step, x.attempt, "run", x.data)
		if err != nil {
			t.Fatal(err)
		}
		e.At = time.Unix(int64(i), 0)
		e = e.seal(head)
		head = Head{Seq: e.Seq, Hash: e.Hash}
		out = append(out, e)
	}
	return out
}

var (
	fence   = time.Date(2026, 3, 1, 0, 45, 0, 0, time.UTC)
	intent1 = told{Intent, 1, 1, IntentData{JobName: "n1", ChainSHA256: "h1", SignedAt: fence.Add(-time.Hour), FenceUntil: fence}}
	intent2 = told{Intent, 2, 1, IntentData{JobName: "n2", ChainSHA256: "h2", Last: true}}
	ran1    = told{Accepted, 1, 1, OutcomeData{Intent: 1, JobID: "j1"}}
	done1   = told{JobSucceeded, 1, 1, FinishedData{JobID: "j1", Status: "SUCCESS"}}
	failed1 = told{JobFailed, 1, 1, FinishedData{JobID: "j1", Status: "FAILED", ErrorLog: "why"}}
)

func decided(what string, step, attempt int) told {
	return told{Decision, step, attempt, DecisionData{What: what, User: "u"}}
}

// TestFold is one table, so it is long: each row is a history and the state that
// it gives.
func TestFold(t *testing.T) {
	for name, c := range map[string]struct {
		events   []told
		step     int
		state    StepState
		attempt  int
		job      string
		conflict bool
		check    func(*State) bool
	}{
		"nothing":                               {step: 1, state: StepPending, attempt: 1},
		"step 0":                                {step: 0, state: StepPending, attempt: 1},
		"opened":                                {events: []told{{Opened, 0, 0, OpenedData{Plan: "p", Principal: "a"}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Opened.Plan == "p" && s.Principal == "a" }},
		"ended by a person":                     {events: []told{decided(Close, 0, 0)}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Ended != nil }},
		"moved to another server":               {events: []told{intent1, {Moved, 0, 0, MovedData{NotBefore: fence}}}, step: 1, state: StepInDoubt, attempt: 1, check: func(s *State) bool { return s.NotBefore.Equal(fence) }},
		"ignored, no job named":                 {events: []told{decided(IgnoreJob, 1, 1)}, step: 1, state: StepPending, attempt: 2, check: func(s *State) bool { return s.Step(1).AllJobIDs == nil }},
		"adopted, the request may arrive":       {events: []told{intent1, {Adopted, 1, 1, OutcomeData{Intent: 1, JobID: "j1", NotBefore: fence}}}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool { return s.NotBefore.Equal(fence) && s.Requests["j1"].JobName == "n1" }},
		"marked failed, the request may arrive": {events: []told{intent1, {Decision, 1, 1, DecisionData{What: IsFailure, JobID: "j1", NotBefore: fence, BeforeFence: true}}}, step: 1, state: StepFailed, attempt: 1, check: func(s *State) bool { return s.NotBefore.Equal(fence) && s.Insisted["j1"] }},
		"found again, the status is known":      {events: []told{intent1, ran1, {Unknown, 1, 1, SightData{JobID: "j1", Status: "PAUSED", Date: fence}}, {Found, 1, 1, SightData{JobID: "j1", Date: fence}}}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool { return len(s.Unknown) == 0 }},
		"marked succeeded, a later intent made no job": {events: []told{
			intent1, ran1, failed1, decided(Retry, 1, 1),
			{Intent, 1, 2, IntentData{ChainSHA256: "h2", Last: true}}, {Unsent, 1, 2, OutcomeData{Intent: 5}}, decided(IsSuccess, 1, 2),
		}, step: 1, state: StepSucceeded, attempt: 2, check: func(s *State) bool { return s.Step(1).ChainSHA256 == "h1" && !s.Step(1).Last }},
		"marked succeeded, after a job whose request is not known": {events: []told{
			{Decision, 1, 1, DecisionData{What: IgnoreJob, JobID: "x"}}, {Decision, 1, 2, DecisionData{What: IsSuccess, ChainSHA256: "h1"}},
		}, step: 1, state: StepSucceeded, attempt: 2, check: func(s *State) bool { return s.Step(1).ChainSHA256 == "h1" }},
		"marked succeeded, a later intent is in doubt": {events: []told{
			intent1, ran1, failed1, decided(Retry, 1, 1),
			{Intent, 1, 2, IntentData{ChainSHA256: "h2", Last: true}}, decided(IsSuccess, 1, 2),
		}, step: 1, state: StepSucceeded, attempt: 2, check: func(s *State) bool { return s.Step(1).ChainSHA256 == "h2" && s.Step(1).Last }},
		"closed":                              {events: []told{{Closed, 0, 0, ClosedData{Generation: 2}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Closed.Generation == 2 }},
		"intended":                            {events: []told{intent1}, step: 1, state: StepInDoubt, attempt: 1, check: func(s *State) bool { return s.Step(1).ChainSHA256 == "h1" && s.Date.Equal(fence.Add(-time.Hour)) }},
		"accepted":                            {events: []told{intent1, ran1}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool { return s.NewestJob == "j1" && s.StepOfJob["j1"] == 1 }},
		"adopted":                             {events: []told{intent1, {Adopted, 1, 1, OutcomeData{Intent: 1, JobID: "j1"}}}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"unsent":                              {events: []told{intent1, {Unsent, 1, 1, OutcomeData{Intent: 1}}}, step: 1, state: StepPending, attempt: 1},
		"throttled":                           {events: []told{intent1, {Throttled, 1, 1, OutcomeData{Intent: 1, NotBefore: fence}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Step(1).NotBefore.Equal(fence) }},
		"refused":                             {events: []told{intent1, {Refused, 1, 1, OutcomeData{Intent: 1, Code: "DRS.M00200"}}}, step: 1, state: StepRefused, attempt: 1, check: func(s *State) bool { return s.Step(1).Answer.Code == "DRS.M00200" }},
		"absent":                              {events: []told{intent1, {Absent, 1, 1, OutcomeData{Intent: 1}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Step(1).Absences == 1 }},
		"answered":                            {events: []told{intent1, {Answered, 1, 1, OutcomeData{Intent: 1, StatusCode: 502}}}, step: 1, state: StepInDoubt, attempt: 1, check: func(s *State) bool { return s.Step(1).Answered && s.Step(1).Answer.StatusCode == 502 }},
		"intended again":                      {events: []told{intent1, {Answered, 1, 1, OutcomeData{Intent: 1}}, {Absent, 1, 1, OutcomeData{Intent: 1}}, intent1}, step: 1, state: StepInDoubt, attempt: 1, check: func(s *State) bool { st := s.Step(1); return !st.Answered && st.IntentSeq == 4 && st.Absences == 1 }},
		"succeeded":                           {events: []told{intent1, ran1, done1}, step: 1, state: StepSucceeded, attempt: 1, job: "j1"},
		"failed":                              {events: []told{intent1, ran1, failed1}, step: 1, state: StepFailed, attempt: 1, job: "j1", check: func(s *State) bool { return s.Step(1).ErrorLog == "why" }},
		"the end of another job":              {events: []told{intent1, ran1, {JobSucceeded, 1, 1, FinishedData{JobID: "x"}}}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"an end that came twice":              {events: []told{intent1, ran1, failed1, done1}, step: 1, state: StepFailed, attempt: 1, job: "j1"},
		"second step":                         {events: []told{intent1, ran1, done1, intent2, {Accepted, 2, 1, OutcomeData{Intent: 4, JobID: "j2"}}}, step: 2, state: StepRunning, attempt: 1, job: "j2", check: func(s *State) bool { return s.NewestJob == "j2" && s.Step(2).Last }},
		"late unsent":                         {events: []told{intent1, {Absent, 1, 1, OutcomeData{Intent: 1}}, intent1, {Unsent, 1, 1, OutcomeData{Intent: 1}}}, step: 1, state: StepInDoubt, attempt: 1},
		"unsent after its doubt":              {events: []told{intent1, {Absent, 1, 1, OutcomeData{Intent: 1}}, {Unsent, 1, 1, OutcomeData{Intent: 1, Code: "x"}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Step(1).Answer.Code == "" }},
		"late accepted":                       {events: []told{intent1, {Absent, 1, 1, OutcomeData{Intent: 1}}, intent1, {Accepted, 1, 1, OutcomeData{Intent: 1, JobID: "late"}}}, step: 1, state: StepInDoubt, attempt: 1, conflict: true, check: func(s *State) bool { return s.StepOfJob["late"] == 0 }},
		"accepted after a decision":           {events: []told{intent1, {Decision, 1, 1, DecisionData{What: NotCreated, Intent: 1}}, ran1}, step: 1, state: StepPending, attempt: 1, conflict: true},
		"accepted after adopted, same job":    {events: []told{intent1, {Adopted, 1, 1, OutcomeData{Intent: 1, JobID: "j1"}}, ran1}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"accepted after adopted, another job": {events: []told{intent1, {Adopted, 1, 1, OutcomeData{Intent: 1, JobID: "j9"}}, ran1}, step: 1, state: StepRunning, attempt: 1, job: "j9", conflict: true},
		"adopted in doubt, a later attempt":   {events: []told{intent1, {Adopted, 1, 4, OutcomeData{Intent: 1, JobID: "j4"}}}, step: 1, state: StepRunning, attempt: 4, job: "j4"},
		"adopted without an intent": {events: []told{{Adopted, 2, 3, OutcomeData{JobID: "j2", ChainSHA256: "h2", Last: true}}}, step: 2, state: StepRunning, attempt: 3, job: "j2", check: func(s *State) bool {
			return s.Step(2).ChainSHA256 == "h2" && s.Step(2).Last && s.Step(1).State == StepPending
		}},
		"searched":             {events: []told{intent1, {Searched, 1, 1, SearchedData{Intent: 1, Date: fence}}}, step: 1, state: StepInDoubt, attempt: 1, check: func(s *State) bool { return len(s.Step(1).Searches) == 1 && s.Date.Equal(fence) }},
		"searched for another": {events: []told{intent1, {Searched, 1, 1, SearchedData{Intent: 9, Date: fence.Add(-2 * time.Hour)}}}, step: 1, state: StepInDoubt, attempt: 1, check: func(s *State) bool { return len(s.Step(1).Searches) == 0 && s.Date.Equal(fence.Add(-time.Hour)) }},
		"retry after failed": {events: []told{intent1, ran1, failed1, decided(Retry, 1, 1)}, step: 1, state: StepPending, attempt: 2, check: func(s *State) bool {
			return slices.Equal(s.Step(1).AllJobIDs, []string{"j1"}) && s.StepOfJob["j1"] == 1
		}},
		"retry after failed and refused": {events: []told{intent1, ran1, failed1, decided(Retry, 1, 1), {Intent, 1, 2, IntentData{}}, {Refused, 1, 2, OutcomeData{Intent: 5}}, decided(Retry, 1, 2)}, step: 1, state: StepPending, attempt: 3, check: func(s *State) bool { return slices.Equal(s.Step(1).AllJobIDs, []string{"j1"}) }},
		"made by a settled intent":       {events: []told{intent1, {Unsent, 1, 1, OutcomeData{Intent: 1}}, ran1}, step: 1, state: StepPending, attempt: 1, conflict: true, check: func(s *State) bool { return slices.Equal(s.Step(1).AllJobIDs, []string{"j1"}) }},
		"missing":                        {events: []told{intent1, ran1, {Missing, 1, 1, SightData{JobID: "j1", Date: fence}}}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool { return s.Missing["j1"].Equal(fence) && s.Date.Equal(fence) }},
		"missing, found":                 {events: []told{intent1, ran1, {Missing, 1, 1, SightData{JobID: "j1", Date: fence}}, {Found, 1, 1, SightData{JobID: "j1", Date: fence}}}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool { return len(s.Missing) == 0 }},
		"missing, finished":              {events: []told{intent1, ran1, {Missing, 1, 1, SightData{JobID: "j1", Date: fence}}, done1}, step: 1, state: StepSucceeded, attempt: 1, job: "j1", check: func(s *State) bool { return len(s.Missing) == 0 }},
		"unknown status": {events: []told{intent1, ran1, {Missing, 1, 1, SightData{JobID: "j1", Date: fence}}, {Unknown, 1, 1, SightData{JobID: "j1", Status: "CANCELED", Date: fence}}}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool {
			return len(s.Missing) == 0 && s.Unknown["j1"].Status == "CANCELED" && !s.Marked["j1"]
		}},
		"unknown status, marked failed, retried": {events: []told{intent1, ran1, {Unknown, 1, 1, SightData{JobID: "j1", Status: "CANCELED", Date: fence}}, {Decision, 1, 1, DecisionData{What: IsFailure, JobID: "j1"}}, decided(Retry, 1, 1)}, step: 1, state: StepPending, attempt: 2, check: func(s *State) bool {
			return s.Marked["j1"] && slices.Equal(s.Step(1).AllJobIDs, []string{"j1"}) && s.Unknown["j1"].Status != ""
		}},
		"cutover succeeded, to be checked":        {events: []told{intent1, ran1, {JobSucceeded, 1, 1, FinishedData{JobID: "j1", CheckPending: true}}}, step: 1, state: StepSucceeded, attempt: 1, job: "j1", check: func(s *State) bool { return s.CheckPending }},
		"cutover called succeeded, to be checked": {events: []told{intent1, ran1, {Decision, 1, 1, DecisionData{What: IsSuccess, CheckPending: true}}}, step: 1, state: StepSucceeded, attempt: 1, job: "j1", check: func(s *State) bool { return s.CheckPending }},
		"checked": {events: []told{intent1, ran1, {JobSucceeded, 1, 1, FinishedData{JobID: "j1", CheckPending: true}}, {Checked, 1, 1, CheckedData{}}}, step: 1, state: StepSucceeded, attempt: 1, job: "j1", check: func(s *State) bool { return !s.CheckPending }},
		"rebuilt as failed, a later attempt": {events: []told{{Decision, 1, 2, DecisionData{What: IsFailure, JobID: "j2"}}}, step: 1, state: StepFailed, attempt: 2, check: func(s *State) bool {
			return slices.Equal(s.Step(1).AllJobIDs, []string{"j2"}) && s.StepOfJob["j2"] == 1
		}},
		"a decision about a later attempt of a running step": {events: []told{intent1, ran1, {Decision, 1, 2, DecisionData{What: IsFailure, JobID: "j2"}}}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"retry after refused":                                {events: []told{intent1, {Refused, 1, 1, OutcomeData{Intent: 1}}, decided(Retry, 1, 1)}, step: 1, state: StepPending, attempt: 2, check: func(s *State) bool { return slices.Equal(s.Step(1).AllJobIDs, nil) }},
		"retry twice":                                        {events: []told{intent1, ran1, failed1, decided(Retry, 1, 1), decided(Retry, 1, 1)}, step: 1, state: StepPending, attempt: 2},
		"retry of what runs":                                 {events: []told{intent1, ran1, decided(Retry, 1, 1)}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"not created":                                        {events: []told{intent1, {Decision, 1, 1, DecisionData{What: NotCreated, Intent: 1}}}, step: 1, state: StepPending, attempt: 1},
		"not created, another":                               {events: []told{intent1, {Decision, 1, 1, DecisionData{What: NotCreated, Intent: 9}}}, step: 1, state: StepInDoubt, attempt: 1},
		"not created, not in doubt":                          {events: []told{intent1, ran1, {Decision, 1, 1, DecisionData{What: NotCreated, Intent: 1}}}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"declared succeeded":                                 {events: []told{intent1, decided(IsSuccess, 1, 1)}, step: 1, state: StepSucceeded, attempt: 1},
		"declared failed":                                    {events: []told{intent1, ran1, decided(IsFailure, 1, 1)}, step: 1, state: StepFailed, attempt: 1},
		"declared of another try":                            {events: []told{intent1, ran1, decided(IsSuccess, 1, 2)}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"declared failed, retried":                           {events: []told{intent1, ran1, decided(IsFailure, 1, 1), decided(Retry, 1, 1)}, step: 1, state: StepPending, attempt: 2, check: func(s *State) bool { return slices.Equal(s.Step(1).AllJobIDs, []string{"j1"}) }},
		"retry, declared succeeded":                          {events: []told{intent1, ran1, failed1, decided(Retry, 1, 1), decided(IsSuccess, 1, 2)}, step: 1, state: StepSucceeded, attempt: 2, check: func(s *State) bool { return slices.Equal(s.Step(1).AllJobIDs, []string{"j1"}) }},
		"succeeded, never sent here":                         {events: []told{{Decision, 1, 1, DecisionData{What: IsSuccess, ChainSHA256: "h1", Last: true}}}, step: 1, state: StepSucceeded, attempt: 1, check: func(s *State) bool { return s.Step(1).ChainSHA256 == "h1" && s.Step(1).Last && !s.MarkedSucceeded("") }},
		"marked succeeded, with its job": {events: []told{intent1, {Decision, 1, 1, DecisionData{What: IsSuccess, JobID: "j9"}}}, step: 1, state: StepSucceeded, attempt: 1, job: "j9", check: func(s *State) bool {
			return s.StepOfJob["j9"] == 1 && s.MarkedSucceeded("j9") && !s.MarkedSucceeded("j8")
		}},
		"succeeded, as DRS says":      {events: []told{intent1, ran1, done1}, step: 1, state: StepSucceeded, attempt: 1, job: "j1", check: func(s *State) bool { return !s.MarkedSucceeded("j1") }},
		"running is not marked":       {events: []told{intent1, ran1}, step: 1, state: StepRunning, attempt: 1, job: "j1", check: func(s *State) bool { return !s.MarkedSucceeded("j1") }},
		"held":                        {events: []told{decided(Hold, 0, 0)}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Held != nil && s.Held.User == "u" }},
		"released":                    {events: []told{decided(Hold, 0, 0), decided(Release, 0, 0)}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Held == nil }},
		"ignored attempt":             {events: []told{{Decision, 1, 2, DecisionData{What: IgnoreJob, JobID: "x"}}}, step: 1, state: StepPending, attempt: 3, check: func(s *State) bool { return s.Ignored["x"] }},
		"ignored, the attempt itself": {events: []told{{Decision, 1, 1, DecisionData{What: IgnoreJob, JobID: "x"}}}, step: 1, state: StepPending, attempt: 2},
		"ignored, of one before":      {events: []told{{Decision, 1, 2, DecisionData{What: IgnoreJob, JobID: "x"}}, {Decision, 1, 1, DecisionData{What: IgnoreJob, JobID: "y"}}}, step: 1, state: StepPending, attempt: 3},
		"ignored, while it runs":      {events: []told{intent1, ran1, {Decision, 1, 1, DecisionData{What: IgnoreJob, JobID: "x"}}}, step: 1, state: StepRunning, attempt: 1, job: "j1"},
		"ignored, of no step":         {events: []told{{Decision, maxSteps + 1, 1, DecisionData{What: IgnoreJob, JobID: "x"}}}, step: 1, state: StepPending, attempt: 1},
		"ignored":                     {events: []told{{Decision, 0, 0, DecisionData{What: IgnoreJob, JobID: "x"}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Ignored["x"] }},
		"confirmed":                   {events: []told{{Decision, 1, 1, DecisionData{What: Confirm, Key: "p@h"}}}, step: 1, state: StepPending, attempt: 1},
		"recognized":                  {events: []told{{Opened, 0, 0, OpenedData{Principal: "a"}}, {Decision, 0, 0, DecisionData{What: Recognize, Principal: "b"}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Principal == "b" && s.Opened.Principal == "a" }},
		"an older date does nothing":  {events: []told{{Searched, 1, 1, SearchedData{Date: fence}}, {Searched, 1, 1, SearchedData{Date: fence.Add(-1)}}}, step: 1, state: StepPending, attempt: 1, check: func(s *State) bool { return s.Date.Equal(fence) }},
	} {
		t.Run(name, func(t *testing.T) {
			for n := range c.events { // I7: every prefix folds
				foldAll(t, c.events[:n]...)
			}
			s := foldAll(t, c.events...)
			st := s.Step(c.step)
			if st.State != c.state || st.Attempt != c.attempt || st.JobID != c.job {
				t.Errorf("step %d is %s, attempt %d, job %q; want %s, %d, %q", c.step, st.State, st.Attempt, st.JobID, c.state, c.attempt, c.job)
			}
			if (s.Conflict != nil) != c.conflict {
				t.Errorf("conflict %v", s.Conflict)
			}
			if c.check != nil && !c.check(s) {
				t.Errorf("state %+v, step %+v", s, st)
			}
			if s.Head.Seq != int64(len(c.events)) {
				t.Errorf("head %d", s.Head.Seq)
			}
		})
	}
}

func TestFoldRefusesWhatItCannotRead(t *testing.T) {
	unknown := sealed(t, told{Kind("rotated"), 1, 1, struct{}{}})
	if _, err := Fold("c", unknown); !errors.Is(err, errNewer) {
		t.Errorf("an unknown kind: %v", err)
	}
	if _, err := Fold("c", sealed(t, decided("freeze", 0, 0))); !errors.Is(err, errNewer) {
		t.Errorf("an unknown decision: %v", err)
	}
	for _, step := range []int{-1, 0, maxSteps + 1} {
		if _, err := Fold("c", sealed(t, told{Intent, step, 1, IntentData{}})); !errors.Is(err, ErrBroken) {
			t.Errorf("an intent about step %d: %v", step, err)
		}
		s, err := Fold("c", sealed(t, told{Decision, step, 1, DecisionData{What: Retry}}))
		if err != nil || len(s.Steps) != 0 {
			t.Errorf("a decision about step %d: %v", step, err)
		}
	}
	garbled := sealed(t, decided(Hold, 0, 0))
	garbled[0].Data = []byte(`{"what": 5}`)
	if _, err := Fold("c", garbled); err == nil {
		t.Error("a decision of the wrong type folds")
	}
	garbled = sealed(t, intent1)
	garbled[0].Data = []byte(`{"signed_at": 5}`)
	if _, err := Fold("c", garbled); err == nil {
		t.Error("data of the wrong type folds")
	}
}

func TestFoldCountsFailedAndRefusedStepsAsNotSent(t *testing.T) {
	for state, want := range map[StepState]bool{
		StepPending: false, StepFailed: false, StepRefused: false, StepInDoubt: true, StepRunning: true, StepSucceeded: true,
	} {
		if state.Sent() != want {
			t.Errorf("%s.Sent() = %t", state, !want)
		}
	}
}

func BenchmarkFold100000(b *testing.B) {
	var events []told
	for i := range 25000 {
		step := i + 1
		events = append(events,
			told{Intent, step, 1, IntentData{JobName: "n", Body: string(make([]byte, 0)), ChainSHA256: "h"}},
			told{Accepted, step, 1, OutcomeData{Intent: int64(4*i + 1), JobID: "j"}},
			told{Searched, step, 1, SearchedData{Intent: int64(4*i + 1)}},
			told{JobSucceeded, step, 1, FinishedData{JobID: "j"}})
	}
	all := sealed(b, events...)
	for b.Loop() {
		if _, err := Fold("c", all); err != nil {
			b.Fatal(err)
		}
	}
}
