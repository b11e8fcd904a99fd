package view

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
)

// WritePlans writes the output of plan.
func WritePlans(w io.Writer, all []*Migration, bodies Bodies, now time.Time) {
	for i, m := range all {
		if i > 0 {
			Line(w, "")
		}
		m.writeHead(w, now)
		m.writeAgainst(w)
		if m.Unread {
			Line(w, unreadLedger)
			continue
		}
		m.writeTable(w, m.planRows())
		for _, text := range m.lockedLines(Clean) {
			Line(w, "%s", text)
		}
		m.writeBodies(w, bodies)
	}
}

const unreadLedger = "the ledger cannot be read: the state of the steps is unknown"

func (m *Migration) writeHead(w io.Writer, now time.Time) {
	p := m.Plan
	Line(w, "plan %s (%s), %s, chain %s", p.Name, m.File, m.PlanState(), p.Chain())
	Line(w, "target: instance %s, project %s, region %s", p.Target.InstanceID, p.Target.ProjectID, p.Target.Region)
	Line(w, "databases: %s", m.databaseList())
	if p.Overwrite {
		Line(w, "OVERWRITE: the full backup overwrites databases of the same name on the target")
	}
	Line(w, "%s", m.cutoverLine())
	if m.LedgerFile == "" {
		Line(w, "%s: every step is shown as pending", m.noLedger())
	}
	if m.LastPass != nil {
		m.writeLastPass(w, now)
	}
	m.writeChain(w)
	Line(w, "")
}

// noLedger says where there is no ledger yet.
func (m *Migration) noLedger() string {
	dir := m.LedgerFolder
	if path, err := filepath.Abs(dir); err == nil {
		dir = path
	}
	return "no ledger in " + Clean(dir)
}

// writeChain says what a person should know about the plan's chain.
func (m *Migration) writeChain(w io.Writer) {
	for _, text := range m.chainLines() {
		Line(w, "%s", text)
	}
}

func (m *Migration) chainLines() (lines []string) {
	if m.notBegun() {
		lines = append(lines, "in a subfolder and not begun: apply begins it only with --recursive, or as migplan apply "+Word(m.File))
	}
	if m.State.Ended != nil {
		lines = append(lines, "closed"+m.ClosedBy())
	}
	if m.State.Held != nil {
		lines = append(lines, m.Held())
	}
	if m.Shared != nil {
		lines = append(lines, m.sharedWarning())
	}
	return lines
}

func (m *Migration) sharedWarning() string {
	o := m.Shared
	return fmt.Sprintf("WARNING: %s also belongs to plan %s, generation %d: close one of the two plans", o.Databases, o.Plan, o.Generation)
}

// planRows are the steps as plan shows them.
func (m *Migration) planRows() [][]string {
	rows := [][]string{{"STEP", "STATE", "TYPE", "FILES", "IS_LAST_BACKUP", "JOB NAME", "NEEDS"}}
	for _, s := range m.steps() {
		state := string(s.known.State)
		if s.Seq == m.Result.Step && s.known.State == ledger.StepPending {
			state = "next"
		}
		rows = append(rows, []string{
			fmt.Sprint(s.Seq), state, string(s.Backup.Type), strings.Join(s.Backup.Keys, " "),
			fmt.Sprint(s.Last), s.jobName(), m.needs(s.Seq),
		})
	}
	return rows
}

// writeTable writes the steps, and in what the plan is no longer what was sent.
func (m *Migration) writeTable(w io.Writer, rows [][]string) {
	Table(w, rows)
	for _, d := range m.differences() {
		Line(w, "%s", d)
	}
}

// WriteStatus writes the output of status. The reader is who runs the command.
func WriteStatus(w io.Writer, all []*Migration, reader string, now time.Time) {
	for i, m := range all {
		if i > 0 {
			Line(w, "")
		}
		m.writeStatus(w, reader, now)
	}
}

func (m *Migration) writeStatus(w io.Writer, reader string, now time.Time) {
	Line(w, "plan %s (%s): %s", m.Plan.Name, m.File, m.PlanState())
	if m.LedgerFile == "" {
		Line(w, "%s yet: nothing was sent from here", m.noLedger())
	} else {
		Line(w, "ledger: %s, read by %s", m.LedgerFolder, Clean(reader))
	}
	if m.unknownHere() {
		Line(w, "this ledger holds nothing of the plan: if cron sends it, cron uses another ledger")
	}
	m.writeLastPass(w, now)
	if m.Unread {
		Line(w, unreadLedger)
		return
	}
	Line(w, "database: %s", m.database())
	if c := m.Plan.Cutover; c != nil && !(c.NotBefore.IsZero() && c.NotAfter.IsZero()) {
		Line(w, "%s", m.cutoverLine())
	}
	m.writeChain(w)
	Line(w, "")
	m.writeTable(w, m.statusRows(now))
	if next := m.awaited(); next != "" {
		Line(w, "")
		Line(w, "%s", next)
	}
}

// statusRows are the steps as status shows them.
func (m *Migration) statusRows(now time.Time) [][]string {
	rows := [][]string{{"STEP", "STATE", "TYPE", "FILES", "ATTEMPT", "JOB", "SUBMITTED", "TOOK"}}
	for _, s := range m.steps() {
		st := s.known
		rows = append(rows, []string{
			fmt.Sprint(s.Seq), string(st.State), string(s.Backup.Type), joinKeys(s.Backup.Keys),
			fmt.Sprint(st.Attempt), dash(Clean(st.JobID)), Stamp(st.SubmittedAt), took(st, now),
		})
	}
	return rows
}

// WriteRehearsed ends a rehearsal with a table of what was sent.
func (m *Migration) WriteRehearsed(w io.Writer, now time.Time) {
	rows := [][]string{{"STEP", "STATE", "TYPE", "FILES", "IS_LAST_BACKUP", "JOB NAME", "TOOK"}}
	for _, s := range m.steps() {
		rows = append(rows, []string{
			fmt.Sprint(s.Seq), string(s.known.State), string(s.Backup.Type), joinKeys(s.Backup.Keys),
			fmt.Sprint(s.Last), s.jobName(), took(s.known, now),
		})
	}
	Line(w, "")
	Table(w, rows)
}
