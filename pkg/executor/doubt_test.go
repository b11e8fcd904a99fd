package executor

import (
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

var signed = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// doubtAbout is a doubt about a step, without an answer, with a listing after
// the fence that shows the known job and nothing else.
func doubtAbout(step plan.Step) doubtFacts {
	return doubtFacts{
		Step: step,
		Known: ledger.Step{State: ledger.StepInDoubt, Attempt: 1, IntentSeq: 7, Intent: ledger.IntentData{
			JobName: step.JobName(1), SignedAt: signed, Principal: "ak:A",
			FenceUntil: signed.Add(silentFence), AnsweredFenceUntil: signed.Add(answeredFence),
		}},
		target:  &targetView{Date: signed.Add(silentFence), Complete: true, IDs: []string{"witness"}},
		Details: map[string]drs.Job{}, NewestJob: "witness", Highest: signed, Principal: "ak:A",
	}
}

// jobOf is the detail of the step's own job.
func jobOf(s plan.Step) drs.Job {
	return drs.Job{
		OfflineTaskInfo:  drs.OfflineTaskInfo{ID: "j", Name: s.JobName(1), Status: "TRANSFERRING", Description: s.Marker().String()},
		TargetInstanceID: s.Plan.Target.InstanceID, BucketName: s.Plan.Source.OBS.Bucket, FileNames: fileNames(s, nil),
		RecoveryMode: mode(s), IsLastBackup: s.Last, HasIsLastBackup: true,
	}
}

func found(f *doubtFacts, j drs.Job) {
	f.target.Candidates = append(f.target.Candidates, j.OfflineTaskInfo)
	f.Details[j.ID] = j
}

func earlier(f *doubtFacts, at time.Time) {
	f.Known.Searches = append(f.Known.Searches, ledger.SearchedData{Intent: 7, Date: at, Count: 1, NewestJob: "witness", Principal: "ak:A"})
}

// The documentation names these times, and the assumptions depend on them.
func TestDoubtTimes(t *testing.T) {
	for name, c := range map[string]struct{ got, want time.Duration }{
		"A2, life of a signature":               {signatureLife, 15 * time.Minute},
		"A3, processing of a request":           {processingTime, 10 * time.Minute},
		"A3, lag of a listing":                  {listingLag, 5 * time.Minute},
		"one exchange, from its intent":         {exchangeTime, 90 * time.Second},
		"fence after an answer":                 {answeredFence, 16*time.Minute + 30*time.Second},
		"fence without an answer, with a token": {tokenFence, 24*time.Hour + 45*time.Minute},
		"fence without an answer":               {silentFence, 45 * time.Minute},
		"between two searches, at least":        {searchesApart, 5 * time.Minute},
		"between two searches, at the most":     {searchesWithin, 24 * time.Hour},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
}

// TestDoubt is long because it contains a table.
func TestDoubt(t *testing.T) {
	s := theSteps(t, "", key, "a.bak", "b.bak")
	full, incremental, last := s[0], s[1], s[2]
	later := signed.Add(silentFence + searchesApart)
	for name, c := range map[string]struct {
		step   plan.Step
		with   func(*doubtFacts)
		adopt  bool
		absent bool
		record bool
		class  Class
		reason Reason
		why    Why
	}{
		"found":                   {step: incremental, with: func(f *doubtFacts) { found(f, jobOf(incremental)) }, adopt: true},
		"found, the full":         {step: full, with: func(f *doubtFacts) { found(f, jobOf(full)) }, adopt: true},
		"found, the cutover":      {step: last, with: func(f *doubtFacts) { found(f, jobOf(last)) }, adopt: true},
		"found, mode as a number": {step: incremental, with: func(f *doubtFacts) { found(f, jobOf(incremental)) }, adopt: true},
		"found, name in capitals": {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.Name = "IMS-PROD-002-" + j.Name[13:]; found(f, j) }, adopt: true},
		"found twice":             {step: incremental, with: func(f *doubtFacts) { found(f, jobOf(incremental)); found(f, jobOf(incremental)) }, class: Conflict, reason: DuplicateJobs},
		"found, no detail":        {step: incremental, with: func(f *doubtFacts) { found(f, jobOf(incremental)); f.Details = nil }, class: TryAgain, reason: APIUnavailable, why: WhyJobUnread},
		"found, other target":     {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.TargetInstanceID = "x"; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, other bucket":     {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.BucketName = "x"; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, other file":       {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.FileNames = []string{"x"}; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, other mode":       {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.RecoveryMode = "full"; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, other last":       {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.IsLastBackup = true; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, last not said":    {step: last, with: func(f *doubtFacts) { j := jobOf(last); j.IsLastBackup, j.HasIsLastBackup = false, false; found(f, j) }, adopt: true},
		"found, mode not said":    {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.RecoveryMode = ""; found(f, j) }, adopt: true},
		"found, target not said":  {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.TargetInstanceID = ""; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, nothing said, no marker": {step: incremental, with: func(f *doubtFacts) {
			j := jobOf(incremental)
			j.RecoveryMode, j.Description = "", ""
			found(f, j)
		}, class: Conflict, reason: JobDiffers},
		"found, renamed":              {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.Name = "x"; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, no marker":            {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.Description = ""; found(f, j) }, class: Conflict, reason: JobDiffers},
		"found, other marker":         {step: incremental, with: func(f *doubtFacts) { j := jobOf(incremental); j.Description = full.Marker().String(); found(f, j) }, class: Conflict, reason: JobDiffers},
		"unknown job of the chain":    {step: incremental, with: func(f *doubtFacts) { f.target.Unknown = []drs.OfflineTaskInfo{{ID: "x"}} }, class: Conflict, reason: UnknownJobs},
		"not found, the cutover":      {step: last, class: InDoubt, reason: DoubtNeedsPerson, why: WhyCutover},
		"not found, the full":         {step: full, class: InDoubt, reason: DoubtNeedsPerson, why: WhyFull},
		"not found, token":            {step: incremental, with: func(f *doubtFacts) { f.Known.Intent.TokenAuth = true }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyToken},
		"not found, M00277":           {step: incremental, with: func(f *doubtFacts) { f.Known.Answer.Code = "DRS.M00277" }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyNameExists},
		"not found, unaccounted":      {step: incremental, with: func(f *doubtFacts) { f.target.Unaccounted = []string{"x"} }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyUnaccounted},
		"not found, once before":      {step: incremental, with: func(f *doubtFacts) { f.Known.Absences = 1 }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyTwice},
		"not found, no witness known": {step: incremental, with: func(f *doubtFacts) { f.NewestJob = "" }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyNoKnownJob},
		"not found, undated intent":   {step: incremental, with: func(f *doubtFacts) { f.Known.Intent.FenceUntil = time.Time{} }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyNoDate},
		"not found, a date far ahead": {step: incremental, with: func(f *doubtFacts) { f.Highest = f.target.Date.AddDate(20, 0, 0) }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyDateAhead},
		"not found, by hand":          {step: incremental, with: func(f *doubtFacts) { f.AskPerson = true }, class: InDoubt, reason: DoubtNeedsPerson, why: WhyAsk},
		"before the fence":            {step: incremental, with: func(f *doubtFacts) { f.target.Date = signed.Add(silentFence - 1) }, class: TryAgain, reason: Settling},
		"at the fence, first search":  {step: incremental, record: true, class: TryAgain, reason: Settling},
		"answered, at its fence":      {step: incremental, with: func(f *doubtFacts) { f.Known.Answered = true; f.target.Date = signed.Add(answeredFence) }, record: true, class: TryAgain, reason: Settling},
		"answered, before its fence":  {step: incremental, with: func(f *doubtFacts) { f.Known.Answered = true; f.target.Date = signed.Add(answeredFence - 1) }, class: TryAgain, reason: Settling},
		"second search, too soon":     {step: incremental, with: func(f *doubtFacts) { earlier(f, signed.Add(silentFence)); f.target.Date = later.Add(-1) }, class: TryAgain, reason: Settling},
		"second search":               {step: incremental, with: func(f *doubtFacts) { earlier(f, signed.Add(silentFence)); f.target.Date = later }, absent: true},
		"first list was empty": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.Known.Searches[0].Count = 0 // of a person's decision: it shows no known job
			f.target.Date = later
		}, record: true, class: TryAgain, reason: Settling},
		"first search before the fence": {step: incremental, with: func(f *doubtFacts) { earlier(f, signed.Add(silentFence-1)); f.target.Date = later }, record: true, class: TryAgain, reason: Settling},
		"first search by another": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.Known.Searches[0].Principal = "ak:B"
			f.target.Date = later
		}, record: true, class: TryAgain, reason: Settling},
		"first search just in time": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.target.Date = signed.Add(silentFence + searchesWithin)
		}, absent: true},
		"first search by other credentials": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			earlier(f, signed.Add(silentFence))
			f.Known.Searches[0].Principal = "ak:B"
			f.target.Date = later
		}, absent: true},
		"first search too long ago": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.target.Date = signed.Add(silentFence + searchesWithin + 1)
		}, record: true, class: TryAgain, reason: Settling},
		"listing not whole": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.target.Date = later
			f.target.Complete = false
		}, class: TryAgain, reason: Settling},
		"listing without witness": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.target.Date = later
			f.target.IDs = []string{"x"}
		}, class: InDoubt, reason: DoubtNeedsPerson, why: WhyNoKnownJob},
		"listing without date": {step: incremental, with: func(f *doubtFacts) { earlier(f, signed.Add(silentFence)); f.target.Date = time.Time{} }, class: TryAgain, reason: Settling},
		"listing older than one before": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.target.Date = later
			f.Highest = later.Add(1)
		}, class: TryAgain, reason: Settling},
		"intended by another": {step: incremental, with: func(f *doubtFacts) {
			earlier(f, signed.Add(silentFence))
			f.target.Date = later
			f.Known.Intent.Principal = "ak:B"
		}, class: InDoubt, reason: DoubtNeedsPerson, why: WhyNoKnownJob},
	} {
		t.Run(name, func(t *testing.T) {
			f := doubtAbout(c.step)
			if c.with != nil {
				c.with(&f)
			}
			v := decideDoubt(f)
			if (v.Adopt != "") != c.adopt || (v.Absent != "") != c.absent || (v.Record != nil) != c.record {
				t.Fatalf("verdict %+v", v)
			}
			if c.adopt || c.absent {
				if v.Stop != nil {
					t.Errorf("it stops too: %+v", v.Stop)
				}
				return
			}
			if v.Stop == nil || v.Stop.Class() != c.class || v.Stop.Reason != c.reason || v.Stop.Why != c.why {
				t.Errorf("stop %+v, want %s %s %s", v.Stop, c.class, c.reason, c.why)
			}
		})
	}
}
