package main

import (
	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
)

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
			m, err := a.onePlan(args[0])
			if err != nil {
				return err
			}
			r, err := a.connect(c.Context(), &s, m.Plan.Target)
			if err != nil {
				return exitWith(a.classified(err))
			}
			rows := [][2]string{
				{"source", r.credentials.Source}, {"principal", r.credentials.Principal},
				{"project", m.Plan.Target.ProjectID}, {"region", m.Plan.Target.Region}, {"endpoint", r.identity().Endpoint},
			}
			if at := r.credentials.ExpiresAt(); !at.IsZero() {
				rows = append(rows, [2]string{"expires", view.Stamp(at)})
			}
			view.Pairs(a.stdout, rows)
			return nil
		},
		ValidArgsFunction: completePlans,
	}
	s.remoteFlags(c)
	return c
}
