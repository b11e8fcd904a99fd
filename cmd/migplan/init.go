package main

import (
	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/plan"
)

func (a *app) initCommand() *cobra.Command {
	var d plan.Draft
	c := &cobra.Command{
		Use:   "init NAME",
		Short: "Print a commented plan to start from",
		Long: `Print a commented plan to start from. Every value that is not given as a flag is
a placeholder, and migplan validate says what each must be. It reads and writes
nothing.`,
		Example: `  migplan init ims-prod > plans/ims.yaml
  migplan init ims-prod --region ap-southeast-3 --project-id 054ba152d480d55b2f5dc0069e7ddef0 --instance-id 0a3182607bc549bcb46cc9a8755761a6in04 --bucket zyy-obs --prefix backups/ --databases ims`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d.Name = args[0]
			return a.init(d)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := c.Flags()
	f.StringVar(&d.Region, "region", "", "region of the target instance")
	f.StringVar(&d.ProjectID, "project-id", "", "id of the instance's project")
	f.StringVar(&d.InstanceID, "instance-id", "", "id of the target instance")
	f.StringVar(&d.Bucket, "bucket", "", "bucket with the backups")
	f.StringVar(&d.Prefix, "prefix", "", "folder of the backups in the bucket")
	f.StringSliceVar(&d.Databases, "databases", nil, "names of the databases, separated by commas, or all")
	return c
}

// init prints the plan unless what was given cannot be a part of one.
func (a *app) init(d plan.Draft) error {
	text, err := d.YAML()
	if err != nil {
		return err
	}
	_, ds := plan.Load("plan", text)
	for _, c := range ds {
		if c.Severity == plan.Error && c.Rule != "placeholder" {
			return usage{plan.Printable(c.Summary), plan.Printable(c.Hint)}
		}
	}
	_, err = a.stdout.Write(text)
	return err
}
