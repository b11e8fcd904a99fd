package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

func (a *app) statusCommand() *cobra.Command {
	var s settings
	var output string
	c := &cobra.Command{
		Use:   "status PLAN...",
		Short: "Show every step: its state, how long it took, what comes next",
		Long:  "Show the state of each plan from the ledger alone. It writes nothing and needs no\nnetwork and no credentials.",
		Example: `  migplan status plans/ims.yaml
  migplan status -o json plans/ --ledger /var/lib/migplan`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			return a.status(c.Context(), args, &s, output)
		},
		ValidArgsFunction: completePlans,
	}
	s.ledgerFlag(c)
	outputFlag(c, &output, "text", "json")
	return c
}

func (a *app) status(ctx context.Context, args []string, s *settings, output string) error {
	all, previews, code, err := a.previews(ctx, args, lookAt, s, executor.Keys{})
	if err != nil {
		return err
	}
	if output == "json" {
		dir, _, err := a.ledgerFolder(s)
		if err != nil {
			return err
		}
		out := jsonPlans{Version: outputVersion, Ledger: dir, Plans: []jsonPlan{}}
		for _, l := range all {
			if !l.valid() {
				out.Plans = append(out.Plans, invalidJSON(l))
			}
		}
		for _, p := range previews {
			out.Plans = append(out.Plans, planJSON(p.place, p.result, false))
		}
		a.writeJSON(out)
		return exitWith(code)
	}
	for i, p := range previews {
		if i > 0 {
			line(a.stdout, "")
		}
		a.writeStatus(p)
	}
	return exitWith(code)
}

// reader is who reads. Asking the system for the name may open a socket to a
// directory service, which a reading command does not do.
func (a *app) reader() string {
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := a.get(name); v != "" {
			return "user " + clean(v)
		}
	}
	if os.Getuid() == 0 {
		return "user root"
	}
	return fmt.Sprintf("user id %d", os.Getuid())
}

func (a *app) writeStatus(p preview) {
	line(a.stdout, "plan %s (%s): %s", p.plan.Name, p.file, planState(p.place, p.result.Stop))
	if p.ledger == "" {
		line(a.stdout, "%s yet: nothing was sent from here", noLedger(p.dir))
	} else {
		line(a.stdout, "ledger: %s, read by %s", p.ledger, a.reader())
	}
	if p.unread {
		line(a.stdout, "the ledger cannot be read: the state of the steps is unknown")
		return
	}
	line(a.stdout, "database: %s", databaseState(p.place))
	if c := p.plan.Cutover; c != nil && !(c.NotBefore.IsZero() && c.NotAfter.IsZero()) {
		line(a.stdout, "%s", cutoverLine(p.place))
	}
	a.writeAbout(p.place)
	line(a.stdout, "")
	rows := [][]string{{"STEP", "STATE", "TYPE", "FILES", "ATTEMPT", "JOB", "SUBMITTED", "TOOK"}}
	for _, s := range p.steps {
		st := p.state.Step(s.Seq)
		rows = append(rows, []string{
			fmt.Sprint(s.Seq), string(st.State), string(s.Backup.Type), joinKeys(s.Backup.Keys),
			fmt.Sprint(st.Attempt), dash(clean(st.JobID)), stamp(st.SubmittedAt), took(st),
		})
	}
	table(a.stdout, rows)
	if next := awaited(p); next != "" {
		line(a.stdout, "")
		line(a.stdout, "%s", next)
	}
}

// awaited says what happens next, unless a stop on stderr has said it.
func awaited(p preview) string {
	switch {
	case p.result.Class() != executor.OK:
		return ""
	case p.result.Reason == executor.OnHold: // said above
		return ""
	case p.result.Reason != "":
		return waiting(p.place, p.result.Stop)
	}
	st := p.state.Step(p.result.Step)
	switch key := needs(p.place, p.result.Step); {
	case st.State == ledger.StepRunning:
		return "waiting for DRS: " + stepName(p.place, p.result.Step) + " is running"
	case st.State == ledger.StepInDoubt:
		return "in doubt: the next pass searches for the job of " + stepName(p.place, p.result.Step)
	case key != "":
		return "next: " + p.command("apply", key)
	}
	return "next: the next pass submits " + stepName(p.place, p.result.Step)
}

// took is how long a step took, "-" where a clock that was set back hides it.
func took(st ledger.Step) string {
	if st.SubmittedAt.IsZero() {
		return "-"
	}
	end, suffix := st.FinishedAt, ""
	if end.IsZero() {
		end, suffix = time.Now(), " so far"
	}
	if end.Before(st.SubmittedAt) {
		return "-"
	}
	return rounded(end.Sub(st.SubmittedAt)) + suffix
}

// rounded shows a duration to the second, a short one to the millisecond.
func rounded(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func joinKeys(keys []string) string {
	if len(keys) > 3 {
		return fmt.Sprintf("%s and %d more", keys[0], len(keys)-1)
	}
	out := ""
	for i, k := range keys {
		if i > 0 {
			out += " "
		}
		out += k
	}
	return out
}

func (a *app) historyCommand() *cobra.Command {
	var s settings
	var output string
	c := &cobra.Command{
		Use:   "history PLAN",
		Short: "Show the ledger's events of a plan, their hashes verified",
		Long: `Show what the ledger holds about a plan, oldest first: every request, its outcome,
and every decision with who made it and why. Each event contains the hash of the
one before it; a changed or removed event is reported.`,
		Example: `  migplan history plans/ims.yaml
  migplan history -o json plans/ims.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("-o", output, "text", "json"); err != nil {
				return err
			}
			return a.history(c.Context(), args, &s, output)
		},
		ValidArgsFunction: completePlans,
	}
	s.ledgerFlag(c)
	outputFlag(c, &output, "text", "json")
	return c
}

type jsonEvent struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Kind    ledger.Kind     `json:"kind"`
	Step    int             `json:"step,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	Run     string          `json:"run"`
	Data    json.RawMessage `json:"data"`
	Hash    string          `json:"hash"`
}

func (a *app) history(ctx context.Context, args []string, s *settings, output string) error {
	v, err := a.onePlan(args[0])
	if err != nil {
		return err
	}
	l, dir, err := a.readLedger(s)
	if err != nil {
		return err
	}
	var events []ledger.Event
	if l != nil {
		defer l.Close()
		if events, err = l.Events(ctx, v.plan.Chain()); err != nil {
			return fmt.Errorf("%s: %w", v.plan.Name, err)
		}
	}
	if output == "json" {
		out := struct {
			Version int         `json:"version"`
			Name    string      `json:"name"`
			Chain   string      `json:"chain"`
			Events  []jsonEvent `json:"events"`
		}{historyVersion, v.plan.Name, v.plan.Chain(), []jsonEvent{}}
		for _, e := range events {
			out.Events = append(out.Events, jsonEvent{e.Seq, e.At, e.Kind, e.Step, e.Attempt, e.Run, e.Data, e.Hash})
		}
		a.writeJSON(out)
		return nil
	}
	if l == nil {
		line(a.stdout, "plan %s, chain %s: there is no ledger in %s yet", v.plan.Name, v.plan.Chain(), dir)
		return nil
	}
	line(a.stdout, "plan %s, chain %s, ledger %s: %s, hashes verified", v.plan.Name, v.plan.Chain(), dir, counted(len(events), "event"))
	rows := [][]string{{"SEQ", "AT", "KIND", "STEP", "ATTEMPT", "WHAT"}}
	for _, e := range events {
		rows = append(rows, []string{fmt.Sprint(e.Seq), stamp(e.At), string(e.Kind), number(e.Step), number(e.Attempt), clean(e.Summary())})
	}
	if len(events) > 0 {
		table(a.stdout, rows)
	}
	return nil
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// onePlan loads the one plan that a command is about which submits nothing.
func (a *app) onePlan(file string) (loaded, error) {
	v := lookAt(file)
	if !v.valid() {
		a.sayInvalid([]loaded{v})
		return v, exit{executor.Invalid}
	}
	return v, nil
}
