package executor

import (
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
)

// TestAccountFor is the table of what accounts for a job that could be a
// step's: nothing else lets a new attempt leave.
func TestAccountFor(t *testing.T) {
	first := inside
	later := first.Add(goneAfter)
	almost := later.Add(-time.Second)
	for name, c := range map[string]struct {
		missing time.Time
		unknown ledger.SightData
		judged  bool
		look    Observation
		reason  Reason // "": accounted for
	}{
		"failed":                                {look: Observation{Status: "FAILED"}},
		"failed, in another spelling":           {look: Observation{Status: "failed"}},
		"precheck failed":                       {look: Observation{Status: "PRECHECK_FAILED"}},
		"succeeded":                             {look: Observation{Status: "SUCCESS"}, reason: NotFailed},
		"running":                               {look: Observation{Status: "TRANSFERRING"}, reason: NotFailed},
		"succeeded, though judged failed":       {look: Observation{Status: "success"}, judged: true, reason: NotFailed},
		"no status":                             {look: Observation{}, reason: NotFailed},
		"missing now":                           {look: Observation{Gone: true, Date: first}, reason: JobMissing},
		"missing, without a date":               {look: Observation{Gone: true}, missing: first, reason: JobMissing},
		"missing for too short":                 {look: Observation{Gone: true, Date: almost}, missing: first, reason: JobMissing},
		"missing for 45 minutes":                {look: Observation{Gone: true, Date: later}, missing: first},
		"unknown status, not judged":            {look: Observation{Status: "CANCELED", Date: later}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, reason: NotFailed},
		"unknown status, judged just now":       {look: Observation{Status: "CANCELED", Date: first}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, too soon":      {look: Observation{Status: "CANCELED", Date: almost}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, no date":       {look: Observation{Status: "CANCELED"}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, another one":   {look: Observation{Status: "PAUSED", Date: later}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true, reason: StatusSettling},
		"unknown status, judged, 45 minutes on": {look: Observation{Status: "CANCELED", Date: later}, unknown: ledger.SightData{Status: "CANCELED", Date: first}, judged: true},
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

// TestUnaccounted names the conflict among several jobs, and the step.
func TestUnaccountedNamesTheConflictFirst(t *testing.T) {
	s, _ := ledger.Fold("c", nil)
	s.Steps = []ledger.Step{{State: ledger.StepPending, Attempt: 3, AllJobIDs: []string{"missing", "failed"}}}
	f := Facts{State: s, Target: &TargetView{Claims: map[int][]string{1: {"failed", "alive"}}}}
	if !unseen(f, 1) {
		t.Error("jobs that were not looked at count as seen")
	}
	f.Observed = map[string]Observation{"missing": {Gone: true, Date: inside}, "failed": {Status: "FAILED"}, "alive": {Status: "SUCCESS"}}
	if unseen(f, 1) {
		t.Error("jobs that were looked at count as unseen")
	}
	x := unaccounted(f, 1)
	if x == nil || x.Class() != Conflict || x.Step != 1 || x.Jobs[0] != "alive" {
		t.Errorf("%+v, want a conflict about the job that is alive", x)
	}
}

// TestSightKind: what of a look is kept for later passes.
func TestSightKind(t *testing.T) {
	canceled := ledger.SightData{Status: "CANCELED", Date: inside}
	for name, c := range map[string]struct {
		missing bool
		unknown ledger.SightData
		look    Observation
		want    ledger.Kind
	}{
		"first time missing":               {look: Observation{Gone: true, Date: inside}, want: ledger.Missing},
		"missing again":                    {missing: true, look: Observation{Gone: true, Date: inside}},
		"missing, without a date":          {look: Observation{Gone: true}},
		"shown":                            {look: Observation{Status: "TRANSFERRING", Date: inside}},
		"shown again":                      {missing: true, look: Observation{Status: "SUCCESS"}, want: ledger.Found},
		"unknown status":                   {look: Observation{Status: "CANCELED", Date: inside}, want: ledger.Unknown},
		"unknown status, without a date":   {look: Observation{Status: "CANCELED"}},
		"the same unknown status":          {unknown: canceled, look: Observation{Status: "CANCELED", Date: inside}},
		"another unknown status":           {unknown: canceled, look: Observation{Status: "PAUSED", Date: inside}, want: ledger.Unknown},
		"unknown status after it was gone": {missing: true, unknown: canceled, look: Observation{Status: "CANCELED", Date: inside}, want: ledger.Unknown},
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
