package main

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
)

// planOptions are the flags of plan, which apply --dry-run shares.
type planOptions struct {
	settings settings
	output   string
	exitCode bool
	against  string
	bodies   view.Bodies
	keys     executor.Keys
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan PLAN...",
		Short: "Show each step and its request; send nothing",
		Long: `Show what apply would do: each step, its state, and its request. The hash of a
request is that of the exact bytes, which --bodies raw shows. It reads the ledger
if there is one. It writes nothing, needs no credentials and opens no connection to
Huawei Cloud; with a ledger in PostgreSQL it connects to that. It exits with the
code that apply would, as far as it can know.`,
		Example: "  migplan plan plans/ims.yaml\n  migplan plan -o markdown --against origin/main plans/",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			old := &versions{}
			if c.Flags().Changed("against") {
				var err error
				if old, err = a.against(c.Context(), args, o.against); err != nil {
					return err
				}
			}
			return a.plan(c.Context(), args, o, old)
		},
		ValidArgsFunction: completePlans,
	}
	o.settings.ledgerFlag(c)
	outputFlag(c, &o.output, "text", "json", "markdown")
	c.Flags().StringVar(&o.against, "against", "", "compare with the file at this git `REVISION`, and list risky changes first")
	c.Flags().StringVar((*string)(&o.bodies), "bodies", string(view.NextBodies),
		"requests to show: next (three, indented), all (indented) or raw (all, the exact bytes)")
	completeFlag(c, "bodies", cobra.FixedCompletions(bodies(), cobra.ShellCompDirectiveNoFileComp))
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 10 if steps are open")
	return c
}

// bodies are the values of --bodies.
func bodies() []string {
	return []string{string(view.NextBodies), string(view.AllBodies), string(view.RawBodies)}
}

// plan shows the plans, compared with their versions in old.
func (a *app) plan(ctx context.Context, args []string, o planOptions, old *versions) error {
	if err := oneOf("--bodies", string(o.bodies), bodies()...); err != nil {
		return err
	}
	p, err := a.previews(ctx, args, loadPlan, &o.settings, o.keys, false)
	if err != nil {
		return a.withoutLedger(p.all, err, &o.settings, o.output)
	}
	a.sayStops(p)
	for _, m := range p.valid {
		m.Against = old.of[m.File]
	}
	class := p.class()
	if o.exitCode && class == executor.OK && slices.ContainsFunc(p.valid, (*view.Migration).Open) {
		class = pending
	}
	switch o.output {
	case "json":
		out := view.Plans(p.all, true, exitCode)
		out.Removed = old.removed.Files
		a.writeJSON(out)
	case "markdown":
		_, _ = io.WriteString(a.stdout, old.removed.Markdown()+view.Markdown(p.all, o.bodies))
	default:
		old.removed.Write(a.stdout)
		view.WritePlans(a.stdout, p.valid, o.bodies, time.Now())
	}
	return exitWith(class)
}
