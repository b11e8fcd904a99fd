package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write a man page for every command into a folder",
		Long: `Write a man page for every command into DIR, which is created if it does not exist.
With SOURCE_DATE_EPOCH set, the pages have that date.`,
		Example: `  migplan man /usr/local/share/man/man1
  migplan man man && man -l man/migplan-apply.1`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.man(c.Root(), args[0]) },
	}
}

func (a *app) man(root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usage{err.Error(), "give a folder in which you may write"}
	}
	header := &doc.GenManHeader{Section: "1", Source: "migplan " + version(), Manual: "migplan"}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return usage{err.Error(), "give a folder in which you may write"}
	}
	return nil
}
