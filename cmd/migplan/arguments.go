package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// asUsage makes a wrong number of arguments a usage error, with an example of the
// command.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if err == nil {
			return nil
		}
		problem := argumentProblem(c, args)
		if problem == "" {
			problem = err.Error()
		}
		return usage{problem, forExample(c, problem)}
	}
}

// argumentNames are the words of an argument in the usage line, and what a person
// calls it.
var argumentNames = map[string]string{
	"PLAN": "a plan file", "PLAN...": "a plan file or folder", "STEP": "the number of a step", "NAME": "a name for the plan",
	"FILE|FOLDER|obs://BUCKET/KEY...": "a backup file, a folder or obs://BUCKET/KEY", "DIR": "a folder for the pages",
	"FROM": "the ledger to copy from", "TO": "the new ledger to copy to",
}

// argumentProblem says what is missing or too much by the usage line, "" where the
// command takes its arguments in more than one form.
func argumentProblem(c *cobra.Command, args []string) string {
	wanted := strings.Fields(c.Use)[1:]
	var missing []string
	for i, word := range wanted {
		name, ok := argumentNames[word]
		if !ok {
			return ""
		}
		if i >= len(args) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) > 0:
		return strings.Join(missing, " and ") + missingVerb(len(missing))
	case len(args) > len(wanted):
		return fmt.Sprintf("%q is one argument too many", args[len(wanted)])
	}
	return ""
}

func missingVerb(n int) string {
	if n == 1 {
		return " is missing"
	}
	return " are missing"
}

// forExample is the first example of the command's help. A reason without quotes is
// the usual cause of an argument too many.
func forExample(c *cobra.Command, problem string) string {
	example, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n")
	hint := "for example: " + example
	if reason := c.Flags().Lookup("reason"); reason != nil && reason.Changed && strings.HasSuffix(problem, "too many") {
		hint = "put a reason of several words in quotes, " + hint
	}
	return hint
}
