package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/backup"
	"github.com/migplan/migplan/pkg/executor"
)

func (a *app) inspectCommand() *cobra.Command {
	var s settings
	var output, region string
	c := &cobra.Command{
		Use:   "inspect FILE|FOLDER|obs://BUCKET/KEY...",
		Short: "Read backup files, and check that they form restore chains",
		Long: `Read the headers of SQL Server backup files, without a SQL Server: type, database,
LSNs, times and sizes of every backup set, and whether the file is complete. All
files of one call are sorted into restore chains and checked: what is missing or
wrong, what SQL Server would answer, and what to do. In a folder and its subfolders,
every file is read except hidden ones. Times are in the time zone of the server that
took the backup.

obs://BUCKET/KEY is an object in OBS, obs://BUCKET/PREFIX/ every object below a
prefix. Two ranges of 64 KiB of each object are read. This needs --region and an
access key. Files need neither a network nor credentials.

Nothing is written, and data pages are not read. The exit code is 3 if a file is not
a complete backup or a chain is broken. docs/inspect.md lists what is checked.`,
		Example: "  migplan inspect ims_full.bak\n  migplan inspect -o json FULL/ LOG/\n  migplan inspect --region ap-southeast-3 obs://crm-backups/prod/",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			client, err := a.bucketArgs(c.Context(), args, &s, region)
			if err != nil {
				return exitWith(a.classified(err))
			}
			return exitWith(a.inspect(c.Context(), backupFiles(c.Context(), args, client), output))
		},
		ValidArgsFunction: completeBackups,
	}
	s.bucketFlags(c)
	c.Flags().StringVar(&region, "region", "", "region of the bucket (default $HW_REGION_NAME)")
	outputFlag(c, &output, "text", "json")
	return c
}

// completeBackups completes backup files and folders.
func completeBackups(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"bak", "trn", "dif", "diff"}, cobra.ShellCompDirectiveFilterFileExt
}

func (a *app) inspect(ctx context.Context, found []found, output string) executor.Class {
	files, ofPlaces := readBackups(ctx, found)
	if ctx.Err() != nil {
		view.Error(a.stderr, "a signal ended it before every file was read", "run it again")
		return executor.TryAgain
	}
	in := judge(files, ofPlaces)
	if output == "json" {
		a.writeJSON(in.JSON(classOf(in), exitCode))
	} else {
		in.Write(a.stdout)
	}
	return classOf(in)
}

func judge(files []backup.Backup, ofPlaces []backup.Finding) view.Inspection {
	in := view.Inspection{Files: files}
	in.Chains, in.Rest = backup.Arrange(files)
	for _, c := range in.Chains {
		in.Findings = append(in.Findings, c.Findings...)
	}
	for _, b := range in.Rest {
		in.OfRest = append(in.OfRest, restFindings(b)...)
	}
	in.OfRest = append(in.OfRest, ofPlaces...)
	in.Findings = append(in.Findings, in.OfRest...)
	return in
}

// What could not be looked at: a file, or an object in OBS.
const (
	findFile   backup.ID = "file"
	findObject backup.ID = "object"
	findKMS    backup.ID = "kms"
	findPlan   backup.ID = "plan"
)

// restFindings says why there is no backup set to be seen in a file.
func restFindings(b backup.Backup) []backup.Finding {
	var told *backup.UnreadableError
	unreadable := errors.As(b.Err, &told)
	if unreadable && !inBucket(b.Name) && isPlanName(b.Name) {
		return []backup.Finding{{ID: findPlan, Severity: backup.Error, File: b.Name,
			Summary: "not a SQL Server backup: by its name it is a plan", Action: "check the files that it lists: migplan verify " + view.Word(b.Name)}}
	}
	if b.Err == nil || unreadable {
		return backup.CheckChain([]backup.Backup{b}, backup.Options{})
	}
	return []backup.Finding{unreadFinding(b)}
}

// unreadFinding says why a file or an object could not be read at all.
func unreadFinding(b backup.Backup) backup.Finding {
	f := backup.Finding{ID: findFile, Severity: backup.Error, File: b.Name}
	if inBucket(b.Name) {
		f.ID = findObject
	}
	var ok bool
	if f.Summary, f.Action, _, ok = problemOf(b.Err); !ok {
		d := unreadable(b.Name, b.Err)
		f.Summary, f.Action = d.Summary, d.Hint
	}
	return f
}

// classOf is invalid for a finding that is an error. That OBS refused to give an object,
// or is not available, says nothing about the backups: it has its own class.
func classOf(in view.Inspection) executor.Class {
	classes := []executor.Class{executor.OK}
	withheld := map[string]bool{}
	for _, b := range in.Rest {
		if _, _, class, _ := problemOf(b.Err); class == executor.Denied || class == executor.TryAgain {
			classes, withheld[b.Name] = append(classes, class), true
		}
	}
	for _, f := range in.Findings {
		if f.Severity == backup.Error && !withheld[f.File] {
			classes = append(classes, executor.Invalid)
		}
	}
	return worst(classes...)
}
