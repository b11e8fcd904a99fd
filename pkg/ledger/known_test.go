package ledger

import (
	"reflect"
	"testing"
)

// A job is known from the first event that names it, in old events and in new
// ones.
func TestJobIsKnownFromTheFirstEventThatNamesIt(t *testing.T) {
	s := foldAll(t,
		told{Opened, 0, 0, OpenedData{Baseline: []string{"old baseline"}, ListedUnknown: []string{"opened"}}},
		told{Intent, 1, 1, IntentData{Listed: []string{"old listed", "opened"}, ListedUnknown: []string{"intent"}}},
		told{Searched, 1, 1, SearchedData{Intent: 2, IDs: []string{"old ids"}, ListedUnknown: []string{"searched"}}},
		told{Accepted, 1, 1, OutcomeData{Intent: 2, JobID: "accepted"}},
		told{Decision, 0, 0, DecisionData{What: IgnoreJob, JobID: "ignored"}},
		told{Decision, 2, 1, DecisionData{What: IsSuccess, JobID: "resolved"}},
		told{Intent, 3, 1, IntentData{ListedUnknown: []string{"opened", "accepted", "late"}}},
	)
	first := map[string]int64{
		"old baseline": 1, "opened": 1, "old listed": 2, "intent": 2, "old ids": 3, "searched": 3,
		"accepted": 4, "ignored": 5, "resolved": 6, "late": 7,
	}
	ids := []string{"never"}
	for id, seq := range first {
		ids = append(ids, id)
		if s.KnownAt(id, seq-1) || !s.KnownAt(id, seq) || !s.KnownAt(id, s.Head.Seq) {
			t.Errorf("%s is not known from event %d on", id, seq)
		}
	}
	if got := s.Unnamed(ids); !reflect.DeepEqual(got, []string{"never"}) || s.KnownAt("never", 99) {
		t.Errorf("unknown: %q", got)
	}
}
