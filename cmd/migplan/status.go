package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

func (a *app) statusCommand() *cobra.Command {
	var s settings
	var output string
	c := &cobra.Command{
		Use:   "status PLAN...",
		Short: "Show every step: its state, how long it took, what comes next",
		Long: `Show the state of each plan from the ledger alone. It writes nothing, needs no
credentials and opens no connection to Huawei Cloud; with a ledger in PostgreSQL
it connects to that.`,
		Example: `  migplan status plans/ims.yaml
  migplan status -o json plans/ --ledger /var/lib/migplan`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			return a.status(c.Context(), args, &s, output)
		},
		ValidArgsFunction: completePlans,
	}
	s.ledgerFlag(c)
	outputFlag(c, &output, "text", "json")
	return c
}

func (a *app) status(ctx context.Context, args []string, s *settings, output string) error {
	all, valid, class, err := a.previews(ctx, args, lookAt, s, executor.Keys{}, true)
	if err != nil {
		return a.withoutLedger(all, err, s, output)
	}
	if output == "json" {
		dir, _, err := a.ledgerFolder(s)
		if err != nil {
			return err
		}
		out := view.Plans(all, false, exitCode)
		out.Ledger = ledger.Name(dir)
		a.writeJSON(out)
		return exitWith(class)
	}
	view.WriteStatus(a.stdout, valid, a.reader(), time.Now())
	return exitWith(class)
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
