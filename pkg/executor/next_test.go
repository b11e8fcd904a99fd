package executor

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// theSteps compiles a plan of a full and incrementals, with extra at the top
// level and marker after the backups.
func theSteps(t testing.TB, extra, marker string, incrementals ...string) []plan.Step {
	t.Helper()
	text := `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"}
source: {obs: {bucket: zyy-obs}}
databases: [ims]
` + extra + `
backups:
  - full: ims.bak
`
	for _, i := range incrementals {
		text += "  - incremental: " + i + "\n"
	}
	p, ds := plan.Load("plan.yaml", []byte(text+marker))
	if p == nil {
		t.Fatalf("%v", ds)
	}
	return p.Steps
}

const (
	key     = "  - cutover\n"
	windows = "  - cutover: {not_before: \"2026-03-01T01:00:00Z\", not_after: \"2026-03-01T02:00:00Z\", unattended: true}\n"
)

var (
	before = time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC)
	inside = time.Date(2026, 3, 1, 1, 30, 0, 0, time.UTC)
	past   = time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC)
)

// history is a ledger whose steps are in these states, sent as these steps.
func history(t testing.TB, steps []plan.Step, states ...ledger.StepState) *ledger.State {
	t.Helper()
	s, err := ledger.Fold(steps[0].Plan.Chain(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, st := range states {
		hash := "a step that is no longer in the plan"
		if i < len(steps) {
			hash = steps[i].ChainSHA256
		}
		s.Steps = append(s.Steps, ledger.Step{State: st, Attempt: 1, ChainSHA256: hash, JobID: "job"})
	}
	return s
}

// confirm is the key of the cutover, confirmOver that of the overwrite.
func confirm(steps []plan.Step) string     { return plan.Confirmation(steps, plan.ActCutover, 1) }
func confirmOver(steps []plan.Step) string { return plan.Confirmation(steps, plan.ActOverwrite, 1) }

// TestNext is the decision table: each row one cell of it.
func TestNext(t *testing.T) {
	chain := theSteps(t, "", key, "a.bak", "b.bak")
	open := theSteps(t, "", "", "a.bak")
	over := theSteps(t, "overwrite: [ims]", "", "a.bak")
	unattended := theSteps(t, "overwrite: [ims]\noverwrite_unattended: true", "", "a.bak")
	windowed := theSteps(t, "", windows, "a.bak")
	from := theSteps(t, "", "  - cutover: {not_before: \"2026-03-01T01:00:00Z\"}\n", "a.bak")
	until := theSteps(t, "", "  - cutover: {not_after: \"2026-03-01T02:00:00Z\"}\n", "a.bak")
	watched := theSteps(t, "", strings.Replace(windows, ", unattended: true", "", 1), "a.bak")
	one := theSteps(t, "overwrite: [ims]", key)
	plainly, overOne := theSteps(t, "", key, "a.bak"), theSteps(t, "overwrite: [ims]", key, "a.bak")
	seen := func() *targetView { return &targetView{Date: inside, Complete: true} }
	const done = ledger.StepSucceeded

	for name, c := range map[string]struct {
		steps  []plan.Step
		states []ledger.StepState
		with   func(*Facts)
		want   actionKind
		step   int
		class  Class
		reason Reason
	}{
		"nothing sent":                          {steps: chain, want: actList, step: 1},
		"nothing sent, listed":                  {steps: chain, with: func(f *Facts) { f.target = seen() }, want: actCreate, step: 1},
		"running":                               {steps: chain, states: []ledger.StepState{ledger.StepRunning}, want: actLook, step: 1},
		"running, looked at":                    {steps: chain, states: []ledger.StepState{ledger.StepRunning}, with: func(f *Facts) { f.looked = true }, want: actEnd, step: 1, reason: JobRunning},
		"in doubt":                              {steps: chain, states: []ledger.StepState{done, ledger.StepInDoubt}, want: actList, step: 2},
		"in doubt, listed":                      {steps: chain, states: []ledger.StepState{done, ledger.StepInDoubt}, with: func(f *Facts) { f.target = seen() }, want: actSettle, step: 2},
		"failed":                                {steps: chain, states: []ledger.StepState{done, ledger.StepFailed}, want: actEnd, step: 2, class: Failed, reason: JobFailed},
		"refused":                               {steps: chain, states: []ledger.StepState{ledger.StepRefused}, want: actEnd, step: 1, class: Failed, reason: CreateRefused},
		"pending after a decision":              {steps: chain, states: []ledger.StepState{done, ledger.StepPending}, want: actList, step: 2},
		"succeeded, the next":                   {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen() }, want: actCreate, step: 2},
		"all done, open":                        {steps: open, states: []ledger.StepState{done, done}, want: actEnd, step: 2, reason: NextBackup},
		"all done, cut over":                    {steps: chain, states: []ledger.StepState{done, done, done}, want: actEnd, step: 3, reason: Online},
		"closed":                                {steps: chain, with: func(f *Facts) { f.State.Closed = &ledger.ClosedData{} }, want: actEnd, class: Conflict, reason: ClosedGeneration},
		"ledger contradicts itself":             {steps: chain, with: func(f *Facts) { f.State.Conflict = &ledger.SecondJob{JobID: "j2", Step: 1} }, want: actEnd, step: 1, class: Conflict, reason: LedgerConflict},
		"ledger contradicts itself, a job runs": {steps: chain, states: []ledger.StepState{ledger.StepRunning}, with: func(f *Facts) { f.State.Conflict = &ledger.SecondJob{JobID: "j2", Step: 1} }, want: actLook, step: 1},
		"ledger contradicts itself, the job was looked at": {steps: chain, states: []ledger.StepState{ledger.StepRunning}, with: func(f *Facts) { f.State.Conflict, f.looked = &ledger.SecondJob{JobID: "j2", Step: 1}, true }, want: actEnd, step: 1, class: Conflict, reason: LedgerConflict},
		"closed by a person, a step is open":               {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.State.Ended = &ledger.DecisionData{} }, want: actEnd, step: 2, class: Conflict, reason: ChainUnfinished},
		"closed by a person, all done":                     {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) { f.State.Ended = &ledger.DecisionData{} }, want: actEnd, reason: ChainClosed},
		"the generation before has a step running": {steps: chain, with: func(f *Facts) {
			f.target, f.older = seen(), []*ledger.State{history(t, chain, done, ledger.StepRunning)}
		}, want: actEnd, step: 2, class: Conflict, reason: GenerationBusy},
		"the generation before has a step in doubt": {steps: chain, with: func(f *Facts) {
			f.target, f.older = seen(), []*ledger.State{history(t, chain, ledger.StepInDoubt)}
		}, want: actEnd, step: 1, class: Conflict, reason: GenerationBusy},
		"the generation before has ended": {steps: chain, with: func(f *Facts) {
			f.target, f.older = seen(), []*ledger.State{history(t, chain, done, ledger.StepFailed)}
		}, want: actCreate, step: 1},
		"cut over, an ignored second cutover runs": {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) {
			f.State.CheckPending, f.target = true, seen()
			f.target.Running = []otherJob{{Ours: true, Ignored: true}}
		}, want: actEnd, step: 3, reason: OwnJobRunning},
		"cut over, DRS now shows a step as failed": {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) {
			f.State.CheckPending, f.target = true, seen()
			f.target.Undone, f.State.StepOfJob["x"] = []drs.OfflineTaskInfo{{ID: "x"}}, 2
		}, want: actEnd, step: 2, class: Conflict, reason: NotSucceeded},
		"cut over, an earlier request may arrive": {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) {
			f.State.CheckPending, f.target, f.State.NotBefore = true, seen(), past
		}, want: actEnd, step: 3, class: TryAgain, reason: RequestMayArrive},
		"an earlier request may arrive": {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.target, f.State.NotBefore = seen(), past }, want: actEnd, step: 2, class: TryAgain, reason: RequestMayArrive},
		"an earlier request may arrive, and no date": {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) {
			f.target, f.State.NotBefore = seen(), past
			f.target.Date = time.Time{}
		}, want: actEnd, step: 2, class: TryAgain, reason: NoServerDate},
		"an earlier request could arrive until before": {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.target, f.State.NotBefore = seen(), before }, want: actCreate, step: 2},
		"an earlier request, by a clock years ahead":   {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.target, f.State.NotBefore = seen(), past.AddDate(10, 0, 0) }, want: actCreate, step: 2},
		"DRS now shows the step before as failed": {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) {
			f.target = seen()
			f.target.Undone, f.State.StepOfJob["x"] = []drs.OfflineTaskInfo{{ID: "x"}}, 1
		}, want: actEnd, step: 1, class: Conflict, reason: NotSucceeded},
		"a retry whose earlier job has not failed": {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) {
			f.target, f.observed = seen(), map[string]observation{"x": {Status: "SUCCESS"}}
			f.State.Steps[0].AllJobIDs = []string{"x"}
		}, want: actEnd, step: 1, class: Conflict, reason: NotFailed},
		"overwrite unattended, cut over before": {steps: unattended, with: func(f *Facts) { f.target, f.OnlineBefore = seen(), true }, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"overwrite unattended, cut over before, another key": {steps: unattended, with: func(f *Facts) {
			f.target, f.OnlineBefore = seen(), true
			f.Keys.Overwrite = confirmOver(over)
		}, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"overwrite, of steps that are not sent": {steps: over, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) { f.target, f.Keys.Overwrite = seen(), confirmOver(over) }, want: actCreate, step: 1},
		"held":                                  {steps: chain, with: func(f *Facts) { f.State.Held = &ledger.DecisionData{} }, want: actEnd, reason: OnHold},
		"edited":                                {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.State.Steps[0].ChainSHA256 = "other" }, want: actEnd, step: 1, class: Conflict, reason: EditedHistory},
		"edited, held":                          {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.State.Steps[0].ChainSHA256 = "other"; f.State.Held = &ledger.DecisionData{} }, want: actEnd, step: 1, class: Conflict, reason: EditedHistory},
		"a failed step edited":                  {steps: chain, states: []ledger.StepState{done, ledger.StepFailed}, with: func(f *Facts) { f.State.Steps[1].ChainSHA256 = "other" }, want: actEnd, step: 2, class: Failed, reason: JobFailed},
		"overwrite added":                       {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.State.Steps[0].Intent.Body = `{"is_cover":true}` }, want: actEnd, step: 1, class: Conflict, reason: EditedHistory},
		"overwrite as it was":                   {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) { f.State.Steps[0].Intent.Body = `{"is_cover":false}` }, want: actList, step: 2},
		"plan shorter":                          {steps: open, states: []ledger.StepState{done, done, ledger.StepRunning}, want: actEnd, step: 3, class: Conflict, reason: PlanShorter},
		"marker too late":                       {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) { f.State.Steps[2].ChainSHA256 = chain[2].OpenSHA256 }, want: actEnd, step: 3, class: Invalid, reason: MarkerTooLate},
		"marker too late, still running":        {steps: chain, states: []ledger.StepState{done, done, ledger.StepRunning}, with: func(f *Facts) { f.State.Steps[2].ChainSHA256 = chain[2].OpenSHA256 }, want: actEnd, step: 3, class: Invalid, reason: MarkerTooLate},
		"unknown jobs":                          {steps: chain, with: func(f *Facts) { f.target = seen(); f.target.Unknown = []drs.OfflineTaskInfo{{ID: "x"}} }, want: actEnd, step: 1, class: Conflict, reason: UnknownJobs},
		"duplicates of what was sent": {steps: chain, states: []ledger.StepState{done, done}, with: func(f *Facts) {
			f.target = seen()
			f.target.Unknown = []drs.OfflineTaskInfo{{ID: "x", Name: chain[1].JobName(1)}, {ID: "y", Description: chain[0].Marker().String()}}
		}, want: actEnd, step: 1, class: Conflict, reason: DuplicateJobs},
		"a duplicate, and one of a step not sent": {steps: chain, states: []ledger.StepState{done}, with: func(f *Facts) {
			f.target = seen()
			f.target.Unknown = []drs.OfflineTaskInfo{{ID: "x", Name: chain[0].JobName(1)}, {ID: "y", Name: chain[1].JobName(1)}}
		}, want: actEnd, step: 2, class: Conflict, reason: UnknownJobs},
		"throttled": {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) { f.target = seen(); f.State.Steps[0].NotBefore = past }, want: actEnd, step: 1, class: TryAgain, reason: Throttled},
		"throttled, and no date": {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) {
			f.target = seen()
			f.target.Date, f.State.Steps[0].NotBefore, f.Now = time.Time{}, before, past
		}, want: actEnd, step: 1, class: TryAgain, reason: NoServerDate},
		"throttled for a day":               {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) { f.target = seen(); f.State.Steps[0].NotBefore = f.target.Date.Add(drs.MaxRetryAfter) }, want: actEnd, step: 1, class: TryAgain, reason: Throttled},
		"throttled, by a clock years ahead": {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) { f.target = seen(); f.State.Steps[0].NotBefore = past.AddDate(10, 0, 0) }, want: actCreate, step: 1},
		"a gap":                             {steps: chain, states: []ledger.StepState{ledger.StepPending, done}, want: actEnd, step: 1, class: Conflict, reason: HistoryGap},
		"a gap of what failed":              {steps: chain, states: []ledger.StepState{done, ledger.StepFailed, ledger.StepRunning}, want: actEnd, step: 2, class: Conflict, reason: HistoryGap},
		"no gap":                            {steps: chain, states: []ledger.StepState{ledger.StepRunning, ledger.StepRunning}, want: actLook, step: 1},
		"throttled before":                  {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) { f.target = seen(); f.State.Steps[0].NotBefore = before }, want: actCreate, step: 1},
		"one of ours runs":                  {steps: chain, with: func(f *Facts) { f.target = seen(); f.target.Running = []otherJob{{Ours: true}} }, want: actEnd, step: 1, reason: OwnJobRunning},
		"an incomplete listing":             {steps: chain, with: func(f *Facts) { f.target = seen(); f.target.Complete = false }, want: actEnd, step: 1, class: TryAgain, reason: APIUnavailable},
		"a foreign job runs":                {steps: chain, with: func(f *Facts) { f.target = seen(); f.target.Running = []otherJob{{Ours: true}, {}} }, want: actEnd, step: 1, class: TryAgain, reason: ForeignJobElsewhere},
		"a foreign job on our database":     {steps: chain, with: func(f *Facts) { f.target = seen(); f.target.Running = []otherJob{{}, {Overlap: true}, {Ours: true}} }, want: actEnd, step: 1, class: Conflict, reason: ForeignJob},
		"overwrite without key":             {steps: over, with: func(f *Facts) { f.target = seen() }, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"overwrite with cutover's key":      {steps: over, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(over) }, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"overwrite with key":                {steps: over, with: func(f *Facts) { f.target = seen(); f.Keys.Overwrite = confirmOver(over) }, want: actCreate, step: 1},
		"overwrite unattended":              {steps: unattended, with: func(f *Facts) { f.target = seen() }, want: actCreate, step: 1},
		"cutover without key":               {steps: chain, states: []ledger.StepState{done, done}, with: func(f *Facts) { f.target = seen() }, want: actEnd, step: 3, class: CutoverHeld, reason: CutoverKey},
		"cutover with key":                  {steps: chain, states: []ledger.StepState{done, done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(chain) }, want: actCreate, step: 3},
		"cutover with a short key":          {steps: chain, states: []ledger.StepState{done, done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(chain)[:20] }, want: actEnd, step: 3, class: CutoverHeld, reason: CutoverKey},
		"cutover with another plan's":       {steps: chain, states: []ledger.StepState{done, done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(open) }, want: actEnd, step: 3, class: CutoverHeld, reason: CutoverKey},
		"overwrite, the cutover's key":      {steps: one, with: func(f *Facts) { f.target = seen(); f.Keys = Keys{Overwrite: confirm(one), Cutover: confirm(one)} }, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"cutover, the overwrite's key": {steps: one, with: func(f *Facts) {
			f.target = seen()
			f.Keys = Keys{Overwrite: confirmOver(one), Cutover: confirmOver(one)}
		}, want: actEnd, step: 1, class: CutoverHeld, reason: CutoverKey},
		"cutover, window added since":  {steps: watched, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(plainly) }, want: actEnd, step: 2, class: CutoverHeld, reason: CutoverKey},
		"cutover, window moved since":  {steps: until, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(from) }, want: actEnd, step: 2, class: CutoverHeld, reason: CutoverKey},
		"cutover, attended since":      {steps: watched, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(windowed) }, want: actEnd, step: 2, class: CutoverHeld, reason: CutoverKey},
		"cutover, overwrite taken out": {steps: plainly, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(overOne) }, want: actEnd, step: 2, class: CutoverHeld, reason: CutoverKey},
		"overwrite, a log added since": {steps: over, with: func(f *Facts) { f.target = seen(); f.Keys.Overwrite = confirmOver(one) }, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"overwrite, attended since":    {steps: over, with: func(f *Facts) { f.target = seen(); f.Keys.Overwrite = confirmOver(unattended) }, want: actEnd, step: 1, class: CutoverHeld, reason: OverwriteKey},
		"one step: only the overwrite": {steps: one, with: func(f *Facts) { f.target = seen(); f.Keys.Overwrite = confirmOver(one) }, want: actEnd, step: 1, class: CutoverHeld, reason: CutoverKey},
		"one step: both keys":          {steps: one, with: func(f *Facts) { f.target = seen(); f.Keys = Keys{Overwrite: confirmOver(one), Cutover: confirm(one)} }, want: actCreate, step: 1},
		"cut over, not checked":        {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) { f.State.CheckPending = true }, want: actList, step: 3},
		"cut over, listed":             {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) { f.State.CheckPending, f.target = true, seen() }, want: actCheck, step: 3},
		"cut over, listed in part":     {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) { f.State.CheckPending, f.target = true, &targetView{Date: inside} }, want: actEnd, step: 3, class: TryAgain, reason: APIUnavailable},
		"cut over, a second cutover is listed": {steps: chain, states: []ledger.StepState{done, done, done}, with: func(f *Facts) {
			f.State.CheckPending, f.target = true, seen()
			f.target.Unknown = []drs.OfflineTaskInfo{{ID: "x", Name: chain[2].JobName(1)}}
		}, want: actEnd, step: 3, class: Conflict, reason: DuplicateJobs},
		"retry": {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) { f.target = seen(); f.State.Steps[0].AllJobIDs = []string{"x"} }, want: actAccount, step: 1},
		"retry, looked at": {steps: chain, states: []ledger.StepState{ledger.StepPending}, with: func(f *Facts) {
			f.target, f.observed = seen(), map[string]observation{"x": {Status: "FAILED"}}
			f.State.Steps[0].AllJobIDs = []string{"x"}
		}, want: actCreate, step: 1},
		"overwrite, an incremental": {steps: over, states: []ledger.StepState{done}, with: func(f *Facts) {
			f.target = seen()
			f.State.Steps[0].Intent.Body = `{"is_cover":true}`
		}, want: actCreate, step: 2},
		"overwrite, an incremental after an adopted full that overwrote": {steps: over, states: []ledger.StepState{done}, with: func(f *Facts) {
			f.target = seen()
			f.State.Steps[0].IsCover = new(true)
		}, want: actCreate, step: 2},
		"overwrite, an incremental after an adopted full of which nothing is known": {steps: over, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen() }, want: actEnd, step: 2, class: CutoverHeld, reason: OverwriteKey},
		"overwrite, an incremental after an adopted full that did not overwrite": {steps: over, states: []ledger.StepState{done}, with: func(f *Facts) {
			f.target = seen()
			f.State.Steps[0].IsCover = new(false)
		}, want: actEnd, step: 1, class: Conflict, reason: EditedHistory},
		"any key":                     {steps: one, with: func(f *Facts) { f.target = seen(); f.Keys = Keys{Rehearsal: true} }, want: actCreate, step: 1},
		"second attempt, first's key": {steps: chain, states: []ledger.StepState{done, done, ledger.StepPending}, with: func(f *Facts) { f.target = seen(); f.State.Steps[2].Attempt = 2; f.Keys.Cutover = confirm(chain) }, want: actEnd, step: 3, class: CutoverHeld, reason: CutoverKey},
		"second attempt, its key": {steps: chain, states: []ledger.StepState{done, done, ledger.StepPending}, with: func(f *Facts) {
			f.target = seen()
			f.State.Steps[2].Attempt = 2
			f.Keys.Cutover = confirm(chain) + "-a2"
		}, want: actCreate, step: 3},
		"inside the window":             {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen() }, want: actCreate, step: 2},
		"before the window":             {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = before }, want: actEnd, step: 2, reason: BeforeStart},
		"server before the window":      {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.target.Date = before }, want: actEnd, step: 2, reason: BeforeStart},
		"after the window":              {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = past }, want: actEnd, step: 2, class: CutoverHeld, reason: WindowPast},
		"server after the window":       {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.target.Date = past }, want: actEnd, step: 2, class: CutoverHeld, reason: WindowPast},
		"clocks disagree":               {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.target.Date, f.Now = before, past }, want: actEnd, step: 2, class: CutoverHeld, reason: WindowPast},
		"no server date":                {steps: windowed, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.target.Date = time.Time{} }, want: actEnd, step: 2, class: TryAgain, reason: NoServerDate},
		"a start alone, early":          {steps: from, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = before; f.Keys.Cutover = confirm(from) }, want: actEnd, step: 2, reason: BeforeStart},
		"a start alone, late":           {steps: from, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = past; f.Keys.Cutover = confirm(from) }, want: actCreate, step: 2},
		"an end alone, early":           {steps: until, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = before; f.Keys.Cutover = confirm(until) }, want: actCreate, step: 2},
		"an end alone, late":            {steps: until, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = past; f.Keys.Cutover = confirm(until) }, want: actEnd, step: 2, class: CutoverHeld, reason: WindowPast},
		"watched window, no key, early": {steps: watched, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = before }, want: actEnd, step: 2, class: CutoverHeld, reason: CutoverKey},
		"watched window, no key, past":  {steps: watched, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = past }, want: actEnd, step: 2, class: CutoverHeld, reason: WindowPast},
		"watched window, key, early":    {steps: watched, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Now = before; f.Keys.Cutover = confirm(watched) }, want: actEnd, step: 2, reason: BeforeStart},
		"watched window, key, inside":   {steps: watched, states: []ledger.StepState{done}, with: func(f *Facts) { f.target = seen(); f.Keys.Cutover = confirm(watched) }, want: actCreate, step: 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := Facts{Steps: c.steps, State: history(t, c.steps, c.states...), Now: inside}
			if c.with != nil {
				c.with(&f)
			}
			a := Next(f)
			if a.kind != c.want || a.Step != c.step {
				t.Fatalf("Next = %s of step %d (%+v), want %s of step %d", a.kind, a.Step, a.Stop, c.want, c.step)
			}
			if c.want == actEnd && (a.Stop.Class() != cmp.Or(c.class, OK) || a.Stop.Reason != c.reason) {
				t.Errorf("stop %s %s, want %s %s", a.Stop.Class(), a.Stop.Reason, c.class, c.reason)
			}
		})
	}
}
