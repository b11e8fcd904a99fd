package executor

import (
	"slices"
	"testing"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

func TestNextSaysWhyAKeyDoesNotMatch(t *testing.T) {
	one := theSteps(t, "overwrite: [ims]", key)
	const name = "ims-prod"
	for given, why := range map[string]Why{
		"": "", "other@0123456789ab": "", name: "", name + "@0123456789ab": WhyOtherKey, name + "@": WhyOtherKey,
		confirm(one) + "-a2": WhyOtherKey, confirmOver(one): WhyOtherAct, confirmOver(one) + "-a2": WhyOtherAct,
	} {
		s := Next(Facts{Steps: one, State: history(t, one), target: &targetView{Date: inside, Complete: true}, Keys: Keys{Overwrite: confirmOver(one), Cutover: given}}).Stop
		if s == nil || s.Why != why || s.Class() != CutoverHeld || s.Reason != CutoverKey || s.Step != 1 {
			t.Errorf("%q: %+v, want why %q", given, s, why)
		}
	}
	s := Next(Facts{Steps: one, State: history(t, one), target: &targetView{Date: inside, Complete: true}, Keys: Keys{Overwrite: confirm(one)}}).Stop
	if s == nil || s.Why != WhyOtherAct || s.Reason != OverwriteKey {
		t.Errorf("the cutover's key for the overwrite: %+v", s)
	}
}

func TestNextOverwritesAsksForTheNextStepOnly(t *testing.T) {
	over := theSteps(t, "overwrite: [ims]", "", "a.bak", "b.bak")
	s := history(t, over, ledger.StepSucceeded)
	for i, want := range []bool{true, true, false} {
		if got := (Facts{Steps: over, State: s}).overwrites(over[i]); got != want {
			t.Errorf("step %d: %t, want %t", i+1, got, want)
		}
	}
	s.Steps[0].IsCover = new(false)
	if !(Facts{Steps: over, State: s}).overwrites(over[1]) {
		t.Error("a full that did not overwrite gives permission")
	}
}

func TestNextPreviewBeforeThePlanIsOnline(t *testing.T) {
	chain := theSteps(t, "", key)
	s := history(t, chain, ledger.StepSucceeded)
	s.CheckPending = true
	if a := Preview(Facts{Steps: chain, State: s}); a.kind != actEnd || a.Stop.Reason != CheckPending {
		t.Errorf("%s %+v", a.kind, a.Stop)
	}
	s.CheckPending = false
	if a := Preview(Facts{Steps: chain, State: s}); a.kind != actEnd || a.Stop.Reason != Online {
		t.Errorf("%s %+v", a.kind, a.Stop)
	}
}

func TestNextNamesTheFirstJobOfEqualRank(t *testing.T) {
	job := func(id string) drs.OfflineTaskInfo { return drs.OfflineTaskInfo{ID: id} }
	v := targetView{Running: []otherJob{{OfflineTaskInfo: job("ours"), Ours: true}, {OfflineTaskInfo: job("a")}, {OfflineTaskInfo: job("b")}}}
	if s := busyWith(&v, 1); s.Reason != ForeignJobElsewhere || !slices.Equal(s.Jobs, []string{"a"}) {
		t.Errorf("%+v", s)
	}
}

// A preview knows keys and windows only.
func TestNextPreview(t *testing.T) {
	chain, open := theSteps(t, "", key, "a.bak"), theSteps(t, "", "", "a.bak")
	const done = ledger.StepSucceeded
	for name, c := range map[string]struct {
		steps  []plan.Step
		states []ledger.StepState
		keys   Keys
		want   actionKind
		reason Reason
	}{
		"running":        {steps: chain, states: []ledger.StepState{ledger.StepRunning}, want: actLook},
		"in doubt":       {steps: chain, states: []ledger.StepState{done, ledger.StepInDoubt}, want: actList},
		"no key needed":  {steps: open, want: actList},
		"the key lacks":  {steps: chain, states: []ledger.StepState{done}, want: actEnd, reason: CutoverKey},
		"the key fits":   {steps: chain, states: []ledger.StepState{done}, keys: Keys{Rehearsal: true}, want: actList},
		"window is past": {steps: theSteps(t, "", windows, "a.bak"), states: []ledger.StepState{done}, want: actEnd, reason: WindowPast},
	} {
		a := Preview(Facts{Steps: c.steps, State: history(t, c.steps, c.states...), Keys: c.keys, Now: past})
		if a.kind != c.want || a.Stop != nil && a.Stop.Reason != c.reason {
			t.Errorf("%s: %s %+v", name, a.kind, a.Stop)
		}
	}
}
