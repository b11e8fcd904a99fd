package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
)

// app is what every command sees of the person and the environment.
type app struct {
	stdout  io.Writer
	stderr  *messages
	env     func(string) (string, bool)
	args    []string
	verbose bool
	sleep   func(context.Context, time.Duration) bool
	now     func() time.Time // of alerts and reminders
	log     zerolog.Logger
	signIns *credentials.SignIns // one for all plans of this call
	// connections are shared by all plans of this call.
	connections *connections
	atEnd       func(code int) // called with the exit code of the process; nil: no call
	pace        *drs.Pace      // of all requests to DRS; nil: no limit
	saidStop    bool           // a stop was printed
	// ledgerFile is the file of the ledger, once it is known.
	ledgerFile string
}

// usage is an error in a flag, an argument or a setting.
type usage struct{ problem, remedy string }

func (u usage) Error() string { return u.problem }

// run runs one command line and returns the exit code of the process.
func run(args []string, stdout, stderr io.Writer) int {
	// net/http logs what a server sends after its answer, which may be the
	// credential that it was sent.
	log.SetOutput(io.Discard)
	a, out := newApp(args, stdout, stderr)
	return a.run(out)
}

// run runs the command line of the app.
func (a *app) run(out *output) int {
	ctx, stop := untilSignal(context.Background())
	root := a.root()
	root.SetArgs(a.args)
	class := a.class(root.ExecuteContext(ctx))
	stop()
	good := class == executor.OK || class == pending
	if good && out.err != nil && !errors.Is(out.err, syscall.EPIPE) {
		view.Error(a.stderr, "the output could not be written: "+out.err.Error(), outputRemedy(a.args))
	}
	code := exitCode(class)
	if good && out.err != nil {
		code = unread(out.err)
	}
	if a.atEnd != nil {
		a.atEnd(code)
	}
	if lost := cmp.Or(out.err, a.stderr.close(lastWait)); good && lost != nil {
		return unread(lost)
	}
	return code
}

func newApp(args []string, stdout, stderr io.Writer) (*app, *output) {
	errs := newMessages(stderr)
	out := &output{Writer: stdout, before: errs}
	return &app{
		stdout: out, stderr: errs, env: os.LookupEnv, args: args, sleep: executor.Sleep, now: time.Now,
		signIns: credentials.NewSignIns(), connections: newConnections(),
	}, out
}

// outputRemedy is what to do when the results could not be written.
func outputRemedy(args []string) string {
	if slices.Contains(args, "apply") {
		return "fix that and run it again; what apply did is recorded in the ledger"
	}
	return "fix that and run it again"
}

// lastWait is how long the end of a run waits for the reader of stderr.
const lastWait = 3 * time.Second

// unread is the exit code of a run that ended well and whose output was lost. A
// reader that closed the pipe early, like head, is no error: the code is that of
// SIGPIPE.
func unread(lost error) int {
	if errors.Is(lost, syscall.EPIPE) {
		return 128 + int(syscall.SIGPIPE)
	}
	return exitCode(executor.ClassError)
}

// output remembers that a result was lost, on a full disk say: a cut file must
// not pass for a whole one. What was said on stderr comes first, where somebody
// reads that.
type output struct {
	io.Writer
	before *messages
	err    error
}

func (o *output) Write(p []byte) (int, error) {
	o.before.settle(100 * time.Millisecond)
	n, err := o.Writer.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// Columns is the width of the terminal, 0 if the output is not a terminal or its
// width is not known.
func (o *output) Columns() int {
	f, ok := o.Writer.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	width, _ := strconv.Atoi(os.Getenv("COLUMNS"))
	return max(0, width)
}

// typed is the command line of this run, to be pasted.
func (a *app) typed() string {
	line := "migplan"
	for _, arg := range a.args {
		line += " " + view.Word(view.WithoutUser(arg))
	}
	return line
}

// class reports an error that was not reported yet, and gives its class.
func (a *app) class(err error) executor.Class {
	var e exit
	var u usage
	switch {
	case err == nil:
		return executor.OK
	case errors.As(err, &e):
		return e.class
	case errors.As(err, &u):
		view.Error(a.stderr, err.Error(), u.remedy)
		return badUsage
	}
	return a.ledgerClass(err)
}

// writeJSON writes an output. The end of run reports what could not be written.
func (a *app) writeJSON(v any) {
	if err := view.WriteJSON(a.stdout, v); err != nil {
		view.Error(a.stderr, err.Error(), "")
	}
}

// ledgerClass says an error of the ledger, and gives its class.
func (a *app) ledgerClass(err error) executor.Class {
	stop := executor.LedgerStop(err)
	remedy := ""
	if stop.Reason == executor.LedgerBroken {
		remedy = view.RebuildLedger(a.ledgerFile, "migplan adopt PLAN --all --reason TEXT")
	}
	view.Error(a.stderr, err.Error(), remedy)
	return stop.Class()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "migplan",
		Short: "Move SQL Server databases to Huawei Cloud RDS with a plan kept in git",
		Long: `migplan turns a YAML plan (a full backup, incrementals in order, a cutover) into
requests that create DRS backup migration jobs. It submits each request once, in
order, after the previous job succeeded.`,
		Example: `  migplan init crm-prod > plans/crm.yaml
  migplan validate plans/
  migplan apply --wait plans/crm.yaml`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
		PersistentPreRun:  func(*cobra.Command, []string) { a.log = a.logger() },
	}
	root.SuggestionsMinimumDistance = 2
	root.Version = version()
	root.SetVersionTemplate("migplan {{.Version}}\n")
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage{err.Error(), "see " + c.CommandPath() + " --help"}
	})
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "log every request to stderr")
	a.addCommands(root)
	for _, c := range root.Commands() {
		c.Args = asUsage(c.Args)
	}
	root.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args[0])
		}
		return c.Help()
	}
	root.Args = cobra.ArbitraryArgs
	root.SetHelpCommand(helpCommand())
	root.SetHelpCommandGroupID(tools)
	root.SetCompletionCommandGroupID(tools)
	root.InitDefaultCompletionCmd()
	completionExamples(root)
	return root
}

const tools = "Tools:"

// addCommands adds the commands in the groups in which help lists them.
func (a *app) addCommands(root *cobra.Command) {
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Write and check a plan:", []*cobra.Command{a.initCommand(), a.validateCommand(), a.planCommand(), a.rehearseCommand()}},
		{"Run and watch:", []*cobra.Command{a.applyCommand(), a.statusCommand(), a.historyCommand(), a.whoamiCommand()}},
		{"Decide after a stop:", []*cobra.Command{
			a.retryCommand(), a.adoptCommand(), a.resolveCommand(), a.holdCommand(), a.releaseCommand(), a.closeCommand(),
		}},
		{"Backup files:", []*cobra.Command{a.inspectCommand(), a.verifyCommand(), a.lockCommand()}},
		{tools, []*cobra.Command{a.ledgerCommand(), a.simulateCommand(), a.schemaCommand(), a.manCommand(), a.versionCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.title
			root.AddCommand(c)
		}
	}
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show what a command does",
		Example: `  migplan help
  migplan help apply`,
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(c.Root(), args[0])
			}
			return about.Help()
		},
	}
}

func unknownCommand(root *cobra.Command, name string) error {
	remedy := "see migplan --help"
	if near := root.SuggestionsFor(name); len(near) > 0 {
		remedy = fmt.Sprintf("did you mean migplan %s?", near[0])
	}
	return usage{fmt.Sprintf("unknown command %q", name), remedy}
}

// isTerminal reports whether a person watches w.
func isTerminal(w io.Writer) bool {
	switch o := w.(type) {
	case *output:
		w = o.Writer
	case *messages:
		w = o.to
	}
	switch w.(type) {
	case *view.Live, *frame:
		return true
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
