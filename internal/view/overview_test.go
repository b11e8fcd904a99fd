package view

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// worstExit is in the order of the exit codes.
func worstExit(classes ...executor.Class) executor.Class {
	for _, c := range []executor.Class{executor.InDoubt, executor.Conflict, executor.Failed, executor.CutoverHeld, executor.Invalid, executor.Denied, executor.ClassError, executor.TryAgain} {
		if slices.Contains(classes, c) {
			return c
		}
	}
	return executor.OK
}

// fleet are plans in many states, each with a name of its own.
func fleet(t *testing.T) Overview {
	t.Helper()
	all := append(examples(t), refused(t)...)
	keyless := example(t, ledger.StepSucceeded)
	keyless.Result.Stop = executor.Stop{Reason: executor.CutoverKey, Step: 3}
	away := example(t, ledger.StepRunning)
	away.Result.Stop = executor.Stop{Reason: executor.APIUnavailable, Step: 2}
	inside := example(t, ledger.StepPending)
	inside.State, inside.InSubfolder = ledger.State{}, true
	waits := example(t, ledger.StepSucceeded)
	waits.Plan.Steps, waits.Result = waits.Plan.Steps[:2], executor.Result{Stop: executor.Stop{Step: 2, Reason: executor.NextBackup}}
	all = append(all, keyless, away, inside, waits)
	for i, m := range all {
		if m.Valid() {
			m.Plan.Name = fmt.Sprintf("plan-%02d", len(all)-i)
			m.LastPass = &LastPass{Ended: night(i), User: "cron", Host: "db7", Class: m.Class()}
		}
	}
	all[2].LastPass = nil
	all[5].LastPass.Class, all[5].LastPass.Superseded = executor.Failed, "the ledger has newer events"
	return Overview{Plans: all, Of: len(all), Worst: worstExit}
}

func TestOverview(t *testing.T) {
	var b bytes.Buffer
	fleet(t).Write(&b, "user dba", night(31))
	golden(t, "overview-text", b.String())
	golden(t, "overview-markdown", fleet(t).Markdown(night(31)))
}

// One plan is shown with its steps.
func TestStatusMarkdown(t *testing.T) {
	var b strings.Builder
	for _, m := range examples(t) {
		b.WriteString(Overview{Plans: []*Migration{m}, Of: 1, Worst: worstExit}.Markdown(night(31)))
	}
	golden(t, "status-markdown", b.String())
}

// Of many plans that need a person, only the first are explained.
func TestOverviewExplainsOnlyTheFirstPlans(t *testing.T) {
	var all []*Migration
	for i := range 8 {
		m := example(t, ledger.StepFailed)
		m.Plan.Name, m.Result.Stop = fmt.Sprintf("plan-%d", i), executor.Stop{Reason: executor.JobFailed, Step: 2}
		all = append(all, m)
	}
	o := Overview{Plans: all, Of: 9, Worst: worstExit}
	var b bytes.Buffer
	o.Write(&b, "user dba", night(31))
	for _, text := range []string{b.String(), o.Markdown(night(31))} {
		if n := strings.Count(text, "migplan retry"); n != explained {
			t.Errorf("%d plans are explained, want %d", n, explained)
		}
		if want := "3 more plans that need a person: "; !strings.Contains(text, want) {
			t.Errorf("the output lacks %q:\n%s", want, text)
		}
		if want := "8 of 9 plans: 8 blocked"; !strings.Contains(text, want) {
			t.Errorf("the output lacks %q:\n%s", want, text)
		}
	}
}
