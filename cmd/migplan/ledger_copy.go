package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/ledger"
)

func (a *app) ledgerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Move a ledger to another place",
		Example: `  migplan ledger copy /var/lib/migplan 'postgres://migplan@db.example.com/migplan?sslmode=verify-full'
  migplan ledger copy 'postgres://migplan@db.example.com/migplan?sslmode=verify-full' /var/lib/migplan`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.ledgerCopyCommand())
	return c
}

func (a *app) ledgerCopyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy a ledger to another place, and close the first",
		Long: `Copy every event of the ledger FROM to TO, verify the hashes of both, and close
FROM for writing. FROM and TO are folders, or addresses of PostgreSQL. TO must
be a new ledger. A copy that was cut off is completed by running it again.`,
		Example: `  migplan ledger copy /var/lib/migplan 'postgres://migplan@db.example.com/migplan?sslmode=verify-full'
  migplan ledger copy /var/lib/migplan /mnt/disk/migplan`,
		Args: asUsage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error { return a.ledgerCopy(c.Context(), args[0], args[1]) },
	}
}

func (a *app) ledgerCopy(ctx context.Context, from, to string) error {
	for _, place := range []string{from, to} {
		if err := checkPlace(place); err != nil {
			return err
		}
	}
	a.ledgerFile = ledgerFile(from)
	if l, err := ledger.OpenReader(from); err != nil { // Copy would make an empty one
		return err
	} else if err := l.Close(); err != nil {
		return err
	}
	c, err := ledger.Copy(ctx, from, to)
	if err != nil {
		return err
	}
	view.Line(a.stdout, "copied %d events of %d chains from %s to %s", c.Events, c.Chains, c.From, c.To)
	view.Line(a.stdout, "%s is closed for writing: set MIGPLAN_LEDGER or --ledger of every runner to %s", c.From, ledger.Name(to))
	return nil
}

// checkPlace refuses the place of a ledger that contains a password, or is an
// address of something else than PostgreSQL.
func checkPlace(place string) error {
	if !ledger.IsAddress(place) {
		return nil
	}
	if ledger.HasPassword(place) {
		return usage{"an address of a ledger contains a password, which every user of this machine can read", "put it into a file that PGPASSFILE names"}
	}
	if err := ledger.CheckAddress(place); err != nil {
		return usage{err.Error(), "give a folder, or postgres://USER@HOST/DATABASE"}
	}
	return nil
}
