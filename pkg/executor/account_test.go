package executor

import (
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
)

// TestAccountFor is the table of what accounts for a job that could belong to
// a step: nothing else allows a new attempt.
func TestAccountFor(t *testing.T) {
	first := inside
	later := first.Add(goneAfter)
	almost := later.Add(-time.Second)
	for name, c := range map[string]struct {
		missing time.Time
		unknown ledger.SightData
		judged  bool
		look    observation
		reason  Reason // "": accounted for
	}{
		"failed":                                {look: observation{Status: "FAILED"}},
		"failed, in another spelling":           {look: observation{Status: "failed"}},
		"precheck failed":                       {look: observation{Status: "PRECHECK_FAILED"}},
		"succeeded":                             {look: observation{Status: "SUCCESS"}, reason: NotFailed},
		"running":                               {look: observation{Status: "TRANSFERRING"}, reason: NotFailed},
		"succeeded, though judged failed":       {look: observation{Status: "success"}, judged: true, reason: NotFailed},
		"no status":                             {look: observation{}, reason: NotFailed},
		"missing now":                           {look: observation{Gone: true, Date: first}, reason: JobMissing},
		"missing, without a date":               {look: observation{Gone: true}, missing: first, reason: JobMissing},
		"missing for too short":                 {look: observation{Gone: true, Date: almost}, missing: first, reason: JobMissing},
		"missing for 45 minutes":                {look: observation{Gone: true, Date: later}, missing: first},
		"unknown status, not judged":            {look: observation{Status: "CANCELED", Date: later}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, reason: NotFailed},
		"unknown status, judged just now":       {look: observation{Status: "CANCELED", Date: first}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, too soon":      {look: observation{Status: "CANCELED", Date: almost}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, no date":       {look: observation{Status: "CANCELED"}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, another one":   {look: observation{Status: "PAUSED", Date: later}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, 45 minutes on": {look: observation{Status: "CANCELED", Date: later}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := ledger.Fold("c", nil)
			if !c.missing.IsZero() {
				s.Missing["j"] = c.missing
			}
			if c.unknown.Status != "" {
				s.Unknown["j"] = c.unknown
			}
			s.Marked["j"] = c.judged
			var got Reason
			if x := accountFor(s, "j", c.look); x != nil {
				got = x.Reason
			}
			if got != c.reason {
				t.Errorf("%q, want %q", got, c.reason)
			}
		})
	}
}

func TestUnaccountedNamesTheConflictFirst(t *testing.T) {
	s, _ := ledger.Fold("c", nil)
	s.Steps = []ledger.Step{{State: ledger.StepPending, Attempt: 3, AllJobIDs: []string{"missing", "failed"}}}
	f := Facts{State: s, target: &targetView{Claims: map[int][]string{1: {"failed", "alive"}}}}
	if !unseen(f, 1) {
		t.Error("jobs that were not looked at count as seen")
	}
	f.observed = map[string]observation{"missing": {Gone: true, Date: inside}, "failed": {Status: "FAILED"}, "alive": {Status: "SUCCESS"}}
	if unseen(f, 1) {
		t.Error("jobs that were looked at count as unseen")
	}
	x := unaccounted(f, 1)
	if x == nil || x.Class() != Conflict || x.Step != 1 || x.Jobs[0] != "alive" {
		t.Errorf("%+v, want a conflict about the job that is alive", x)
	}
}

// The listing may be right, and the look at the job wrong.
func TestUnaccountedWhileListContradictsLook(t *testing.T) {
	s, _ := ledger.Fold("c", nil)
	s.Steps = append(s.Steps, ledger.Step{State: ledger.StepPending, AllJobIDs: []string{"j"}})
	f := Facts{State: s, observed: map[string]observation{"j": {Status: "FAILED"}}, target: &targetView{}}
	if x := unaccounted(f, 1); x != nil {
		t.Errorf("a job that failed is not accounted for: %+v", x)
	}
	f.target.Alive = []drs.OfflineTaskInfo{{ID: "other", Status: "SUCCESS"}}
	if x := unaccounted(f, 1); x != nil {
		t.Errorf("another job counts: %+v", x)
	}
	f.target.Alive = append(f.target.Alive, drs.OfflineTaskInfo{ID: "j", Status: "SUCCESS"})
	if x := unaccounted(f, 1); x == nil || x.Why != WhyListContradicts || x.Class() != TryAgain || x.Detail != "SUCCESS" {
		t.Errorf("a job that the list shows as succeeded is accounted for: %+v", x)
	}
}

// TestSightKind: what is recorded of a look.
func TestSightKind(t *testing.T) {
	canceled := ledger.SightData{Status: "CANCELED", Date: inside}
	for name, c := range map[string]struct {
		missing bool
		unknown ledger.SightData
		look    observation
		want    ledger.Kind
	}{
		"first time missing":               {look: observation{Gone: true, Date: inside}, want: ledger.Missing},
		"missing again":                    {missing: true, look: observation{Gone: true, Date: inside}},
		"missing, without a date":          {look: observation{Gone: true}},
		"shown":                            {look: observation{Status: "TRANSFERRING", Date: inside}},
		"shown again":                      {missing: true, look: observation{Status: "SUCCESS"}, want: ledger.Found},
		"unknown status":                   {look: observation{Status: "CANCELED", Date: inside}, want: ledger.Unknown},
		"unknown status, without a date":   {look: observation{Status: "CANCELED"}},
		"the same unknown status":          {unknown: canceled, look: observation{Status: "CANCELED", Date: inside}},
		"another unknown status":           {unknown: canceled, look: observation{Status: "PAUSED", Date: inside}, want: ledger.Unknown},
		"unknown status after it was gone": {missing: true, unknown: canceled, look: observation{Status: "CANCELED", Date: inside}, want: ledger.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := ledger.Fold("c", nil)
			if c.missing {
				s.Missing["j"] = inside
			}
			s.Unknown["j"] = c.unknown
			if got := sightKind(s, "j", c.look); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
