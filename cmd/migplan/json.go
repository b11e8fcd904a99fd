package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// The JSON outputs are documented in docs/output.md. Each has a version;
// fields may be added to it, none is taken away or changes its meaning.

const (
	outputVersion  = 1
	historyVersion = 2
)

func (a *app) writeJSON(v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		a.sayError(err.Error(), "")
		return
	}
	_, _ = a.stdout.Write(escapeHidden(buf.Bytes()))
}

type jsonDiagnostics struct {
	Version     int              `json:"version"`
	Code        int              `json:"code"`
	Exit        executor.Class   `json:"exit"`
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
}

type jsonDiagnostic struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Summary  string `json:"summary"`
	Hint     string `json:"hint"`
}

func diagnosticsJSON(ds []plan.Diagnostic, class executor.Class) jsonDiagnostics {
	return jsonDiagnostics{Version: outputVersion, Code: exitCode(class), Exit: class, Diagnostics: diagnosticsOf(ds)}
}

func diagnosticsOf(ds []plan.Diagnostic) []jsonDiagnostic {
	out := []jsonDiagnostic{}
	for _, d := range ds {
		out = append(out, jsonDiagnostic{d.File, d.Pos.Line, d.Column, string(d.Severity), d.Rule, d.Summary, d.Hint})
	}
	return out
}

// jsonPlans is the output of plan, apply and status.
type jsonPlans struct {
	Version int        `json:"version"`
	Ledger  string     `json:"ledger,omitempty"`
	Plans   []jsonPlan `json:"plans"`
}

type jsonPlan struct {
	File        string           `json:"file"`
	Name        string           `json:"name,omitempty"`
	Chain       string           `json:"chain,omitempty"`
	State       string           `json:"state"`
	Code        int              `json:"code"`
	Exit        executor.Class   `json:"exit"`
	Sent        executor.Sent    `json:"sent"`
	Reason      string           `json:"reason,omitempty"`
	Message     string           `json:"message,omitempty"`
	Next        string           `json:"next,omitempty"`
	Changes     []jsonChange     `json:"changes,omitempty"`
	Steps       []jsonStep       `json:"steps,omitempty"`
	Diagnostics []jsonDiagnostic `json:"diagnostics,omitempty"`
}

type jsonChange struct {
	Step    int    `json:"step,omitempty"`
	What    string `json:"what"`
	JobName string `json:"job_name,omitempty"`
	JobID   string `json:"job_id,omitempty"`
}

type jsonStep struct {
	Seq          int             `json:"seq"`
	Type         plan.Type       `json:"type"`
	Files        []string        `json:"files"`
	JobName      string          `json:"job_name"`
	IsLastBackup bool            `json:"is_last_backup"`
	ChainSHA256  string          `json:"chain_sha256"`
	BodySHA256   string          `json:"body_sha256,omitempty"`
	Confirm      string          `json:"confirm,omitempty"`
	Cutover      string          `json:"confirm_cutover,omitempty"`
	Overwrite    string          `json:"confirm_overwrite,omitempty"`
	Body         json.RawMessage `json:"body,omitempty"`

	State       ledger.StepState `json:"state"`
	Attempt     int              `json:"attempt"`
	JobID       string           `json:"job_id,omitempty"`
	SubmittedAt *time.Time       `json:"submitted_at,omitempty"`
	FinishedAt  *time.Time       `json:"finished_at,omitempty"`
	Status      string           `json:"status,omitempty"`
	ErrorLog    string           `json:"error_log,omitempty"`
}

// planJSON is a plan and where it stands; with bodies, what would be sent too.
func planJSON(at place, r executor.Result, bodies bool) jsonPlan {
	out := jsonPlan{
		File: at.file, Name: at.plan.Name, Chain: at.plan.Chain(), State: planState(at, r.Stop),
		Code: exitCode(r.Class()), Exit: r.Class(), Sent: r.Sent, Reason: string(r.Reason),
	}
	if r.Class() != executor.OK {
		e := explain(at, r.Stop)
		out.Message, out.Next = e.What, e.Next
	}
	for _, c := range r.Changes {
		out.Changes = append(out.Changes, jsonChange{c.Step, c.What, c.JobName, c.JobID})
	}
	if at.unread {
		return out
	}
	for _, s := range at.steps {
		if out.Sent == executor.SentNo && at.state.Step(s.Seq).State == ledger.StepInDoubt {
			out.Sent = executor.SentMaybe // by an earlier run
		}
		out.Steps = append(out.Steps, stepJSON(at, s, bodies))
	}
	return out
}

func stepJSON(at place, s plan.Step, bodies bool) jsonStep {
	st, s := at.state.Step(s.Seq), at.sent(s)
	out := jsonStep{
		Seq: s.Seq, Type: s.Backup.Type, Files: s.Backup.Keys, JobName: s.JobName(st.Attempt), IsLastBackup: s.Last,
		ChainSHA256: s.ChainSHA256, Cutover: confirmation(at, s.Seq, plan.ActCutover), Overwrite: confirmation(at, s.Seq, plan.ActOverwrite),
		State: st.State, Attempt: st.Attempt, JobID: st.JobID,
		SubmittedAt: utc(st.SubmittedAt), FinishedAt: utc(st.FinishedAt), Status: st.Status, ErrorLog: st.ErrorLog,
	}
	out.Confirm = cmp.Or(out.Cutover, out.Overwrite)
	if req, err := s.Request(st.Attempt); err == nil {
		out.BodySHA256 = req.SHA256
		if bodies {
			out.Body = req.Body
		}
	}
	return out
}

// confirmation is the NAME@HASH that an act of a step needs, "" where it needs
// none.
func confirmation(at place, seq int, act plan.Act) string {
	if seq < 1 || seq > len(at.steps) {
		return ""
	}
	s, p := at.steps[seq-1], at.plan
	needed := at.overwriteKey(s)
	if act == plan.ActCutover {
		needed = s.Last && !p.Cutover.Unattended
	}
	if !needed {
		return ""
	}
	return plan.Confirmation(at.steps, act, at.state.Step(seq).Attempt)
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

// invalidJSON is a plan that could not be loaded.
func invalidJSON(l loaded) jsonPlan {
	return jsonPlan{
		File: l.file, State: "blocked", Code: exitCode(executor.Invalid), Exit: executor.Invalid, Sent: executor.SentNo,
		Message: fmt.Sprintf("%s cannot be run", l.file), Diagnostics: diagnosticsOf(l.diagnostics),
	}
}
