package view

import (
	"io"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
)

// Explanation is what a stop says to a person, each part in one line.
type Explanation struct {
	What     string `json:"what,omitempty"`
	Tried    string `json:"tried,omitempty"`
	Known    string `json:"known,omitempty"`
	Database string `json:"database,omitempty"`
	Next     string `json:"next,omitempty"`
	// NextLines is Next with each command on a line of its own.
	NextLines []string `json:"next_lines,omitempty"`
}

// message is what is said about a reason: templates over the methods of
// stopped. Empty parts are left to the rules of Explain.
type message struct {
	// Waits is for a pass that ended well: what the plan waits for.
	Waits string
	// The others are for a stop that needs attention.
	What, Tried, Known, Database, Next string
	// Causes replace parts where the stop has this Why. An empty one says that
	// the parts of the reason fit it.
	Causes map[executor.Why]message
	// Adjust changes what depends on more than reason and cause; nil: nothing.
	Adjust func(stopped, *message)
}

// messageOf finds the message of a reason.
func messageOf(r executor.Reason) (message, bool) {
	for _, subject := range subjects() {
		if msg, ok := subject[r]; ok {
			return msg, true
		}
	}
	return message{}, false
}

// Explain says what the last pass, preview or decision stopped at.
func (m *Migration) Explain() Explanation {
	switch {
	case m.said != nil:
		e := *m.said
		e.Tried = m.LastPass.tried()
		if m.Setup != nil || (stopped{m, m.Result.Stop}).message().Database == "" {
			e.Database = m.DatabaseState() // another chain may have worked on it since
		}
		return e
	case m.Setup != nil:
		return m.explainSetup()
	}
	s := stopped{m, m.Result.Stop}
	msg := s.message()
	next := s.expand(msg.Next)
	if m.Run.Rehearsal {
		next = "nothing: this was a rehearsal; in a real run: " + next
	}
	e := Explanation{
		What: unmarked(s.expand(msg.What)), Tried: unmarked(s.tried(msg)), Known: unmarked(s.expand(msg.Known)),
		Database: s.expand(msg.Database), Next: unmarked(next), NextLines: lines(next),
	}
	switch {
	case m.Unread:
		e.Database = unknownDatabase
	case e.Database == "":
		e.Database = m.DatabaseState()
	}
	return e
}

func (m *Migration) explainSetup() Explanation {
	next, database := m.afterSetup(), m.DatabaseState()
	if m.Unread {
		database = unknownDatabase
	}
	tried := []string{"preparing the pass"}
	if m.Run.Again != "" {
		tried[0] = "preparing the decision"
	}
	if len(m.Setup.Looked) > 0 {
		tried[0] += "; looked for credentials in:"
	}
	for _, place := range m.Setup.Looked {
		tried = append(tried, "  "+Clean(place))
	}
	return Explanation{
		What: Clean(m.Setup.Err.Error()), Tried: strings.Join(tried, "\n"), Known: "nothing was sent", Database: database,
		Next: unmarked(next), NextLines: lines(next),
	}
}

// afterSetup is what to do about a setting, and then the command.
func (m *Migration) afterSetup() string {
	remedy, again := orElse(Clean(m.Setup.Remedy), "fix that"), marked(m.again())
	if strings.HasSuffix(remedy, "again later") {
		return remedy + ": " + again
	}
	return remedy + "; then " + again
}

// unknownDatabase is for a ledger that cannot be trusted.
const unknownDatabase = "unknown: the ledger does not show everything that was done; check it in the console"

// WriteStop writes a stop that needs somebody's attention.
func (m *Migration) WriteStop(w io.Writer) {
	e := m.Explain()
	Line(w, "error: %s: %s", m.Plan.Name, e.What)
	writePart(w, "tried:", strings.Split(e.Tried, "\n"))
	writePart(w, "known:", nonEmpty(e.Known))
	writePart(w, "database:", nonEmpty(e.Database))
	if !m.Run.Rehearsal {
		writePart(w, "ledger:", nonEmpty(m.LedgerFile))
	}
	writePart(w, "next:", e.NextLines)
}
