package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/migplan/migplan/pkg/ledger"
)

// HistoryVersion is the version of the output of history.
const HistoryVersion = 2

// HistoryJSON is the output of history.
type HistoryJSON struct {
	Version int         `json:"version"`
	Name    string      `json:"name"`
	Chain   string      `json:"chain"`
	Events  []EventJSON `json:"events"`
	Message string      `json:"message,omitempty"`
}

// EventJSON is one event of the ledger.
type EventJSON struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Kind    ledger.Kind     `json:"kind"`
	Step    int             `json:"step,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	Run     string          `json:"run"`
	Data    json.RawMessage `json:"data"`
	Hash    string          `json:"hash"`
}

// History is the output of history for these events, or for the error that hid
// them.
func (m *Migration) History(events []ledger.Event, err error) HistoryJSON {
	out := HistoryJSON{Version: HistoryVersion, Name: m.Plan.Name, Chain: m.Plan.Chain(), Events: []EventJSON{}}
	if err != nil {
		out.Message = Clean(err.Error())
	}
	for _, e := range events {
		out.Events = append(out.Events, EventJSON{e.Seq, e.At, e.Kind, e.Step, e.Attempt, e.Run, e.Data, e.Hash})
	}
	return out
}

// WriteHistory writes the events of the plan's chain.
func (m *Migration) WriteHistory(w io.Writer, events []ledger.Event) {
	p, dir := m.Plan, m.LedgerFolder
	if m.LedgerFile == "" {
		Line(w, "plan %s, chain %s: there is no ledger in %s yet", p.Name, p.Chain(), dir)
		return
	}
	Line(w, "plan %s, chain %s, ledger %s: %s, hashes verified", p.Name, p.Chain(), dir, Counted(len(events), "event"))
	if len(events) == 0 {
		return
	}
	rows := [][]string{{"SEQ", "AT", "KIND", "STEP", "ATTEMPT", "WHAT"}}
	for _, e := range events {
		rows = append(rows, []string{fmt.Sprint(e.Seq), Stamp(e.At), string(e.Kind), number(e.Step), number(e.Attempt),
			Clean(strings.TrimSpace(e.Summary() + " " + filesOf(e)))})
	}
	Table(w, rows)
}

// filesOf are the files that an event's request names, "" for none.
func filesOf(e ledger.Event) string {
	var d ledger.IntentData
	if e.Kind != ledger.Intent || json.Unmarshal(e.Data, &d) != nil {
		return ""
	}
	return strings.Join(keysOf(d.Body), " ")
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
