package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var (
	fencedBlock = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	codeSpan    = regexp.MustCompile("`([^`\n]+)`")
	longFlag    = regexp.MustCompile(`(?:^|[\s\[(|])--([a-z][a-z-]*)`)
	commandName = regexp.MustCompile(`\bmigplan ([a-z]+)`)
)

// commandTree is the program's commands, with the flags that cobra adds.
func commandTree() *cobra.Command {
	a := &app{stdout: io.Discard, stderr: newMessages(io.Discard), env: os.LookupEnv}
	root := a.root()
	root.InitDefaultHelpCmd()
	for _, c := range append(root.Commands(), root) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
	}
	return root
}

// unknownMentions returns the commands and flags in the code spans of a page that
// the program does not have. TestCommandsInDocs checks the blocks.
func unknownMentions(root *cobra.Command, text string) (unknown []string) {
	for _, span := range codeSpan.FindAllStringSubmatch(fencedBlock.ReplaceAllString(text, ""), -1) {
		command := (*cobra.Command)(nil)
		words := strings.Fields(span[1])
		if short, _, err := root.Find(words); err == nil && short != root && strings.Contains(span[1], " --") {
			command = short // `status --watch`
		} else if words[0] == "migplan" && len(words) > 1 {
			command, _, _ = root.Find(words[1:])
			if commandName.MatchString(span[1]) && (command == nil || command == root) {
				unknown = append(unknown, span[1])
				continue
			}
		} else if !strings.HasPrefix(span[1], "--") {
			continue
		}
		for _, flag := range longFlag.FindAllStringSubmatch(span[1], -1) {
			if !hasFlag(root, command, flag[1]) {
				unknown = append(unknown, "--"+flag[1]+" in "+span[1])
			}
		}
	}
	return unknown
}

// hasFlag reports whether a command, or any if it is nil, has a flag.
func hasFlag(root, command *cobra.Command, name string) bool {
	commands := []*cobra.Command{command}
	if command == nil {
		commands = append(root.Commands(), root)
	}
	return slices.ContainsFunc(commands, func(c *cobra.Command) bool {
		return c.Flags().Lookup(name) != nil || c.InheritedFlags().Lookup(name) != nil
	})
}

// unmentioned returns the visible commands that no page names.
func unmentioned(root *cobra.Command, pages map[string]string) (missing []string) {
	named := map[string]bool{}
	for _, text := range pages {
		for _, m := range commandName.FindAllStringSubmatch(text, -1) {
			named[m[1]] = true
		}
	}
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() && !named[c.Name()] {
			missing = append(missing, c.Name())
		}
	}
	return missing
}

// pagesOnly are README.md, docs and CONTRIBUTING.md.
func pagesOnly(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for name, text := range textFiles(t) {
		if strings.HasSuffix(name, ".md") && !strings.HasPrefix(name, "examples/") {
			pages[name] = text
		}
	}
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	pages["CONTRIBUTING.md"] = string(text)
	return pages
}

func TestPagesNameOnlyCommandsThatExist(t *testing.T) {
	t.Parallel()
	root := commandTree()
	for name, text := range pagesOnly(t) {
		for _, u := range unknownMentions(root, text) {
			t.Errorf("%s names `%s`, which migplan does not have", name, u)
		}
	}
}

func TestEveryCommandIsInThePages(t *testing.T) {
	t.Parallel()
	pages := pagesOnly(t)
	delete(pages, "CONTRIBUTING.md") // users do not read it
	for _, name := range unmentioned(commandTree(), pages) {
		t.Errorf("README.md and docs never name migplan %s", name)
	}
}

func TestUnknownMentionsAreFound(t *testing.T) {
	t.Parallel()
	root := commandTree()
	page := "`migplan aply PLAN`, `--waits`, `migplan apply --waits`, `migplan status --wait`, `status --wait`\n" +
		"`migplan apply PLAN --wait`, `--wait`, `apply --wait`, `migplan PLAN`, `useradd --system`\n```\n$ migplan aply\n```\n"
	want := []string{"migplan aply PLAN", "--waits in --waits", "--waits in migplan apply --waits", "--wait in migplan status --wait", "--wait in status --wait"}
	if got := unknownMentions(root, page); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	missing := unmentioned(root, map[string]string{"page": page})
	if slices.Contains(missing, "apply") || !slices.Contains(missing, "resolve") {
		t.Errorf("missing are %q, want resolve and not apply", missing)
	}
}
