package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"github.com/migplan/migplan/pkg/plan"
)

// Running is a step that DRS works on. DRS reports no percentage, so what can be
// shown is which step it is, its last status and the time.
type Running struct {
	Plan        string
	Step, Steps int       // step 3 of 12
	File        string    // the object key; the first of several
	Status      string    // the last one that DRS showed, in its words
	StatusSince time.Time // when that status was first seen; zero where it is not known
	SubmittedAt time.Time
}

// minFile is how many columns of the file's name a line keeps at least.
const minFile = 12

// Line describes the step in at most width columns. What is too much is left out
// in this order: how long the status is shown, the start of the file's name, the
// end of the plan's name.
func (r Running) Line(now time.Time, width int) string {
	step := fmt.Sprintf("step %d/%d", r.Step, r.Steps)
	elapsed := roughly(now.Sub(r.SubmittedAt))
	long, short := r.status(now), plan.Printable(r.Status)
	for _, status := range []string{long, short} {
		rest := width - columns(r.Plan, step, status, elapsed) - 2
		if file := endOf(plan.Printable(r.File), rest); rest >= minFile || file == plan.Printable(r.File) {
			return joined(r.Plan, step, file, status, elapsed)
		}
	}
	return runewidth.Truncate(joined(r.Plan, step, short, elapsed), width, "…")
}

func (r Running) status(now time.Time) string {
	s := plan.Printable(r.Status)
	if r.Status == "" || r.StatusSince.IsZero() {
		return s
	}
	return s + " for " + roughly(now.Sub(r.StatusSince))
}

func joined(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "  ")
}

func columns(parts ...string) int { return runewidth.StringWidth(joined(parts...)) }

// endOf is the end of s in at most width columns: the end of a backup's name
// tells it from the others.
func endOf(s string, width int) string {
	if runewidth.StringWidth(s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && runewidth.StringWidth(string(runes))+1 > width {
		runes = runes[1:]
	}
	return "…" + string(runes)
}

// roughly is a duration as 45s, 12m30s or 3h07m.
func roughly(d time.Duration) string {
	d = max(0, d).Truncate(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}

// Where no terminal can show a live line, a change of the status is worth one after
// a minute, and a step that does not change after ten: what was submitted and what
// has ended has lines of its own.
const (
	soon    = time.Minute
	silence = 10 * time.Minute
)

// Reports says when a line about a running step is due.
type Reports struct {
	last map[string]report // by plan
}

type report struct {
	step   int
	status string
	at     time.Time
}

// News returns the lines for now.
func (r *Reports) News(now time.Time, running []Running) (lines []string) {
	if r.last == nil {
		r.last = map[string]report{}
	}
	for _, s := range running {
		said, known := r.last[s.Plan]
		if !known || said.step != s.Step {
			said = report{step: s.Step, at: s.SubmittedAt}
			r.last[s.Plan] = said
		}
		quiet := now.Sub(said.at)
		if quiet >= silence || quiet >= soon && said.status != s.Status {
			r.last[s.Plan] = report{s.Step, s.Status, now}
			lines = append(lines, s.Line(now, 1<<10))
		}
	}
	return lines
}
