package main

import (
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/migplan/migplan/internal/drssim"
	"github.com/migplan/migplan/pkg/plan"
)

// simpleCommands splits a line of shell into its commands, each a list of words
// without quotes. Redirections and what follows # are left out.
func simpleCommands(line string) [][]string {
	var all [][]string
	var command []string
	word, inWord, quote := "", false, rune(0)
	endWord := func() {
		if inWord {
			command = append(command, word)
		}
		word, inWord = "", false
	}
	endCommand := func() {
		endWord()
		if len(command) > 0 {
			all = append(all, command)
		}
		command = nil
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == '#' && !inWord:
			endCommand()
			return withoutRedirections(all)
		case strings.ContainsRune("|;&()", r):
			endCommand()
		case r == ' ' || r == '\t' || r == '\n':
			endWord()
		default:
			word, inWord = word+string(r), true
		}
	}
	endCommand()
	return withoutRedirections(all)
}

func withoutRedirections(all [][]string) [][]string {
	for i, command := range all {
		if at := slices.IndexFunc(command, func(w string) bool { return strings.ContainsAny(w[:min(1, len(w))], "<>") }); at >= 0 {
			all[i] = command[:at]
		}
	}
	return all
}

// checkLine checks every migplan command in a line of shell and returns their
// paths: the command exists, its flags exist and have possible values, and it
// has the right number of arguments.
func checkLine(t *testing.T, where, line string) []string {
	t.Helper()
	var paths []string
	for _, words := range simpleCommands(line) {
		words = withoutPrefix(words)
		if len(words) == 0 || path.Base(words[0]) != "migplan" {
			continue
		}
		paths = append(paths, checkWords(t, where, words[1:]))
	}
	return paths
}

// withoutPrefix removes variables, sudo and env from the start of a command.
func withoutPrefix(words []string) []string {
	for len(words) > 0 {
		switch {
		case words[0] == "sudo" && len(words) > 3 && words[1] == "-u":
			words = words[3:]
		case words[0] == "sudo", words[0] == "env", strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-"):
			words = words[1:]
		default:
			return words
		}
	}
	return nil
}

// checkWords checks one command without the name of the program.
func checkWords(t *testing.T, where string, args []string) string {
	t.Helper()
	a := &app{stdout: io.Discard, stderr: newMessages(io.Discard), env: os.LookupEnv, args: args}
	c, rest, err := a.root().Find(args)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return ""
	}
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: migplan %s: %v", where, strings.Join(args, " "), err)
		return c.CommandPath()
	}
	c.Flags().Visit(func(f *pflag.Flag) { checkValue(t, where, c, f) })
	if help := c.Flags().Lookup("help"); help.Changed {
		return c.CommandPath()
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil || !c.HasParent() && c.Flags().NArg() > 0 {
		t.Errorf("%s: migplan %s: arguments %q: %v", where, strings.Join(args, " "), c.Flags().Args(), err)
	}
	return c.CommandPath()
}

// checkValue checks values that a command checks only when it runs.
func checkValue(t *testing.T, where string, c *cobra.Command, f *pflag.Flag) {
	t.Helper()
	switch f.Name {
	case "output":
		complete, _ := c.GetFlagCompletionFunc("output")
		if known, _ := complete(c, nil, ""); !slices.Contains(known, f.Value.String()) {
			t.Errorf("%s: %s -o %s is not one of %v", where, c.CommandPath(), f.Value, known)
		}
	case "fault":
		for _, text := range f.Value.(pflag.SliceValue).GetSlice() {
			if _, err := drssim.ParseFault(text); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	case "confirm-cutover", "confirm-overwrite":
		if name, isForm := strings.CutSuffix(f.Value.String(), "@HASH"); !plan.IsConfirmation(f.Value.String()) && (!isForm || name == "") {
			t.Errorf("%s: --%s %s is not NAME@HASH", where, f.Name, f.Value)
		}
	case "reason":
		if strings.TrimSpace(f.Value.String()) == "" {
			t.Errorf("%s: --reason is empty", where)
		}
	}
}

func TestSimpleCommands(t *testing.T) {
	for line, want := range map[string]string{
		`A=b migplan plan 'a b' # end`:                 `A=b,migplan,plan,a b`,
		`migplan plan -o markdown p > out; test -s x`:  `migplan,plan,-o,markdown,p|test,-s,x`,
		`source <(migplan completion bash)`:            `source|migplan,completion,bash`,
		`migplan man x && man -l "x/migplan apply.1"`:  `migplan,man,x|man,-l,x/migplan apply.1`,
		`migplan retry p 3 --reason "it's (the) file"`: `migplan,retry,p,3,--reason,it's (the) file`,
		"   \n": ``,
	} {
		var got []string
		for _, c := range simpleCommands(line) {
			got = append(got, strings.Join(c, ","))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
