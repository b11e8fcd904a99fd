package view

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// stopped is what the templates of a message may use. Its text is clean.
type stopped struct {
	*Migration
	stop executor.Stop
}

// message is the message of the stop, its cause included.
func (s stopped) message() message {
	msg, ok := messageOf(s.stop.Reason)
	if !ok {
		return message{What: "{{.Reason}}"}
	}
	msg = msg.with(msg.Causes[s.stop.Why])
	if msg.Adjust != nil {
		msg.Adjust(s, &msg)
	}
	return msg
}

// with replaces the parts that another message has.
func (msg message) with(other message) message {
	for _, part := range []struct{ into, from *string }{
		{&msg.What, &other.What}, {&msg.Tried, &other.Tried}, {&msg.Known, &other.Known},
		{&msg.Database, &other.Database}, {&msg.Next, &other.Next},
	} {
		if *part.from != "" {
			*part.into = *part.from
		}
	}
	if other.Adjust != nil {
		msg.Adjust = other.Adjust
	}
	return msg
}

// expand fills in a template. Tests expand every one, so an error is a bug that
// must not hide the rest of a message.
func (s stopped) expand(text string) string {
	t, err := template.New("message").Funcs(template.FuncMap{"clean": Clean, "word": Word, "stamp": Stamp}).Parse(text)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	if err := t.Execute(&b, s); err != nil {
		return err.Error()
	}
	return b.String()
}

// tried is what the run did before the stop.
func (s stopped) tried(msg message) string {
	switch {
	case s.Run.Reads:
		return "reading the plan and the ledger; this command sends nothing"
	case msg.Tried != "":
		return s.expand(msg.Tried)
	case s.stop.Step > 0:
		return "one pass; stopped before submitting " + s.Step()
	}
	return "one pass; nothing was submitted"
}

func (s stopped) Reason() string     { return string(s.stop.Reason) }
func (s stopped) Step() string       { return s.stepName(s.stop.Step) }
func (s stopped) Seq() int           { return s.stop.Step }
func (s stopped) OtherStep() int     { return s.stop.OtherStep }
func (s stopped) OtherState() string { return string(s.stop.State) }
func (s stopped) Detail() string     { return Clean(s.stop.Detail) }
func (s stopped) Jobs() string       { return Clean(strings.Join(s.stop.Jobs, ", ")) }
func (s stopped) Since() string      { return Stamp(s.stop.Since) }
func (s stopped) Until() string      { return Stamp(s.stop.Until) }
func (s stopped) Owner() *executor.Owner {
	return s.stop.Owner
}

// InLedger is what the ledger knows of the step.
func (s stopped) InLedger() ledger.Step { return s.State.Step(s.stop.Step) }

// Job is the job that the stop is about.
func (s stopped) Job() string {
	if len(s.stop.Jobs) == 0 {
		return "JOB_ID"
	}
	return s.stop.Jobs[0]
}

// Err is what a server or the system said.
func (s stopped) Err() string {
	if s.stop.Err == nil {
		return "no reason given"
	}
	return Clean(s.stop.Err.Error())
}

// JobStatus is DRS's word for the state of a job.
func (s stopped) JobStatus() string {
	if s.stop.Detail == "" {
		return "an empty status"
	}
	return s.Detail()
}

// WindowEnd is the end of the window as the plan has it.
func (s stopped) WindowEnd() string { return s.stop.Until.Format(time.RFC3339) }

// ByThen is ", until TIME", empty where no clock of the server says when.
func (s stopped) ByThen() string {
	if s.stop.Until.IsZero() {
		return ""
	}
	return ", until " + s.Until()
}

// AfterThat is "after TIME", "later" where no clock of the server says when.
func (s stopped) AfterThat() string {
	if s.stop.Until.IsZero() {
		return "later"
	}
	return "after " + s.Until()
}

// Ledger is the file of the ledger, as one word.
func (s stopped) Ledger() string { return Word(s.LedgerFile) }

// The commands, marked.

// run is a command about the plan.
func (s stopped) run(verb, rest string) string { return marked(s.Command(verb, rest)) }

// Again is the command line of this run, or apply.
func (s stopped) Again() string { return marked(s.again()) }

// AgainWith is Again with one more flag.
func (s stopped) AgainWith(flag string) string { return marked(s.again() + " " + flag) }

func (s stopped) Apply() string   { return s.run("apply", "") }
func (s stopped) Release() string { return s.run("release", "--reason TEXT") }
func (s stopped) Status() string  { return s.run("status", "") }
func (s stopped) History() string { return s.run("history", "") }
func (s stopped) Whoami() string  { return s.run("whoami", "") }

// Confirmed is apply with the confirmations that the step needs.
func (s stopped) Confirmed() string { return s.run("apply", s.needs(s.stop.Step)) }

func (s stopped) AdoptAll() string { return s.run("adopt", "--all --reason TEXT") }

// Adopt says that a job is the step's.
func (s stopped) Adopt(job string) string {
	step := "STEP"
	if s.stop.Step > 0 {
		step = fmt.Sprint(s.stop.Step)
	}
	return s.run("adopt", step+" "+Word(job)+" --reason TEXT")
}

// AdoptOne adopts one job for a step that the person chooses.
func (s stopped) AdoptOne() string { return s.run("adopt", "STEP JOB_ID --reason TEXT") }

// Ignore says that a job does not matter to the plan.
func (s stopped) Ignore(job string) string {
	return s.run("resolve", "--ignore-job "+Word(job)+" --reason TEXT")
}

// Resolve records how the step ended, by a flag of resolve.
func (s stopped) Resolve(flag string) string {
	return s.run("resolve", fmt.Sprintf("%d %s --reason TEXT", s.stop.Step, flag))
}

func (s stopped) Retry() string {
	return s.run("retry", fmt.Sprintf("%d --reason TEXT", s.stop.Step))
}

// Judge is how a person records what DRS cannot report.
func (s stopped) Judge() string {
	return "if the backup is restored, " + s.Resolve("--succeeded") + "; if not, " + s.Resolve("--failed")
}

// CloseOwner ends the chain that has one of the plan's databases.
func (s stopped) CloseOwner() string {
	return marked("migplan close --name " + Word(s.stop.Owner.Plan) + " --reason TEXT" + s.Run.Flags.repeated("close"))
}

func (s stopped) RebuildLedger() string {
	return rebuildLedger(s.LedgerFile, s.Command("adopt", "--all --reason TEXT"))
}

// FixFirst leads to a setting that keeps every request from being answered, ""
// where trying again may help.
func (s stopped) FixFirst() string {
	switch {
	case s.stop.Err == nil:
		return ""
	case s.Run.Proxy != "" && strings.Contains(s.Err(), "proxy"):
		return "check " + s.Run.Proxy + " in the environment; then "
	case errors.Is(s.stop.Err, drs.ErrSetting):
		return "check the region, --endpoint, MIGPLAN_ENDPOINT and --ca-file: trying again does not help; then "
	}
	return ""
}

// Following reports whether the ledger follows the job of the stop as the
// step's.
func (s stopped) Following() bool {
	st := s.InLedger()
	return st.State == ledger.StepRunning && slices.Contains(s.stop.Jobs, st.JobID)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
