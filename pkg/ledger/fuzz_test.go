package ledger

import (
	"errors"
	"testing"
)

// FuzzFold reads bytes as a history, three bytes for an event. No history makes
// the fold panic, and its result is always a possible state of a chain.
func FuzzFold(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 0, 2, 1, 0, 9, 1, 0})
	f.Add([]byte{1, 1, 0, 5, 1, 0, 1, 1, 0, 3, 1, 1, 11, 1, 4, 11, 1, 3})
	f.Add([]byte{4, 2, 9, 10, 2, 0, 11, 2, 4, 1, 2, 0, 7, 2, 3})
	kinds := []Kind{Opened, Intent, Accepted, Unsent, Adopted, Absent, Throttled, Refused, Answered, JobSucceeded, JobFailed, Decision, Searched, Closed}
	whats := []string{Hold, Release, IgnoreJob, Recognize, Retry, NotCreated, IsSuccess, IsFailure, Confirm}
	f.Fuzz(func(t *testing.T, data []byte) {
		var events []told
		for i := 0; i+2 < len(data) && len(events) < 64; i += 3 {
			k, step, arg := kinds[int(data[i])%len(kinds)], int(data[i+1])%5, int(data[i+2])
			events = append(events, told{k, step, 1 + arg%3, fuzzData(k, arg, len(events), whats)})
		}
		s, err := Fold("c", sealed(t, events...))
		if err != nil {
			if !errors.Is(err, ErrBroken) {
				t.Fatal(err)
			}
			return // an event about a step that cannot be
		}
		for seq := -1; seq <= len(s.Steps)+1; seq++ {
			st := s.Step(seq)
			if st.Attempt < 0 || st.State == "" {
				t.Fatalf("step %d is %+v", seq, st)
			}
			if st.State == StepRunning && st.JobID == "" {
				t.Fatalf("step %d runs without a job: %+v", seq, events)
			}
			if st.State == StepInDoubt && st.IntentSeq == 0 {
				t.Fatalf("step %d is in doubt without an intent: %+v", seq, events)
			}
		}
	})
}

func fuzzData(k Kind, arg, at int, whats []string) any {
	job := string(rune('a' + arg%4))
	intent := int64(arg % (at + 1))
	switch k {
	case Opened:
		return OpenedData{Principal: job}
	case Closed:
		return ClosedData{}
	case Intent:
		return IntentData{JobName: job, ChainSHA256: job}
	case JobSucceeded, JobFailed:
		return FinishedData{JobID: job}
	case Searched:
		return SearchedData{Intent: intent}
	case Decision:
		return DecisionData{What: whats[arg%len(whats)], Intent: intent, JobID: job}
	}
	return OutcomeData{Intent: intent, JobID: job}
}

// FuzzEventData gives the fold any bytes as the data of an event.
func FuzzEventData(f *testing.F) {
	f.Add("intent", `{"job_name":"n","signed_at":"2026-03-01T00:00:00Z"}`)
	f.Add("accepted", `{"intent":1,"job_id":"j"}`)
	f.Add("decision", `{"what":"retry"}`)
	f.Add("rotated", `{}`)
	f.Fuzz(func(t *testing.T, kind, data string) {
		e := Event{Chain: "c", Seq: 1, Kind: Kind(kind), Step: 1, Attempt: 1, Data: []byte(data)}
		s, err := Fold("c", []Event{e})
		if (s == nil) == (err == nil) {
			t.Fatalf("state %v, error %v", s, err)
		}
		_ = e.Summary()
	})
}
