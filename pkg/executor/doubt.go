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

// The times in the assumptions under which a missing job counts as never
// created (docs/reliability.md): the gateway refuses older signatures, DRS has
// processed the request, and a listing shows the job.
const (
	signatureLife  = 15 * time.Minute                    // A2
	processingTime = 10 * time.Minute                    // A3
	listingLag     = 5 * time.Minute                     // A3
	exchangeTime   = drs.MaxListingAge + drs.MaxExchange // from the intent, whose date is the signature's, to the end of the answer
	answeredFence  = exchangeTime + processingTime + listingLag
	silentFence    = 2*signatureLife + processingTime + listingLag // 45 min: A2 and A3, and A2 once more
	tokenFence     = 24*time.Hour + silentFence                    // a token is valid for a day (IAM), whatever the date of a request
	searchesApart  = listingLag                                    // between the two searches that show absence
	searchesWithin = 24 * time.Hour
)

// doubtFacts is everything that decideDoubt depends on.
type doubtFacts struct {
	Step      plan.Step
	Known     ledger.Step
	target    *targetView
	Details   map[string]drs.Job // of the candidates in the listing
	NewestJob string             // the newest job that the ledger knows on this target
	Highest   time.Time          // the highest server clock seen so far
	Principal string
	AskPerson bool // the setting that asks a person
}

// verdict says what to do about a doubt: adopt a job, believe that none was
// created, or stop. A search that counts as evidence is recorded in any case.
type verdict struct {
	Adopt  string               // job id
	Absent string               // the evidence
	Record *ledger.SearchedData // a search to write down
	Stop   *Stop
}

// decideDoubt decides what became of a request whose outcome is unknown.
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

// compareCandidate adopts the one job with the step's name or marker if all of
// it is as requested; otherwise it is a conflict.
func compareCandidate(f doubtFacts) verdict {
	listed := f.target.Candidates[0]
	j, ok := f.Details[listed.ID]
	if !ok {
		return verdict{Stop: &Stop{Reason: APIUnavailable, Step: f.Step.Seq, Jobs: []string{listed.ID}, Why: WhyJobUnread}}
	}
	diff := differsForAdoption(j, f.Step)
	switch {
	case diff != nil:
	case !strings.EqualFold(j.Name, f.Known.Intent.JobName):
		diff = &Difference{ValueName, j.Name, f.Known.Intent.JobName}
	default:
		diff = markerDiffers(j, f.Step)
	}
	if diff != nil {
		return verdict{Stop: &Stop{Reason: JobDiffers, Step: f.Step.Seq, Jobs: []string{j.ID}, Differs: diff}}
	}
	return verdict{Adopt: j.ID}
}

// needsPerson says why only a person may decide that no job was created, "" if
// evidence is enough.
func needsPerson(f doubtFacts) Why {
	switch k := f.Known; {
	case f.Step.Last:
		return WhyCutover
	case f.Step.Seq == 1:
		return WhyFull
	case k.Intent.TokenAuth:
		return WhyToken
	case k.Answer.Code == drs.CodeNameExists:
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

// absence decides that no job was created after two complete searches that do
// not show it. Both must be after the fence, listingLag of server time apart,
// and show a job that the ledger knows.
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
		if s.Principal != f.Principal || s.Date.Before(fence) || apart > searchesWithin || s.IsEmpty() { // an empty one is of mustBeEmptyTwice
			continue
		}
		if apart >= searchesApart {
			return verdict{Absent: fmt.Sprintf("not listed at %s and at %s, after the fence of %s, while known job %s was listed",
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

// isEvidence reports whether a listing counts: it is complete, and not older
// than what was seen before.
func isEvidence(f doubtFacts) bool {
	v := f.target
	return v.Complete && !v.Date.IsZero() && !v.Date.Before(f.Highest)
}

// listsKnownJob reports whether the listing shows the newest job that the
// ledger knows, to the credentials that sent the request. If not, because that
// job was deleted or the credentials differ, no later listing will either, and
// a person is asked.
func listsKnownJob(f doubtFacts) bool {
	return slices.Contains(f.target.IDs, f.NewestJob) && f.Known.Intent.Principal == f.Principal
}

// FenceOf returns when, by the server's clock, the request can no longer
// create a job that a listing does not show; zero if that is not known.
func FenceOf(k ledger.Step) time.Time {
	if k.Answered {
		return k.Intent.AnsweredFenceUntil
	}
	return k.Intent.FenceUntil
}
