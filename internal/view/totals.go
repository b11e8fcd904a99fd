package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/migplan/migplan/pkg/executor"
)

// WriteTotals writes in one line how the plans of a call ended, for a call that
// needs attention: nothing for one plan, which has said so itself.
func WriteTotals(w io.Writer, all []*Migration) {
	if len(all) < 2 {
		return
	}
	counts := map[string]int{}
	for _, m := range all {
		counts[m.ending()]++
	}
	var parts []string
	for _, ending := range []string{"done", "waiting", "on hold", "held", "to be tried again", "blocked", "failed", "invalid"} {
		if n := counts[ending]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, ending))
		}
	}
	Line(w, "%s: %s", Counted(len(all), "plan"), strings.Join(parts, ", "))
}

// ending is how a call ended for a plan, in one of the words of WriteTotals.
func (m *Migration) ending() string {
	switch m.Class() {
	case executor.OK:
	case executor.Invalid:
		return "invalid"
	case executor.Failed:
		return "failed"
	case executor.CutoverHeld:
		return "held"
	case executor.TryAgain:
		return "to be tried again"
	default:
		return "blocked"
	}
	switch m.PlanState() {
	case "online", "closed":
		return "done"
	case "on hold":
		return "on hold"
	}
	return "waiting"
}
