package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

type statusOptions struct {
	settings settings
	output   string
	states   []string // of --only; nil for all
	watch    bool
}

func (a *app) statusCommand() *cobra.Command {
	var o statusOptions
	var only string
	c := &cobra.Command{
		Use:   "status PLAN...",
		Short: "Show where each plan stands, and what comes next",
		Long: `Show the state of each plan from the ledger alone. It writes nothing, needs no
credentials and opens no connection to Huawei Cloud; with a ledger in PostgreSQL
it connects to that.

One plan is shown with its steps. Several are shown with a line each, the worst
first, and what to do about the first that need a person. The exit code is that of
the worst plan shown; after --watch, of those shown last.`,
		Example: `  migplan status plans/ims.yaml
  migplan status --only blocked,held plans/
  migplan status --watch plans/
  migplan status -o json plans/ --ledger /var/lib/migplan`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("only") {
				var err error
				if o.states, err = statesOf(only); err != nil {
					return err
				}
			}
			if o.watch {
				return a.watch(c.Context(), args, o)
			}
			return a.status(c.Context(), args, o)
		},
		ValidArgsFunction: completePlans,
	}
	o.settings.ledgerFlag(c)
	outputFlag(c, &o.output, "text", "json", "markdown")
	c.Flags().StringVar(&only, "only", "", "show only plans in these `STATES`, like blocked,held")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "show it again every two seconds, until Ctrl-C; needs a terminal")
	completeFlag(c, "only", cobra.FixedCompletions(stateWords(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

// stateWords are the states of a plan as words of a command line.
func stateWords() (words []string) {
	for _, s := range view.States() {
		words = append(words, strings.ReplaceAll(s, " ", "-"))
	}
	return words
}

// statesOf are the states that --only names.
func statesOf(only string) (states []string, err error) {
	for word := range strings.SplitSeq(only, ",") {
		word = strings.ReplaceAll(strings.TrimSpace(word), " ", "-")
		if err := oneOf("--only", word, stateWords()...); err != nil {
			return nil, err
		}
		states = append(states, strings.ReplaceAll(word, "-", " "))
	}
	return states, nil
}

// only are the plans in one of these states; nil for all.
func (p previewed) only(states []string) previewed {
	if states == nil {
		return p
	}
	other := func(m *view.Migration) bool { return !slices.Contains(states, m.PlanState()) }
	p.all, p.valid = slices.DeleteFunc(slices.Clone(p.all), other), slices.DeleteFunc(slices.Clone(p.valid), other)
	return p
}

func (a *app) status(ctx context.Context, args []string, o statusOptions) error {
	found, err := a.previews(ctx, args, lookAt, &o.settings, executor.Keys{}, true)
	if err != nil {
		return a.withoutLedger(found.all, err, &o.settings, o.output)
	}
	shown := found.only(o.states)
	overview := view.Overview{Plans: shown.all, Of: len(found.all), Worst: worst}
	if o.output == "json" || overview.IsOne() {
		a.sayStops(shown)
	}
	switch {
	case o.output == "json":
		return a.statusJSON(shown, o)
	case o.output == "markdown":
		_, _ = io.WriteString(a.stdout, overview.Markdown(time.Now()))
	case overview.IsOne():
		view.WriteStatus(a.stdout, shown.valid, a.reader(), time.Now())
	default:
		if o.watch {
			view.Line(a.stderr, "%s", overview.Totals())
			view.Line(a.stderr, "")
		}
		overview.Write(a.stdout, a.reader(), time.Now())
	}
	return exitWith(shown.class())
}

func (a *app) statusJSON(shown previewed, o statusOptions) error {
	dir, _, err := a.ledgerFolder(&o.settings)
	if err != nil {
		return err
	}
	out := view.Plans(shown.all, false, exitCode)
	out.Ledger = ledger.Name(dir)
	a.writeJSON(out)
	return exitWith(shown.class())
}

// reader is who reads. Asking the system for the name may open a socket to a
// directory service, which a reading command does not do.
func (a *app) reader() string {
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := a.get(name); v != "" {
			return "user " + v
		}
	}
	if os.Getuid() == 0 {
		return "user root"
	}
	return fmt.Sprintf("user id %d", os.Getuid())
}
