package main

import (
	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/internal/view"
)

// writeFaults lists the kinds of faults that the simulator knows, by what their
// N counts.
func (a *app) writeFaults() {
	view.Line(a.stdout, "A fault is KIND@N, KIND@all or KIND@P%%, followed by :ARGUMENT for the kinds that take one.")
	for _, group := range []struct{ op, title string }{
		{"create", "N counts the requests that create a job:"},
		{"job", "N counts the accepted jobs:"},
		{"list", "N counts the requests that list jobs:"},
		{"show", "N counts the requests for the details of a job:"},
	} {
		view.Line(a.stdout, "")
		view.Line(a.stdout, "%s", group.title)
		for _, k := range drssim.FaultKinds() {
			if k.Op == group.op {
				view.Line(a.stdout, "  %-26s %s", k.Name, k.Help)
			}
		}
	}
}
