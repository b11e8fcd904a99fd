package view

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// The JSON outputs are documented in docs/output.md. Each has a version;
// fields may be added to it, none is removed or changes its meaning.

// Version is the version of every output but history's.
const Version = 1

// ExitCode is the exit code of a class, which the command defines.
type ExitCode func(executor.Class) int

// WriteJSON writes an output. The error is about the value: w keeps its own.
func WriteJSON(w io.Writer, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, _ = w.Write(escapeHidden(buf.Bytes()))
	return nil
}

// PlansJSON is the output of plan, apply and status.
type PlansJSON struct {
	Version int        `json:"version"`
	Ledger  string     `json:"ledger,omitempty"`
	Plans   []PlanJSON `json:"plans"`
	Removed []string   `json:"removed,omitempty"`
}

// PlanJSON is a plan and where it stands.
type PlanJSON struct {
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
	LastPass    *LastPassJSON    `json:"last_pass,omitempty"`
	Changes     []ChangeJSON     `json:"changes,omitempty"`
	Against     *AgainstJSON     `json:"against,omitempty"`
	Steps       []StepJSON       `json:"steps,omitempty"`
	Diagnostics []DiagnosticJSON `json:"diagnostics,omitempty"`
}

// ChangeJSON is one thing that a run did.
type ChangeJSON struct {
	Step    int    `json:"step,omitempty"`
	What    string `json:"what"`
	JobName string `json:"job_name,omitempty"`
	JobID   string `json:"job_id,omitempty"`
}

// StepJSON is one step of a plan.
type StepJSON struct {
	Seq          int             `json:"seq"`
	Type         plan.Type       `json:"type"`
	Files        []string        `json:"files"`
	PlanFiles    []string        `json:"plan_files,omitempty"`
	JobName      string          `json:"job_name"`
	IsLastBackup bool            `json:"is_last_backup"`
	ChainSHA256  string          `json:"chain_sha256"`
	BodySHA256   string          `json:"body_sha256,omitempty"`
	Confirm      string          `json:"confirm,omitempty"`
	Cutover      string          `json:"confirm_cutover,omitempty"`
	Overwrite    string          `json:"confirm_overwrite,omitempty"`
	Body         json.RawMessage `json:"body,omitempty"`
	Locked       []verify.Entry  `json:"locked,omitempty"`

	State       ledger.StepState `json:"state"`
	Attempt     int              `json:"attempt"`
	JobID       string           `json:"job_id,omitempty"`
	SubmittedAt *time.Time       `json:"submitted_at,omitempty"`
	FinishedAt  *time.Time       `json:"finished_at,omitempty"`
	Status      string           `json:"status,omitempty"`
	ErrorLog    string           `json:"error_log,omitempty"`
}

// Plans is the output of plan, apply and status: the invalid plans first. With
// bodies, it has what would be sent too.
func Plans(all []*Migration, bodies bool, code ExitCode) PlansJSON {
	out := PlansJSON{Version: Version, Plans: []PlanJSON{}}
	for _, valid := range []bool{false, true} {
		for _, m := range all {
			if m.Valid() == valid {
				out.Plans = append(out.Plans, m.json(bodies, code))
			}
		}
	}
	return out
}

func (m *Migration) json(bodies bool, code ExitCode) PlanJSON {
	out := PlanJSON{File: m.File, State: "blocked", Code: code(m.Class()), Exit: m.Class(), Sent: executor.SentNo}
	switch {
	case !m.Valid():
		out.Message, out.Diagnostics = fmt.Sprintf("%s cannot be run", m.File), diagnosticsJSON(m.Diagnostics)
		return out
	case m.Setup != nil:
		e := m.Explain()
		out.Name, out.Chain, out.Message, out.Next, out.LastPass = m.Plan.Name, m.Plan.Chain(), e.What, e.Next, m.lastPassJSON(code)
		if !m.Unread {
			m.addSteps(&out, bodies)
		}
		return out
	}
	out.Name, out.Chain, out.State = m.Plan.Name, m.Plan.Chain(), m.PlanState()
	out.Sent, out.Reason = m.Result.Sent, string(m.Result.Reason)
	if m.Class() != executor.OK {
		e := m.Explain()
		out.Message, out.Next = e.What, e.Next
	}
	out.LastPass = m.lastPassJSON(code)
	if m.Result.Reason == executor.PlanInvalid {
		out.Diagnostics = diagnosticsJSON(m.Diagnostics)
	}
	for _, c := range m.Result.Changes {
		out.Changes = append(out.Changes, ChangeJSON{c.Step, string(c.What), c.JobName, c.JobID})
	}
	out.Against = m.againstJSON()
	if !m.Unread {
		m.addSteps(&out, bodies)
	}
	return out
}

func (m *Migration) addSteps(out *PlanJSON, bodies bool) {
	for _, s := range m.steps() {
		if out.Sent == executor.SentNo && s.known.State == ledger.StepInDoubt {
			out.Sent = executor.SentMaybe // by an earlier run
		}
		out.Steps = append(out.Steps, m.stepJSON(s, bodies))
	}
}

func (m *Migration) stepJSON(s step, bodies bool) StepJSON {
	st := s.known
	out := StepJSON{
		Seq: s.Seq, Type: s.Backup.Type, Files: s.Backup.Keys, PlanFiles: s.planned, JobName: s.jobName(), IsLastBackup: s.Last,
		ChainSHA256: s.ChainSHA256, Cutover: m.confirmation(s.Seq, plan.ActCutover), Overwrite: m.confirmation(s.Seq, plan.ActOverwrite),
		State: st.State, Attempt: st.Attempt, JobID: st.JobID,
		SubmittedAt: utc(st.SubmittedAt), FinishedAt: utc(st.FinishedAt), Status: st.Status, ErrorLog: st.ErrorLog,
	}
	if bodies {
		out.Locked = m.locked(s.Backup)
	}
	out.Confirm = cmp.Or(out.Cutover, out.Overwrite)
	if req := s.asSent(); req != nil {
		out.BodySHA256 = req.SHA256
		if bodies {
			out.Body = req.Body
		}
	}
	return out
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
