package view

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/drs"
	"github.com/migplan/migplan/pkg/executor"
	"github.com/migplan/migplan/pkg/ledger"
)

// declared are the constants of a type in pkg/executor, in order.
func declared(t *testing.T, typeName string) (values []string) {
	t.Helper()
	files, err := filepath.Glob("../../pkg/executor/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, strings.ToUpper(spec.Names[0].Name[:1])) {
				return true
			}
			name, isName := spec.Type.(*ast.Ident)
			literal, isLiteral := spec.Values[0].(*ast.BasicLit)
			if isName && isLiteral && name.Name == typeName {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
			return true
		})
	}
	return values
}

func TestEveryReasonHasOneMessage(t *testing.T) {
	reasons := declared(t, "Reason")
	if len(reasons) < 50 {
		t.Fatalf("found %d reasons", len(reasons))
	}
	entries := map[executor.Reason]int{}
	for _, subject := range subjects() {
		for r := range subject {
			entries[r]++
			if !slices.Contains(reasons, string(r)) {
				t.Errorf("the message of %q is not used", r)
			}
		}
	}
	for _, r := range reasons {
		reason := executor.Reason(r)
		if entries[reason] != 1 {
			t.Errorf("%q has %d messages", r, entries[reason])
		}
		msg, _ := messageOf(reason)
		if ended := reason.Class() == executor.OK; ended != (msg.Waits != "") || ended == (msg.What != "" && msg.Known != "" && msg.Next != "") {
			t.Errorf("the message of %q lacks a part: %+v", r, msg)
		}
	}
}

func TestEveryCauseHasWords(t *testing.T) {
	causes := declared(t, "Why")
	said := map[executor.Why]bool{}
	for why := range because {
		said[why] = true
	}
	for _, subject := range subjects() {
		for _, msg := range subject {
			for why := range msg.Causes {
				said[why] = true
			}
		}
	}
	for _, why := range causes {
		if !said[executor.Why(why)] {
			t.Errorf("%q has no words", why)
		}
		delete(said, executor.Why(why))
	}
	if len(causes) < 40 || len(said) > 0 {
		t.Errorf("%d causes; words that are not used: %v", len(causes), said)
	}
}

// stopOf is a stop with a value in every field that a message may show.
func stopOf(r executor.Reason, why executor.Why) executor.Stop {
	return executor.Stop{
		Reason: r, Why: why, Step: 2, OtherStep: 1, State: ledger.StepRunning, Jobs: []string{"job-2"}, Detail: "REBALANCING", Differs: &executor.Difference{Value: executor.ValueBucket, Got: "other-obs", Want: "zyy-obs"}, Objects: []string{"LOG/late.bak"},
		Since: night(21), Until: night(66), Err: errors.New("connection refused"),
		Owner: &executor.Owner{Plan: "crm-prod", Generation: 2, Databases: `database "ims"`},
	}
}

// shown is what a person sees of a stop, or of what a plan waits for.
func shown(m *Migration) string {
	var b bytes.Buffer
	if m.Class() == executor.OK {
		m.WriteWaits(&b)
	} else {
		m.WriteStop(&b)
	}
	return b.String()
}

// Every reason and every cause, in the order of the source.
func TestMessages(t *testing.T) {
	var out strings.Builder
	show := func(reason executor.Reason, why executor.Why) {
		m := example(t, ledger.StepRunning)
		m.State.Held, m.State.HeldAt = &ledger.DecisionData{User: "dba", Host: "jump1", Reason: "change freeze"}, night(0)
		if reason == executor.ChainClosed || reason == executor.ChainUnfinished || why == executor.WhyClosed {
			m.State.Ended = &ledger.DecisionData{User: "dba", Host: "jump1", Reason: "abandoned"}
		}
		m.Result.Stop = stopOf(reason, why)
		text := shown(m)
		if strings.Contains(text, "template:") || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
			t.Errorf("%s %s: %s", reason, why, text)
		}
		fmt.Fprintf(&out, "# %s %s\n%s\n", reason, why, text)
	}
	for _, r := range declared(t, "Reason") {
		reason := executor.Reason(r)
		msg, _ := messageOf(reason)
		if reason != executor.DoubtNeedsPerson {
			show(reason, "")
		}
		for _, why := range declared(t, "Why") {
			_, has := msg.Causes[executor.Why(why)]
			if has || reason == executor.DoubtNeedsPerson && because[executor.Why(why)] != "" {
				show(reason, executor.Why(why))
			}
		}
	}
	golden(t, "messages", out.String())
}

// situation is a message that depends on more than reason and cause.
type situation struct {
	name   string
	state  ledger.StepState // of step 2
	reason executor.Reason
	why    executor.Why
	change func(*Migration)
}

func errorLog(text string) func(*Migration) {
	return func(m *Migration) { m.State.Steps[1].ErrorLog = text }
}

func sentWithToken(m *Migration) {
	m.State.Steps[1].Intent.TokenAuth, m.State.Steps[1].Answered, m.Result.Jobs = true, false, nil
}

// situations is long because it contains a table.
func situations(edited *Migration) []situation {
	const failed, doubt, running, pending = ledger.StepFailed, ledger.StepInDoubt, ledger.StepRunning, ledger.StepPending
	exists := errorLog("A database with the same name already exists in the destination instance: ims")
	return []situation{
		{"a failure that is known", failed, executor.JobFailed, "", nil},
		{"a failure that is not known", failed, executor.JobFailed, "", errorLog("")},
		{"a failure that may be a backup restored before", failed, executor.JobFailed, "", errorLog("LSN not continuous")},
		{"a failed precheck", failed, executor.JobFailed, "", func(m *Migration) { m.State.Steps[1].Status = "PRECHECK FAILED" }},
		{"the database exists", failed, executor.JobFailed, "", exists},
		{"the database exists, and another plan restored it", failed, executor.JobFailed, "", func(m *Migration) {
			exists(m)
			m.SeededBy = &executor.Owner{Plan: "crm-prod", Generation: 2}
		}},
		{"a person declared it failed", failed, executor.JobFailed, "", func(m *Migration) { m.State.Steps[1].Status = "" }},
		{"the full backup failed", failed, executor.JobFailed, "", func(m *Migration) {
			m.State.Steps, m.Result.Step = []ledger.Step{stepOf(m.Plan, 1, failed)}, 1
		}},
		{"the cutover failed", failed, executor.JobFailed, "", func(m *Migration) {
			m.State.Steps[1].State = ledger.StepSucceeded
			m.State.Steps = append(m.State.Steps, stepOf(m.Plan, 3, failed))
			m.Result.Step = 3
		}},
		{"a known refusal", ledger.StepRefused, executor.CreateRefused, "", nil},
		{"a refusal that is not known", ledger.StepRefused, executor.CreateRefused, "", func(m *Migration) {
			m.State.Steps[1].Answer.Code, m.State.Steps[1].Answer.Message = "DRS.M99999", ""
		}},
		{"a job name that is taken", doubt, executor.DoubtNeedsPerson, executor.WhyNameExists, func(m *Migration) { m.State.Steps[1].Answer.Code = drs.CodeNameExists }},
		{"a request without a date", doubt, executor.DoubtNeedsPerson, executor.WhyNoDate, func(m *Migration) { m.State.Steps[1].Intent.FenceUntil = time.Time{} }},
		{"a request sent with a token", doubt, executor.DoubtNeedsPerson, executor.WhyToken, sentWithToken},
		{"a full backup sent with a token", doubt, executor.DoubtNeedsPerson, executor.WhyFull, sentWithToken},
		{"too early for a request sent with a token", doubt, executor.Settling, executor.WhyTooEarly, sentWithToken},
		{"no job is known in the doubt", doubt, executor.DoubtNeedsPerson, executor.WhyAsk, func(m *Migration) { m.Result.Jobs = nil }},
		{"too early, by no clock", doubt, executor.Settling, executor.WhyTooEarly, func(m *Migration) { m.Result.Until = time.Time{} }},
		{"two jobs in doubt", doubt, executor.DuplicateJobs, "", nil},
		{"a second job of a step that succeeded", ledger.StepSucceeded, executor.DuplicateJobs, "", nil},
		{"a job that differs, of a pending step", pending, executor.JobDiffers, "", nil},
		{"a job that differs, in doubt", doubt, executor.JobDiffers, "", nil},
		{"a job that differs and is not the step's", running, executor.JobDiffers, "", func(m *Migration) { m.Result.Jobs = []string{"job-9"} }},
		{"a job that succeeded after all", running, executor.NotFailed, "", func(m *Migration) { m.Result.Detail = "SUCCESS" }},
		{"no status", running, executor.NotSucceeded, "", func(m *Migration) { m.Result.Detail = "" }},
		{"another file for a step that was sent", running, executor.EditedHistory, "", func(m *Migration) { *m = *edited; m.Result.Stop = stopOf(executor.EditedHistory, "") }},
		{"an edit after the cutover", running, executor.EditedHistory, "", func(m *Migration) {
			m.State.Steps[1].Last = true
		}},
		{"the cutover is missing its key", ledger.StepSucceeded, executor.CutoverKey, "", func(m *Migration) { m.Result.Step = 3 }},
		{"a key of another plan", ledger.StepSucceeded, executor.CutoverKey, "", func(m *Migration) {
			m.Result.Step, m.Run.Keys.Cutover = 3, "crm-prod@0123456789ab"
		}},
		{"the overwrite is missing its key", pending, executor.OverwriteKey, "", func(m *Migration) { m.State.Steps, m.Result.Step = nil, 1 }},
		{"a key before the window", running, executor.BeforeStart, "", func(m *Migration) { m.Run.Keys.Cutover = "ims-prod@0123456789ab" }},
		{"the outcome that was lost is not known", doubt, executor.RecordLost, "", func(m *Migration) { m.Result.Detail, m.Result.Jobs = "", nil }},
		{"a pause that an earlier answer asked for", pending, executor.Throttled, "", func(m *Migration) {
			m.Result.Err = nil
			m.State.Steps[1].Answer.Code, m.State.Steps[1].Answer.Message = "APIG.0308", "The throttling threshold has been reached."
		}},
		{"no error is known", running, executor.NotSent, "", func(m *Migration) { m.Result.Err = nil }},
		{"a proxy that does not work", running, executor.APIUnavailable, "", func(m *Migration) {
			m.Run.Proxy, m.Result.Err = "HTTPS_PROXY", errors.New("proxy: connection refused")
		}},
		{"several newer backups", running, executor.NewerBackup, "", func(m *Migration) { m.Result.Objects = []string{"LOG/a.bak", `LOG/"b".bak`} }},
		{"no tail log, by its header", running, executor.NoTailLog, "", func(m *Migration) { m.Result.Err = nil }},
		{"no tail log, since it could not be read", running, executor.NoTailLog, "", func(m *Migration) {
			m.Result.Err = &verify.Error{Problem: "access denied", Remedy: "check the access key"}
		}},
		{"a closing that must wait for a doubt", doubt, executor.NotAllowed, executor.WhyUnsettled, func(m *Migration) {
			m.Run.Again = "migplan close ims.yaml --reason done"
		}},
		{"a decision about a step that the plan does not have", running, executor.NotAllowed, executor.WhyNoSuchStep, func(m *Migration) { m.Result.Step = 9 }},
		{"no credentials", pending, executor.NextBackup, "", func(m *Migration) {
			m.Setup = &SetupError{Class: executor.Denied, Err: errors.New("no credentials found"), Remedy: "set A and B", Looked: []string{"A and B: not set", "C: not set"}}
		}},
		{"a server of credentials that does not answer", pending, executor.NextBackup, "", func(m *Migration) {
			m.Setup = &SetupError{Class: executor.TryAgain, Err: errors.New("IAM gave no answer"), Remedy: "try again later"}
			m.Run.Again = "migplan adopt ims.yaml --all --reason lost"
		}},
		{"a decision about the whole plan", running, executor.NotAllowed, executor.WhyNotHeld, func(m *Migration) { m.Result.Step = 0 }},
		{"a plan without its file", running, executor.NotAllowed, executor.WhyNothingSent, func(m *Migration) { m.File = "" }},
		{"a job of no step", running, executor.JobDiffers, "", func(m *Migration) { m.Result.Step, m.Result.Jobs = 0, nil }},
		{"a ledger that cannot be read", running, executor.LedgerFailed, "", func(m *Migration) { m.Unread, m.State = true, ledger.State{} }},
		{"a command that only reads", running, executor.WindowPast, executor.WhyLocalClock, func(m *Migration) { m.Run.Reads = true }},
		{"a rehearsal", failed, executor.JobFailed, "", func(m *Migration) { m.Run.Rehearsal = true }},
		{"--wait and the confirmations for this plan are repeated", running, executor.Throttled, "", func(m *Migration) {
			m.Run.Flags.Wait = true
			m.Run.Keys = executor.Keys{Cutover: "ims-prod@0123456789ab", Overwrite: "crm-prod@0123456789ab"}
		}},
		{"the flags of the run are repeated", running, executor.AccessDenied, "", func(m *Migration) {
			m.Run.Flags = Flags{Ledger: "other ledger", Endpoint: "https://drs.example.com", OBSEndpoint: "https://obs.example.com", CAFile: "ca.pem"}
		}},
	}
}

// What depends on more than reason and cause.
func TestMessagesInSituations(t *testing.T) {
	var out strings.Builder
	for _, c := range situations(edited(t)) {
		m := example(t, c.state)
		m.Result.Stop = stopOf(c.reason, c.why)
		if c.change != nil {
			c.change(m)
		}
		fmt.Fprintf(&out, "# %s\n%s\n", c.name, shown(m))
	}
	golden(t, "situations", out.String())
}

// What a server says is one word in a command to be pasted, whatever it is, and
// is not read as a template.
func TestServerTextIsInert(t *testing.T) {
	for _, reason := range []executor.Reason{executor.ForeignJob, executor.JobDiffers} {
		m := example(t, ledger.StepRunning)
		m.Result.Stop = executor.Stop{Reason: reason, Step: 1, Jobs: []string{"x'; rm -rf ~ #{{.Step}}"}}
		if e := m.Explain(); !strings.Contains(e.Next, ` 'x'\''; rm -rf ~ #{{.Step}}' `) {
			t.Errorf("%s: %s", reason, e.Next)
		}
	}
}
