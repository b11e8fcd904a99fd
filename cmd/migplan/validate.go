package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

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
uses no network and needs no credentials. A folder is searched with its subfolders;
- reads one plan from standard input.`,
		Example: "  migplan validate plans/\n  migplan validate --strict -o github plans/ims.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json", "github"); err != nil {
				return err
			}
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
	all, err := loadPlans(args, func(file string) loaded {
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
		if !l.valid() || plan.Invalid(l.diagnostics, strict) {
			class = executor.Invalid
		}
		ds = append(ds, l.diagnostics...)
	}
	switch output {
	case "json":
		a.writeJSON(diagnosticsJSON(ds, class))
	case "github":
		a.writeGitHub(ds, strict)
	default:
		a.writeDiagnostics(ds)
		if len(ds) == 0 && isTerminal(a.stdout) {
			line(a.stdout, "%s checked, nothing to complain about", counted(len(all), "plan"))
		}
	}
	return exitWith(class)
}

// readPlan reads one plan from standard input.
func readPlan(stdin io.Reader) loaded {
	data, err := io.ReadAll(io.LimitReader(stdin, plan.MaxSize+1))
	if err != nil {
		return loaded{file: "stdin", diagnostics: []plan.Diagnostic{cannotRead("stdin", "input", err)}}
	}
	p, ds := plan.Load("stdin", data)
	return loaded{file: "stdin", plan: p, diagnostics: ds}
}

func (a *app) writeDiagnostics(ds []plan.Diagnostic) {
	for _, d := range plan.Group(ds) {
		line(a.stdout, "%s", d)
		for text := range strings.Lines(d.Snippet()) {
			line(a.stdout, "%s", strings.TrimSuffix(text, "\n"))
		}
	}
}

// writeGitHub writes workflow commands, which GitHub shows at the lines of a
// pull request.
func (a *app) writeGitHub(ds []plan.Diagnostic, strict bool) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range plan.Group(ds) {
		level := "error"
		if d.Severity == plan.Warning && !strict {
			level = "warning"
		}
		line(a.stdout, "::%s file=%s,line=%d,col=%d,title=%s::%s",
			level, property.Replace(d.File), d.Pos.Line, d.Column, property.Replace(d.Rule), data.Replace(d.Message()))
	}
}
