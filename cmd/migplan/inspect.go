package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) inspectCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "inspect FILE|FOLDER...",
		Short: "Show what backup files say of themselves, as restore chains",
		Long: `Read the headers of SQL Server backup files, without a SQL Server: type, database,
LSNs, times and sizes of every backup set, and whether the file is whole. All
files of one call are sorted into restore chains and checked: what is missing or
wrong, what SQL Server would answer, and what to do. Of a folder every file is
read, subfolders too, but not hidden ones. Times are the clock of the server
that took the backup.

Nothing is written, no network is used, no credentials are needed. Data pages
are not read. Ends with 3 if a file is no whole backup or a chain is broken.
docs/inspect.md says what is proved.`,
		Example: "  migplan inspect ims_full.bak\n  migplan inspect -o json FULL/ LOG/",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			return exitWith(a.inspect(c.Context(), args, output))
		},
		ValidArgsFunction: completeBackups,
	}
	outputFlag(c, &output, "text", "json")
	return c
}

// completeBackups completes backup files and folders.
func completeBackups(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"bak", "trn", "dif", "diff"}, cobra.ShellCompDirectiveFilterFileExt
}

// inspection is what was read, and what follows from it.
type inspection struct {
	files    []backup.Backup // in the order in which they were found
	chains   []backup.Chain
	rest     []backup.Backup
	ofRest   []backup.Finding
	findings []backup.Finding // of the chains and of the rest
}

func (a *app) inspect(ctx context.Context, args []string, output string) executor.Code {
	files := readBackups(ctx, backupFiles(ctx, args))
	if ctx.Err() != nil {
		a.sayError("a signal ended it before every file was read", "run it again")
		return executor.TryAgain
	}
	in := judge(files)
	if output == "json" {
		a.writeJSON(inspectionJSON(in))
	} else {
		a.writeInspection(in)
	}
	return in.code()
}

func judge(files []backup.Backup) inspection {
	in := inspection{files: files}
	in.chains, in.rest = backup.Arrange(files)
	for _, c := range in.chains {
		in.findings = append(in.findings, c.Findings...)
	}
	for _, b := range in.rest {
		in.ofRest = append(in.ofRest, restFindings(b)...)
	}
	in.findings = append(in.findings, in.ofRest...)
	return in
}

// findFile is a file that could not be looked at.
const findFile backup.ID = "file"

// restFindings says why there is no backup set to be seen in a file.
func restFindings(b backup.Backup) []backup.Finding {
	var told *backup.UnreadableError
	if b.Err == nil || errors.As(b.Err, &told) {
		return backup.CheckChain([]backup.Backup{b}, backup.Options{})
	}
	d := unreadable(b.Name, b.Err)
	f := backup.Finding{ID: findFile, Severity: backup.Error, File: b.Name, Summary: d.Summary, Action: d.Hint}
	var u usage
	if errors.As(b.Err, &u) {
		f.Summary, f.Action = u.problem, u.remedy
	}
	return []backup.Finding{f}
}

func (in inspection) code() executor.Code {
	for _, f := range in.findings {
		if f.Severity == backup.Error {
			return executor.Invalid
		}
	}
	return executor.OK
}

// setType is the type of a backup as a person says it.
func setType(s *backup.Set) string {
	kind := s.BackupType.String()
	if s.BackupType == backup.Log && s.Flags.Has(backup.IsTailLog) {
		kind = "tail log"
	}
	if s.Flags.Has(backup.IsCopyOnly) {
		kind = fmt.Sprintf("copy-only %s", kind)
	}
	return kind
}
