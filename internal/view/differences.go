package view

import (
	"fmt"

	"github.com/migplan/migplan/pkg/executor"
)

// valueNames are the values whose name in DRS's API is not the word for a person.
var valueNames = map[executor.Value]string{
	executor.ValueTargetInstance:    "target instance",
	executor.ValueBucket:            "bucket",
	executor.ValueFiles:             "files",
	executor.ValueDatabases:         "databases",
	executor.ValueFolder:            "folder of the files",
	executor.ValueEnterpriseProject: "enterprise project",
	executor.ValueProject:           "project",
}

func valueName(v executor.Value) string { return orElse(valueNames[v], string(v)) }

// differs is the difference that the stop is about.
func (s stopped) differs() executor.Difference {
	if s.stop.Differs == nil {
		return executor.Difference{}
	}
	return *s.stop.Differs
}

// JobDifference is in what a job differs from the step.
func (s stopped) JobDifference() string {
	d := s.differs()
	verb := "is"
	switch d.Value {
	case executor.ValueMarker:
		if d.Got == "" {
			return "its description has no marker"
		}
	case executor.ValueFiles, executor.ValueDatabases:
		verb = "are"
	}
	return Clean(fmt.Sprintf("its %s %s %q, the step's %s %q", valueName(d.Value), verb, d.Got, verb, d.Want))
}

// Changed is a value that the chain was started with, and what it is now.
func (s stopped) Changed() string {
	d := s.differs()
	return Clean(fmt.Sprintf("%s, now %s", orElse(d.Want, "none"), orElse(d.Got, "none")))
}

// OtherTarget is where the plan's name belongs.
func (s stopped) OtherTarget() string {
	d := s.differs()
	return Clean(fmt.Sprintf("%s %s, not %s", valueName(d.Value), d.Want, d.Got))
}

// Replaced is in what the plan file is another migration.
func (s stopped) Replaced() string {
	d := s.differs()
	return Clean(fmt.Sprintf("its %s was %s and is %s", valueName(d.Value), d.Want, d.Got))
}
