package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/lazy"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// LastPass is the last pass over a plan, as it was recorded.
type LastPass struct {
	Began, Ended time.Time
	User, Host   string
	Class        executor.Class
	Reason       executor.Reason // "" where no pass could be made at all
	PassNote

	// Superseded is why it no longer says where the plan stands, "" where it does.
	Superseded string
}

// PassNote is the part of a recorded pass that only view and alerts read.
type PassNote struct {
	Step  int         `json:"step,omitempty"`
	Said  Explanation `json:"said"`            // of a stop: what was printed
	Waits string      `json:"waits,omitempty"` // of a pass that ended well: what the plan waits for
	// SaidAt is when SaidStop was last printed; zero for none.
	SaidAt   time.Time `json:"said_at,omitzero"`
	SaidStop string    `json:"said_stop,omitempty"` // Fingerprint of the stop
	// Stop is the Fingerprint of this stop, Since when the first pass in a row ended
	// with it began, and Passes how many did.
	Stop   string    `json:"stop,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Passes int       `json:"passes,omitempty"`
	// Told is the situation that the webhook was last told of; nil: none yet.
	Told json.RawMessage `json:"told,omitempty"`
}

// Note is what is to be recorded of the pass that has just ended.
func (m *Migration) Note() PassNote {
	n := PassNote{Step: m.Result.Step}
	switch {
	case m.Class() != executor.OK:
		n.Said = m.Explain()
	default:
		n.Waits = m.waits()
	}
	return n
}

// Count adds this pass, which began then, to those before it that ended with the same
// stop.
func (n *PassNote) Count(m *Migration, began time.Time) {
	switch stop := m.Fingerprint(); {
	case m.Class() == executor.OK:
		n.Stop, n.Since, n.Passes = "", time.Time{}, 0
	case n.Stop == stop:
		n.Passes++
	default:
		n.Stop, n.Since, n.Passes = stop, began, 1
	}
}

// tried says in how many passes the stop was met, which an older migplan did not
// record.
func (p *LastPass) tried() string {
	passes := fmt.Sprintf("%d passes since %s", p.Passes, Stamp(p.Since))
	switch rest, ok := strings.CutPrefix(p.Said.Tried, "one pass"); {
	case p.Passes == 1 && ok:
		return "one pass at " + Stamp(p.Ended) + rest
	case p.Passes < 2:
		return p.Said.Tried
	case ok:
		return passes + rest
	case strings.Contains(rest, "\n"):
		return passes + ": " + rest
	default:
		return rest + "; " + passes
	}
}

// varies is what differs from pass to pass: ids of requests and processes, times, and
// how many steps the plan has, to which backups are added during a stop.
var varies = lazy.Regexp(` of \d+ \(|\(request [^)]*\)|\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)|\b(pid|process) \d+`)

// Fingerprint is what tells a stop from another one: all that it says, without the
// times and the ids of requests, which differ in every pass.
func (m *Migration) Fingerprint() string {
	e := m.Explain()
	attempt := m.State.Step(m.Result.Step).Attempt
	text := fmt.Sprintf("%s|%s|%d|%d|%v|%s|%s", m.Class(), m.Result.Reason, m.Result.Step, attempt, m.Result.Jobs, e.What, e.Next)
	return varies().ReplaceAllString(text, "")
}

// SetLastPass takes over the recorded pass of the plan's chain.
func (m *Migration) SetLastPass(r ledger.PassRecord) error {
	p := LastPass{
		Began: r.Began, Ended: r.Ended, User: r.User, Host: r.Host, Class: executor.Class(r.Code), Reason: executor.Reason(r.Reason),
	}
	if err := json.Unmarshal(r.Stop, &p.PassNote); err != nil {
		return fmt.Errorf("the record of the last pass cannot be read: %w", err)
	}
	switch {
	case m.Unread:
	case m.State.Head != ledger.Head{Seq: r.Seq, Hash: r.Hash}:
		p.Superseded = newerEvents
	case m.Plan.SHA256 != r.PlanSHA256:
		p.Superseded = "the plan file has changed"
	}
	m.LastPass = &p
	return nil
}

// newerEvents is why the stop of a pass is past.
const newerEvents = "the ledger has newer events"

// Stand makes the stop of the last pass the plan's own, where nothing has happened
// since: only DRS knows what the pass found out, and status does not ask it. A pass
// that ended well says no more than the ledger and the time of day do, and neither
// does one after which they say something worse: a window that is over, say.
func (m *Migration) Stand(worst func(...executor.Class) executor.Class) {
	p := m.LastPass
	if p == nil || p.Superseded != "" || m.Unread || p.Class == executor.OK || worst(p.Class, m.Class()) != p.Class {
		return
	}
	switch p.Reason {
	case executor.DatabaseTaken, executor.NameTaken, executor.ClosedGeneration: // events of another chain decide these
		if p.Reason != m.Result.Reason {
			p.Superseded = newerEvents
			return
		}
	}
	m.said = &p.Said
	if p.Reason == "" {
		m.Setup = &SetupError{Class: p.Class, Err: errors.New(p.Said.What), Remedy: p.Said.Next}
		return
	}
	m.Result.Stop = executor.Stop{Reason: p.Reason, Step: p.Step}
}

// lastPass says when the last pass was, by whom, and how it ended.
func (m *Migration) lastPass(now time.Time) string {
	p := m.LastPass
	if p == nil {
		return "last pass: not recorded"
	}
	line := fmt.Sprintf("last pass: %s (%s ago) by %s on %s: %s", Stamp(p.Ended), roughly(now.Sub(p.Ended)), Clean(p.User), Clean(p.Host), p.Class)
	switch {
	case p.Superseded != "" && p.Class != executor.OK:
		line += ": " + Clean(p.Said.What) + "; " + p.Superseded + " since"
	case p.Superseded != "":
		line += "; " + p.Superseded + " since"
	}
	return line
}

func (m *Migration) writeLastPass(w io.Writer, now time.Time) {
	if m.LedgerFile != "" {
		Line(w, "%s", m.lastPass(now))
	}
}

// LastPassJSON is the last pass in the output of status and plan.
type LastPassJSON struct {
	Began      time.Time      `json:"began"`
	Ended      time.Time      `json:"ended"`
	User       string         `json:"user"`
	Host       string         `json:"host"`
	Exit       executor.Class `json:"exit"`
	Code       int            `json:"code"`
	Reason     string         `json:"reason,omitempty"`
	Step       int            `json:"step,omitempty"`
	Message    string         `json:"message,omitempty"`
	Next       string         `json:"next,omitempty"`
	Superseded string         `json:"superseded,omitempty"`
	Since      *time.Time     `json:"since,omitempty"`
	Passes     int            `json:"passes,omitempty"`
}

// lastPassJSON is nil in the output of apply, which is about the pass after it.
func (m *Migration) lastPassJSON(code ExitCode) *LastPassJSON {
	p := m.LastPass
	if p == nil || !m.Run.Reads {
		return nil
	}
	return &LastPassJSON{
		Began: p.Began.UTC(), Ended: p.Ended.UTC(), User: Clean(p.User), Host: Clean(p.Host), Exit: p.Class, Code: code(p.Class), Reason: string(p.Reason),
		Step: p.Step, Message: orElse(p.Said.What, p.Waits), Next: p.Said.Next, Superseded: p.Superseded,
		Since: utc(p.Since), Passes: p.Passes,
	}
}
