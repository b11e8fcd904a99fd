package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/schema"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the build", Args: cobra.NoArgs,
		Example: `  migplan version
  migplan version | head -n 1`,
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			line(a.stdout, "migplan %s", version())
			if ok {
				line(a.stdout, "%s", info.GoVersion)
			}
			return nil
		},
	}
}

// version is the module's version, and the commit where the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := strings.Trim(info.Main.Version, "()")
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "devel" {
			v += "-" + s.Value[:min(12, len(s.Value))]
		}
	}
	if v == "" {
		v = "devel"
	}
	return v
}

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

func (a *app) whoamiCommand() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "whoami PLAN",
		Short: "Show which credentials, project, region and endpoint a plan would use",
		Long:  "Show which credentials migplan would use for this plan. It does not query DRS and\nshows no secret. It queries IAM or a metadata service only if the credentials come\nfrom there; with HW_AUTH_URL set, it also asks IAM who owns a token.",
		Example: `  migplan whoami plans/ims.yaml
  HUAWEICLOUD_SDK_CREDENTIALS_FILE=/etc/migplan/credentials migplan whoami plans/ims.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := a.onePlan(args[0])
			if err != nil {
				return err
			}
			r, err := a.connect(c.Context(), &s, v.plan.Target)
			if err != nil {
				return exitWith(a.classified(err))
			}
			rows := [][]string{
				{"source", r.credentials.Source}, {"principal", r.credentials.Principal},
				{"project", v.plan.Target.ProjectID}, {"region", v.plan.Target.Region}, {"endpoint", r.identity().Endpoint},
			}
			if at := r.credentials.ExpiresAt(); !at.IsZero() {
				rows = append(rows, []string{"expires", stamp(at)})
			}
			table(a.stdout, rows)
			return nil
		},
		ValidArgsFunction: completePlans,
	}
	s.remoteFlags(c)
	return c
}

// completePlans completes plan files and folders.
func completePlans(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completePlanThenStep completes a plan file, then its step numbers.
func completePlanThenStep(c *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return completePlans(c, args, toComplete)
	}
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	v := lookAt(args[0])
	var out []string
	for _, s := range v.steps {
		out = append(out, fmt.Sprintf("%d\t%s %s", s.Seq, s.Backup.Type, strings.Join(s.Backup.Keys, " ")))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
