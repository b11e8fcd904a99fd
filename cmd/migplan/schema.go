package main

import (
	"github.com/spf13/cobra"

	"github.com/migplan/migplan/schema"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a plan", Args: cobra.NoArgs,
		Long: `Print the JSON Schema of a plan. An editor with a YAML language server completes
and checks a plan whose first line is "# yaml-language-server: $schema=FILE".`,
		Example: `  migplan schema
  migplan schema > plan.schema.json`,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(schema.Plan)
			return err
		},
	}
}
