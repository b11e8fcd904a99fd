package main

import (
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/view"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the build", Args: cobra.NoArgs,
		Example: `  migplan version
  migplan version | head -n 1`,
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			view.Line(a.stdout, "migplan %s", version())
			if ok {
				view.Line(a.stdout, "%s", info.GoVersion)
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
