package main

import (
	"slices"

	"github.com/migplan/migplan/pkg/executor"
)

// The classes that only the command has.
const (
	pending  executor.Class = "pending" // --exit-code: steps are open
	badUsage executor.Class = "usage"   // a flag, an argument or a setting is wrong
)

// exitCodes are the exit code of each class, the worst first: of several plans
// the worst counts. README.md lists them for users.
var exitCodes = []struct {
	class executor.Class
	code  int
}{
	{executor.InDoubt, 5},
	{executor.Conflict, 6},
	{executor.Failed, 4},
	{executor.CutoverHeld, 7},
	{executor.Invalid, 3},
	{executor.Denied, 77},
	{badUsage, 64},
	{executor.ClassError, 1},
	{executor.TryAgain, 75},
	{pending, 10},
	{executor.OK, 0},
}

// exitCode is the exit code of the process for a class.
func exitCode(class executor.Class) int {
	for _, e := range exitCodes {
		if e.class == class {
			return e.code
		}
	}
	return exitCode(executor.ClassError)
}

// worst is the class of several plans together.
func worst(classes ...executor.Class) executor.Class {
	for _, e := range exitCodes {
		if slices.Contains(classes, e.class) {
			return e.class
		}
	}
	return executor.OK
}

// exit ends a command with a class; everything there is to say has been said.
type exit struct{ class executor.Class }

func (e exit) Error() string { return string(e.class) }

func exitWith(class executor.Class) error {
	if class == executor.OK {
		return nil
	}
	return exit{class}
}
