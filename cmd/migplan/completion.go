package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/ledger"
)

// outputFlag adds -o with its values, the first of which is the default. Another
// value is refused before the command runs.
func outputFlag(c *cobra.Command, value *string, forms ...string) {
	last := len(forms) - 1
	help := strings.Join(forms[:last], ", ") + " or " + forms[last]
	c.Flags().StringVarP(value, "output", "o", forms[0], help)
	c.PreRunE = func(*cobra.Command, []string) error { return oneOf("-o", *value, forms...) }
	completeFlag(c, "output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// completeFlag completes the values of a flag that c already has.
func completeFlag(c *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(fmt.Sprintf("completion of --%s: %v", flag, err))
	}
}

// completeFaults completes the kind of a fault; the person adds what follows @.
func completeFaults(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, k := range drssim.FaultKinds() {
		out = append(out, k.Name+"@\t"+k.Help)
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completePlanNames completes the names of the plans in the ledger.
func (a *app) completePlanNames(s *settings) cobra.CompletionFunc {
	return func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		l, _, err := a.readLedger(s)
		if l == nil || err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer l.Close()
		opened, err := l.Opened(c.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, e := range opened {
			if o, err := ledger.DecodeOpened(e); err == nil && !slices.Contains(out, o.Plan) {
				out = append(out, o.Plan)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completionExamples gives cobra's own command, and its shells, examples.
func completionExamples(root *cobra.Command) {
	examples := map[string]string{
		"completion": "  source <(migplan completion bash)\n  migplan completion zsh > \"${fpath[1]}/_migplan\"",
		"bash":       "  source <(migplan completion bash)\n  migplan completion bash > /etc/bash_completion.d/migplan",
		"zsh":        "  source <(migplan completion zsh)\n  migplan completion zsh > \"${fpath[1]}/_migplan\"",
		"fish":       "  migplan completion fish | source\n  migplan completion fish > ~/.config/fish/completions/migplan.fish",
		"powershell": "  migplan completion powershell | Out-String | Invoke-Expression\n  migplan completion powershell > migplan.ps1",
	}
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		for _, each := range append(c.Commands(), c) {
			each.Example = examples[each.Name()]
		}
	}
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
	m := lookAt(args[0])
	if !m.Valid() {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, s := range m.Plan.Steps {
		out = append(out, fmt.Sprintf("%d\t%s %s", s.Seq, s.Backup.Type, strings.Join(s.Backup.Keys, " ")))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
