package view

import (
	"io"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// WriteChange writes one thing that a pass or a decision did.
func (m *Migration) WriteChange(w io.Writer, c executor.Change) { Line(w, "%s", m.change(c)) }

func (m *Migration) change(c executor.Change) string {
	who := m.Plan.Name + ": "
	if c.Step > 0 {
		who += m.stepName(c.Step) + ": "
	}
	switch c.What {
	case executor.ChangeSubmitted:
		return who + "submitted as " + c.JobName + ", job " + Clean(c.JobID)
	case executor.ChangeAdopted:
		return who + "job " + Clean(c.JobID) + " was found and adopted" + notCompared(c.NotCompared)
	case executor.ChangeAbsent:
		return who + "two searches show that no job was created; it may be sent again"
	case executor.ChangeRetry:
		return who + m.sendsNext(c.Step, "the next pass sends it again")
	case executor.ChangeNotCreated:
		return who + "recorded as not created; " + m.sendsNext(c.Step, "the next pass sends it")
	case executor.ChangeHold:
		return who + "on hold for every runner"
	case executor.ChangeRelease:
		return who + "released"
	case executor.ChangeClose:
		return who + "closed: it sends nothing more, and its databases are free for another plan"
	case executor.ChangeIgnoreJob:
		return who + "job " + Clean(c.JobID) + " is ignored from now on"
	case executor.ChangeRecognize:
		return who + "these credentials are recorded as the plan's"
	}
	if c.JobID != "" {
		return who + string(c.What) + ", job " + Clean(c.JobID)
	}
	return who + string(c.What)
}

// sendsNext says when a step is sent: without its key it is not.
func (m *Migration) sendsNext(seq int, free string) string {
	if key := m.needs(seq); key != "" {
		return "to send it: " + m.Command("apply", key)
	}
	return free
}

// notCompared says what DRS did not show of an adopted job.
func notCompared(what []executor.Value) string {
	if len(what) == 0 {
		return ""
	}
	var names []string
	for _, v := range what {
		names = append(names, valueName(v))
	}
	return " (not compared, since DRS does not show it: " + strings.Join(names, ", ") + ")"
}

// WriteWaits writes what a plan waits for whose pass ended well.
func (m *Migration) WriteWaits(w io.Writer) { Line(w, "%s: %s", m.Plan.Name, m.waits()) }

func (m *Migration) waits() string {
	msg, _ := messageOf(m.Result.Reason)
	return stopped{m, m.Result.Stop}.expand(msg.Waits)
}

// awaited says what happens next, "" where a stop or another line has said it.
func (m *Migration) awaited() string {
	switch r := m.Result; {
	case r.Class() != executor.OK, r.Reason == executor.OnHold:
		return ""
	case r.Reason != "":
		return m.Plan.Name + ": " + m.waits()
	}
	seq := m.Result.Step
	switch st, key := m.State.Step(seq), m.needs(seq); {
	case st.State == ledger.StepRunning:
		return "waiting for DRS: " + m.stepName(seq) + " is running"
	case st.State == ledger.StepInDoubt:
		return "in doubt since " + Stamp(st.IntentAt) + ": the next pass searches for the job of " + m.stepName(seq)
	case key != "":
		return "next: " + m.Command("apply", key)
	}
	return "next: the next pass submits " + m.stepName(seq)
}

// WriteAdopted ends a rebuilt ledger with how many jobs were adopted, and what
// to do now.
func (m *Migration) WriteAdopted(w io.Writer) {
	n := 0
	for _, c := range m.Result.Changes {
		if c.What == executor.ChangeAdopted {
			n++
		}
	}
	done := "nothing to adopt"
	if n > 0 {
		done = Counted(n, "job") + " adopted"
	}
	Line(w, "%s: %s; continue with: %s", m.Plan.Name, done, m.Command("apply", ""))
}

// WriteReread says that the plan's file was changed during the run.
func (m *Migration) WriteReread(w io.Writer) {
	Line(w, "%s: the plan file was changed; going on with %s", m.Plan.Name, Counted(len(m.Plan.Steps), "step"))
}

// WriteSkipped says that apply does not begin a plan that it found in a
// subfolder.
func (m *Migration) WriteSkipped(w io.Writer) {
	Line(w, "%s: %s skipped: its chain has not begun, and it is in a subfolder. to begin it: migplan apply %s, or add --recursive",
		m.File, m.Plan.Name, Word(m.File))
}

// WriteRehearsing begins a rehearsal.
func (m *Migration) WriteRehearsing(w io.Writer, host string) {
	Line(w, "rehearsing %s (%s) against a simulated DRS on %s", m.Plan.Name, m.File, host)
}

func dash(s string) string { return orElse(s, "-") }
