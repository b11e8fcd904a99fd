package executor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Times of the assumptions under which absence is believed: the gateway
// refuses older signatures, processing ends, and a listing shows a job.
const (
	signatureLife  = 15 * time.Minute                    // A2
	processingTime = 10 * time.Minute                    // A3
	listingLag     = 5 * time.Minute                     // A3
	exchangeTime   = drs.MaxListingAge + drs.MaxExchange // from the intent, whose date is the signature's, to the end of the answer
	answeredFence  = exchangeTime + processingTime + listingLag
	silentFence    = 2*signatureLife + processingTime + listingLag // 45 min: A2 and A3 together, and A2 once more
	tokenFence     = 24*time.Hour + silentFence                    // a token is good for a day (IAM) whatever a request's date
	searchesApart  = listingLag                                    // between the two searches that show absence
	searchesWithin = 24 * time.Hour
)

// doubtFacts is all that Doubt decides on.
type doubtFacts struct {
	Step      plan.Step
	Known     ledger.Step
	target    *targetView
	Details   map[string]drs.Job // of the survey's candidates
	NewestJob string             // the newest job that the ledger knows on this target
	Highest   time.Time          // the highest server clock seen so far
	Principal string
	AskPerson bool // MIGPLAN_SETTLE=ask
}

// verdict is how a doubt goes on: adopt a job, believe absence, or stop; a
// search that counts as evidence is recorded in any case.
type verdict struct {
	Adopt  string               // job id
	Absent string               // the evidence
	Record *ledger.SearchedData // a search to write down
	Stop   *Stop
}

// decideDoubt decides what became of a create whose outcome is unknown.
func decideDoubt(f doubtFacts) verdict {
	switch v := f.target; {
	case len(v.Candidates) > 1:
		return verdict{Stop: about(v.Candidates, DuplicateJobs, f.Step.Seq)}
	case len(v.Candidates) == 1:
		return compareCandidate(f)
	case len(v.Unknown) > 0:
		return verdict{Stop: unknownJobs(v, f.Step.Seq)}
	}
	if why := needsPerson(f); why != "" {
		return verdict{Stop: &Stop{Reason: DoubtNeedsPerson, Step: f.Step.Seq, Why: why, Jobs: f.target.Unaccounted}}
	}
	return absence(f)
}

func about(jobs []drs.OfflineTaskInfo, r Reason, seq int) *Stop {
	s := stop(r, seq)
	for _, j := range jobs {
		s.Jobs = append(s.Jobs, j.ID)
	}
	return s
}

// compareCandidate adopts the one job that bears the step's name or marker
// when all of it is as it was intended, and calls it a conflict otherwise.
func compareCandidate(f doubtFacts) verdict {
	listed := f.target.Candidates[0]
	j, ok := f.Details[listed.ID]
	if !ok {
		return verdict{Stop: &Stop{Reason: APIUnavailable, Step: f.Step.Seq, Jobs: []string{listed.ID}, Why: WhyJobUnread}}
	}
	diff := adoptable(j, f.Step)
	switch {
	case diff != "":
	case !strings.EqualFold(j.Name, f.Known.Intent.JobName):
		diff = fmt.Sprintf("its name is %q, the step's is %q", j.Name, f.Known.Intent.JobName)
	default:
		diff = markerDiffers(j, f.Step)
	}
	if diff != "" {
		return verdict{Stop: &Stop{Reason: JobDiffers, Step: f.Step.Seq, Jobs: []string{j.ID}, Detail: diff}}
	}
	return verdict{Adopt: j.ID}
}

// needsPerson says why absence must not be believed without a person, "" if
// it may.
func needsPerson(f doubtFacts) Why {
	switch k := f.Known; {
	case f.Step.Last:
		return WhyCutover
	case f.Step.Seq == 1:
		return WhyFull
	case k.Intent.TokenAuth:
		return WhyToken
	case k.Answer.Code == "DRS.M00277":
		return WhyNameExists
	case len(f.target.Unaccounted) > 0:
		return WhyUnaccounted
	case k.Absences > 0:
		return WhyTwice
	case f.NewestJob == "":
		return WhyNoKnownJob
	case k.Intent.FenceUntil.IsZero():
		return WhyNoDate
	case !f.target.Date.IsZero() && f.Highest.Sub(f.target.Date) > searchesWithin:
		return WhyDateAhead
	case f.AskPerson:
		return WhyAsk
	}
	return ""
}

// absence believes that no job was made when two complete searches, both
// behind the fence and listingLag of server time apart, show the witness and
// not the job.
func absence(f doubtFacts) verdict {
	fence, settling := FenceOf(f.Known), stop(Settling, f.Step.Seq)
	v := f.target
	if !isEvidence(f) {
		settling.Until = fence
		return verdict{Stop: settling}
	}
	if v.Date.Before(fence) {
		settling.Until = fence
		return verdict{Stop: settling}
	}
	if !listsKnownJob(f) {
		return verdict{Stop: &Stop{Reason: DoubtNeedsPerson, Step: f.Step.Seq, Why: WhyNoKnownJob}}
	}
	for _, s := range f.Known.Searches {
		apart := v.Date.Sub(s.Date)
		if s.Principal != f.Principal || s.Date.Before(fence) || apart > searchesWithin {
			continue
		}
		if apart >= searchesApart {
			return verdict{Absent: fmt.Sprintf("not listed at %s and at %s, behind the fence of %s, with witness %s",
				s.Date.Format(time.RFC3339), v.Date.Format(time.RFC3339), fence.Format(time.RFC3339), f.NewestJob)}
		}
		settling.Until = s.Date.Add(searchesApart)
		return verdict{Stop: settling}
	}
	settling.Until = v.Date.Add(searchesApart)
	return verdict{Stop: settling, Record: &ledger.SearchedData{
		Intent: f.Known.IntentSeq, Date: v.Date, Count: len(v.IDs), ListedUnknown: v.News, NewestJob: f.NewestJob, Principal: f.Principal,
	}}
}

// isEvidence: a listing shows absence only when it is whole and no older than
// what was seen before. A later one may be.
func isEvidence(f doubtFacts) bool {
	v := f.target
	return v.Complete && !v.Date.IsZero() && !v.Date.Before(f.Highest)
}

// listsKnownJob: the listing also holds a job that is known to be there, and is
// seen by the credential of the intent. Where it is not, because the witness
// was deleted or the credential is another, it will not be later: a person is
// asked.
func listsKnownJob(f doubtFacts) bool {
	return slices.Contains(f.target.IDs, f.NewestJob) && f.Known.Intent.Principal == f.Principal
}

// FenceOf is when, by the server's clock, the create can no longer become a
// job that a listing does not show.
func FenceOf(k ledger.Step) time.Time {
	if k.Answered {
		return k.Intent.AnsweredFenceUntil
	}
	return k.Intent.FenceUntil
}
