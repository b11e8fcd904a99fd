package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// examples are the situations that each output shows.
func examples(t *testing.T) []*Migration {
	t.Helper()
	fresh := example(t, ledger.StepPending)
	fresh.File, fresh.LedgerFile, fresh.State, fresh.Result.Step = "fresh.yaml", "", ledger.State{}, 1
	fresh.Diagnostics = []plan.Diagnostic{{File: "fresh.yaml", Pos: plan.Pos{Line: 2, Column: 7}, Severity: plan.Warning, Rule: "file-name", Summary: "a warning", Hint: "a hint"}}
	running := example(t, ledger.StepRunning)
	running.Result.Step = 2
	doubt := example(t, ledger.StepInDoubt)
	doubt.Result.Step = 2
	failed := example(t, ledger.StepFailed)
	failed.Result.Stop = executor.Stop{Reason: executor.JobFailed, Step: 2}
	held := example(t, ledger.StepSucceeded)
	held.State.Held, held.State.HeldAt = &ledger.DecisionData{User: "dba", Host: "jump1", Reason: "change freeze"}, night(0)
	held.Result.Stop = executor.Stop{Reason: executor.OnHold}
	next := example(t, ledger.StepSucceeded)
	next.Result.Step = 3
	closed := example(t, ledger.StepSucceeded)
	closed.State.Ended = &ledger.DecisionData{User: "dba", Host: "jump1", Reason: "abandoned"}
	closed.State.Steps = append(closed.State.Steps, stepOf(closed.Plan, 3, ledger.StepSucceeded))
	closed.Result.Stop = executor.Stop{Reason: executor.ChainClosed}
	closed.Shared = &executor.Owner{Plan: "crm-prod", Generation: 2, Databases: `database "ims"`}
	unread := example(t, ledger.StepPending)
	unread.Unread, unread.State = true, ledger.State{}
	unread.Result.Stop = executor.Stop{Reason: executor.LedgerBroken, Err: errors.New("event 3 does not match its hash")}
	return []*Migration{fresh, running, doubt, failed, held, next, closed, unread, edited(t)}
}

// edited is a plan that names another file for a step that was sent, and no
// longer has the last one.
func edited(t *testing.T) *Migration {
	t.Helper()
	m := example(t, ledger.StepRunning)
	sent := m.State.Requests["job-2"]
	sent.Body = strings.Replace(sent.Body, "ims_log1.bak", "ims_log0.bak", 1)
	m.State.Requests["job-2"] = sent
	m.State.Steps = append(m.State.Steps, stepOf(m.Plan, 3, ledger.StepSucceeded))
	m.State.Requests["job-3"] = m.State.Steps[2].Intent
	m.Plan.Steps = m.Plan.Steps[:2]
	m.Result.Stop = executor.Stop{Reason: executor.PlanShorter, Step: 3}
	return m
}

// refused are plans that could not be run at all.
func refused(t *testing.T) []*Migration {
	t.Helper()
	unset := example(t, ledger.StepPending)
	unset.Setup = &SetupError{Class: executor.Denied, Err: errors.New("no credentials were found")}
	return []*Migration{unset, {File: "broken.yaml", Diagnostics: []plan.Diagnostic{
		{File: "broken.yaml", Pos: plan.Pos{Line: 3, Column: 1}, Severity: plan.Error, Rule: "unknown-key", Summary: `unknown key "nonsense"`, Hint: "remove it"},
	}}}
}

// noCode replaces the exit codes of the command.
func noCode(executor.Class) int { return 0 }

func TestPlanText(t *testing.T) {
	var b bytes.Buffer
	WritePlans(&b, examples(t), NextBodies, night(31))
	golden(t, "plan-text", b.String())
}

func TestPlanMarkdown(t *testing.T) {
	all := examples(t)
	golden(t, "plan-markdown", Markdown([]*Migration{all[0], all[1], edited(t), refused(t)[1]}, AllBodies))
}

func TestPlanJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, Plans(examples(t)[:2], true, noCode)); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan-json", b.String())
}

func TestStatusText(t *testing.T) {
	var b bytes.Buffer
	WriteStatus(&b, examples(t), "user dba", night(31))
	golden(t, "status-text", b.String())
}

func TestStatusJSON(t *testing.T) {
	var b bytes.Buffer
	out := Plans(append(examples(t), refused(t)...), false, noCode)
	out.Ledger = "/var/lib/migplan"
	if err := WriteJSON(&b, out); err != nil {
		t.Fatal(err)
	}
	golden(t, "status-json", b.String())
}

func TestHistoryText(t *testing.T) {
	m := example(t, ledger.StepRunning)
	data := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	events := []ledger.Event{
		{Seq: 1, At: night(9), Kind: ledger.Intent, Step: 1, Attempt: 1, Data: data(m.State.Steps[0].Intent)},
		{Seq: 2, At: night(10), Kind: ledger.Accepted, Step: 1, Attempt: 1, Data: data(ledger.OutcomeData{JobID: "job-1"})},
		{Seq: 3, At: night(11), Kind: ledger.Decision, Data: data(ledger.DecisionData{What: ledger.Hold, User: "dba", Host: "jump1", Reason: "change freeze"})},
	}
	var b bytes.Buffer
	m.WriteHistory(&b, events)
	m.WriteHistory(&b, nil)
	m.LedgerFile = ""
	m.WriteHistory(&b, nil)
	golden(t, "history-text", b.String())
}

// What a pass or a decision did, and how a rehearsal and an adoption end.
func TestChangesText(t *testing.T) {
	var b bytes.Buffer
	m := example(t, ledger.StepSucceeded)
	for _, c := range []executor.Change{
		{Step: 1, What: executor.ChangeSubmitted, JobName: "ims-prod-001-k74ulw2g", JobID: "job-1"},
		{Step: 1, What: executor.ChangeAdopted, JobID: "job-1"},
		{Step: 1, What: executor.ChangeAdopted, JobID: "job-1", NotCompared: []executor.Value{executor.ValueIsCover, executor.ValueFolder}},
		{Step: 1, What: executor.ChangeSucceeded, JobID: "job-1"},
		{Step: 2, What: executor.ChangeRefused}, {Step: 2, What: executor.ChangeAbsent},
		{Step: 2, What: executor.ChangeRetry}, {Step: 3, What: executor.ChangeRetry}, {Step: 2, What: executor.ChangeNotCreated},
		{What: executor.ChangeHold}, {What: executor.ChangeRelease}, {What: executor.ChangeClose}, {What: executor.ChangeIgnoreJob, JobID: "job-9"}, {What: executor.ChangeRecognize},
	} {
		m.WriteChange(&b, c)
	}
	m.WriteReread(&b)
	m.WriteAdopted(&b)
	m.Result.Changes = []executor.Change{{What: executor.ChangeAdopted}, {What: executor.ChangeAdopted}}
	m.WriteAdopted(&b)
	m.WriteRehearsing(&b, "127.0.0.1:1234")
	m.WriteRehearsed(&b, night(31))
	golden(t, "changes-text", b.String())
}

func TestDiagnosticsText(t *testing.T) {
	ds := []plan.Diagnostic{
		{File: "wrong.yaml", Pos: plan.Pos{Line: 3, Column: 1}, Severity: plan.Error, Rule: "unknown-key", Summary: `unknown key "nonsense"`, Hint: "remove it", Line: "nonsense: 1"},
		{File: "odd, 100%.yaml", Pos: plan.Pos{Line: 2, Column: 7}, Severity: plan.Warning, Rule: "file-name", Summary: "a warning", Hint: "a hint", Line: "name: ims"},
	}
	var b bytes.Buffer
	WriteDiagnostics(&b, ds)
	WriteGitHub(&b, ds, false)
	WriteValid(&b, 1)
	WriteValid(&b, 2)
	Error(&b, "the --timeout is negative", "give a duration like 30m")
	Error(&b, "something failed", "")
	golden(t, "diagnostics-text", b.String())
}
