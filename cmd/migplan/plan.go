package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// planOptions are the flags of plan, which apply --dry-run shares.
type planOptions struct {
	settings settings
	output   string
	exitCode bool
	keys     executor.Keys
}

func (a *app) planCommand() *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use:   "plan PLAN...",
		Short: "Show the steps and the exact bytes of each request; send nothing",
		Long: `Show what apply would do: each step, its state, and the exact bytes of its request.
It reads the ledger if there is one. It writes nothing, uses no network and needs
no credentials. It exits with the code that apply would, as far as it can know.`,
		Example:           "  migplan plan plans/ims.yaml\n  migplan plan -o markdown plans/",
		Args:              cobra.MinimumNArgs(1),
		RunE:              func(c *cobra.Command, args []string) error { return a.plan(c.Context(), args, o) },
		ValidArgsFunction: completePlans,
	}
	o.settings.ledgerFlag(c)
	outputFlag(c, &o.output, "text", "json", "markdown")
	c.Flags().BoolVar(&o.exitCode, "exit-code", false, "exit with 10 if steps are open")
	return c
}

// preview is a plan, where it stands, and what apply would do next.
type preview struct {
	place
	loaded loaded
	result executor.Result
	ledger string // its path, "" where there is none yet
	dir    string // where the ledger is, or would be
}

func (a *app) plan(ctx context.Context, args []string, o planOptions) error {
	if err := oneOf("-o", o.output, "text", "json", "markdown"); err != nil {
		return err
	}
	all, previews, class, err := a.previews(ctx, args, loadPlan, &o.settings, o.keys)
	if err != nil {
		return err
	}
	if o.exitCode && class == executor.OK && anyOpen(previews) {
		class = pending
	}
	switch o.output {
	case "json":
		out := jsonPlans{Version: outputVersion, Plans: []jsonPlan{}}
		for _, l := range all {
			if !l.valid() {
				out.Plans = append(out.Plans, invalidJSON(l))
			}
		}
		for _, p := range previews {
			out.Plans = append(out.Plans, planJSON(p.place, p.result, true))
		}
		a.writeJSON(out)
	case "markdown":
		_, _ = io.WriteString(a.stdout, markdown(all, previews))
	default:
		a.writePlans(previews)
	}
	return exitWith(class)
}

// previews loads plans and the ledger, and finds what each would do next.
func (a *app) previews(ctx context.Context, args []string, load func(string) loaded, s *settings, keys executor.Keys) ([]loaded, []preview, executor.Class, error) {
	all, err := loadPlans(args, load)
	if err != nil {
		return nil, nil, "", err
	}
	_, bad := a.sayInvalid(all)
	l, dir, err := a.readLedger(s)
	if err != nil {
		return nil, nil, "", err
	}
	if l != nil {
		defer l.Close()
	}
	valid, shared := a.refuseShared(ctx, l, all)
	classes := []executor.Class{executor.OK}
	if bad || shared {
		classes = append(classes, executor.Invalid)
	}
	var out []preview
	for _, v := range valid {
		p := preview{loaded: v, dir: dir}
		if l != nil {
			p.ledger = dir
		}
		p.place, p.result = previewOf(ctx, l, v, *s, keys)
		if p.result.Class() != executor.OK {
			a.sayStop(p.place, p.result.Stop)
		}
		classes = append(classes, p.result.Class())
		out = append(out, p)
	}
	return all, out, worst(classes...), nil
}

// previewOf asks the same function as apply, without anything that DRS shows.
func previewOf(ctx context.Context, l *ledger.Ledger, v loaded, given settings, keys executor.Keys) (place, executor.Result) {
	at := place{file: v.file, plan: v.plan, steps: v.steps, state: &ledger.State{}, settings: given, looked: true, ledgerPath: pathOf(l), keys: keys}
	r := executor.Result{Sent: executor.SentNo}
	chain, err := executor.LoadChain(ctx, l, v.plan)
	if err != nil {
		at.unread, r.Stop = true, *executor.LedgerStop(err)
		return at, r
	}
	at.setChain(chain)
	if s := chain.Forbids(v.plan); s != nil {
		r.Stop = *s
		return at, r
	}
	action := executor.Preview(executor.Facts{Steps: v.steps, State: chain.State, Keys: keys, Now: time.Now(), OnlineBefore: at.onlineBefore})
	r.Step = action.Step
	if action.Stop != nil && !lacksOnlyKey(action.Stop, keys) {
		r.Stop = *action.Stop
	}
	return at, r
}

// pathOf is the file of the ledger, "" without one.
func pathOf(l *ledger.Ledger) string {
	if l == nil {
		return ""
	}
	return l.Path()
}

// lacksOnlyKey: a key that was not given to a command that looks will be given
// to apply. NEEDS shows it.
func lacksOnlyKey(s *executor.Stop, keys executor.Keys) bool {
	return (s.Reason == executor.CutoverKey || s.Reason == executor.OverwriteKey) && keys == executor.Keys{}
}

func anyOpen(previews []preview) bool {
	for _, p := range previews {
		for _, s := range p.steps {
			if p.state.Step(s.Seq).State != ledger.StepSucceeded {
				return true
			}
		}
	}
	return false
}

func (a *app) writePlans(previews []preview) {
	for i, p := range previews {
		if i > 0 {
			line(a.stdout, "")
		}
		a.writeHead(p)
		if p.unread {
			line(a.stdout, "the ledger cannot be read: the state of the steps is unknown")
			continue
		}
		a.writeSteps(p)
		a.writeBodies(p)
	}
}

func (a *app) writeHead(p preview) {
	pl := p.plan
	line(a.stdout, "plan %s (%s), %s, chain %s", pl.Name, p.file, planState(p.place, p.result.Stop), pl.Chain())
	line(a.stdout, "target: instance %s, project %s, region %s", pl.Target.InstanceID, pl.Target.ProjectID, pl.Target.Region)
	line(a.stdout, "databases: %s", databaseList(p.place))
	if pl.Overwrite {
		line(a.stdout, "OVERWRITE: the full backup overwrites databases of the same name on the target")
	}
	line(a.stdout, "%s", cutoverLine(p.place))
	if p.ledger == "" {
		line(a.stdout, "%s: every step is shown as pending", noLedger(p.dir))
	}
	a.writeAbout(p.place)
	line(a.stdout, "")
}

func databaseList(at place) string {
	d := at.plan.Databases
	names := strings.Join(d.Names, ", ")
	if d.All {
		names = "all in the backups"
	}
	if at.plan.Rename != "" {
		names += ", renamed to " + at.plan.Rename
	}
	return names
}

func cutoverLine(at place) string {
	c := at.plan.Cutover
	if n := at.cutOver(); n > 0 {
		return fmt.Sprintf("cutover: sent with step %d", n)
	}
	if c == nil {
		return "cutover: none yet; the database stays restoring"
	}
	line := fmt.Sprintf("cutover: with step %d", len(at.steps))
	if !c.NotBefore.IsZero() {
		line += ", not before " + c.NotBefore.Format(time.RFC3339)
	}
	if !c.NotAfter.IsZero() {
		line += ", not after " + c.NotAfter.Format(time.RFC3339)
	}
	if c.Unattended {
		line += ", unattended"
	}
	return line
}

// windowNote names the window of the cutover, "" for none.
func windowNote(at place) string {
	c := at.plan.Cutover
	if c == nil || c.NotBefore.IsZero() && c.NotAfter.IsZero() {
		return ""
	}
	note := "; its window"
	if !c.NotBefore.IsZero() {
		note += " begins " + c.NotBefore.Format(time.RFC3339)
	}
	if !c.NotBefore.IsZero() && !c.NotAfter.IsZero() {
		note += " and"
	}
	if !c.NotAfter.IsZero() {
		note += " ends " + c.NotAfter.Format(time.RFC3339)
	}
	return note
}

func (a *app) writeSteps(p preview) {
	rows := [][]string{{"STEP", "STATE", "TYPE", "FILES", "IS_LAST_BACKUP", "JOB NAME", "NEEDS"}}
	for _, s := range p.steps {
		st := p.state.Step(s.Seq)
		state := string(st.State)
		if s.Seq == p.result.Step && st.State == ledger.StepPending {
			state = "next"
		}
		rows = append(rows, []string{
			fmt.Sprint(s.Seq), state, string(s.Backup.Type), strings.Join(s.Backup.Keys, " "),
			fmt.Sprint(p.sent(s).Last), s.JobName(st.Attempt), needs(p.place, s.Seq),
		})
	}
	table(a.stdout, rows)
}

// needs are the flags that a step waits for.
func needs(at place, seq int) string {
	if at.state.Step(seq).State.Sent() {
		return ""
	}
	var flags []string
	for _, act := range []plan.Act{plan.ActOverwrite, plan.ActCutover} {
		if key := confirmation(at, seq, act); key != "" {
			flags = append(flags, "--confirm-"+string(act)+" "+key)
		}
	}
	return strings.Join(flags, " ")
}

// writeBodies shows what is still to be sent, to the byte.
func (a *app) writeBodies(p preview) {
	for _, s := range p.steps {
		st := p.state.Step(s.Seq)
		if st.State.Sent() {
			continue
		}
		req, err := s.Request(st.Attempt)
		if err != nil {
			continue
		}
		line(a.stdout, "")
		line(a.stdout, "step %d: POST /v5/%s/backup-migration-jobs (sha256 %s)", s.Seq, p.plan.Target.ProjectID, req.SHA256)
		line(a.stdout, "%s", req.Body)
	}
}
