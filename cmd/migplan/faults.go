package main

import (
	"github.com/migplan/migplan/internal/drssim"
)

// writeFaults lists the kinds of faults that the simulator knows, by what their
// N counts.
func (a *app) writeFaults() {
	line(a.stdout, "A fault is KIND@N, KIND@all or KIND@P%%, followed by :ARGUMENT for the kinds that take one.")
	for _, group := range []struct{ op, title string }{
		{"create", "N counts the requests that create a job:"},
		{"job", "N counts the accepted jobs:"},
		{"list", "N counts the requests that list jobs:"},
		{"show", "N counts the requests for the details of a job:"},
	} {
		line(a.stdout, "")
		line(a.stdout, "%s", group.title)
		for _, k := range drssim.FaultKinds() {
			if k.Op == group.op {
				line(a.stdout, "  %-26s %s", k.Name, k.Help)
			}
		}
	}
}
