package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/plan"
)

func (a *app) validateCommand() *cobra.Command {
	var strict bool
	var output string
	c := &cobra.Command{
		Use:   "validate PLAN...",
		Short: "Check plans: schema and rules, all errors at once",
		Long: `Check plans against the schema and the rules of docs/rules.md. It writes nothing,
uses no network and needs no credentials. A folder is searched with its subfolders.
With - as PLAN, one plan is read from standard input.`,
		Example: "  migplan validate plans/\n  migplan validate --strict -o github plans/ims.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.validate(args, c.InOrStdin(), strict, output)
		},
		ValidArgsFunction: completePlans,
	}
	c.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	outputFlag(c, &output, "text", "json", "github")
	return c
}

// oneOf checks the value of a flag.
func oneOf(flag, value string, allowed ...string) error {
	for _, v := range allowed {
		if v == value {
			return nil
		}
	}
	return usage{fmt.Sprintf("%s %q is not known", flag, value), "give " + strings.Join(allowed, ", ")}
}

func (a *app) validate(args []string, stdin io.Reader, strict bool, output string) error {
	all, err := loadPlans(args, func(file string) *view.Migration {
		if file == "-" {
			return readPlan(stdin)
		}
		return loadPlan(file)
	})
	if err != nil {
		return err
	}
	class := executor.OK
	var ds []plan.Diagnostic
	for _, l := range all {
		if !l.Valid() || plan.Invalid(l.Diagnostics, strict) {
			class = executor.Invalid
		}
		ds = append(ds, l.Diagnostics...)
	}
	switch output {
	case "json":
		a.writeJSON(view.Diagnostics(ds, class, exitCode))
	case "github":
		view.WriteGitHub(a.stdout, ds, strict)
	default:
		view.WriteDiagnostics(a.stdout, ds)
		if len(ds) == 0 && isTerminal(a.stdout) {
			view.WriteValid(a.stdout, len(all))
		}
	}
	return exitWith(class)
}

// readPlan reads one plan from standard input.
func readPlan(stdin io.Reader) *view.Migration {
	data, err := io.ReadAll(io.LimitReader(stdin, plan.MaxSize+1))
	if err != nil {
		return &view.Migration{File: "stdin", Diagnostics: []plan.Diagnostic{cannotRead("stdin", "input", err)}}
	}
	p, ds := plan.Load("stdin", data)
	return &view.Migration{File: "stdin", Plan: p, Diagnostics: ds}
}
