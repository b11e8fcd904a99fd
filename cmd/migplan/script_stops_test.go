package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// stopsAlike: stops CODE REASON migplan apply ARGS... wants apply to end with this exit code
// and, of one of its plans, for this reason. Then status must say the same of each
// plan: the code, the reason, every line of the stop but tried:, and so the
// database and the next command. REASON is - where no pass could be made.
func stopsAlike(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 5 || args[2] != "migplan" || args[3] != "apply" {
		ts.Fatalf("usage: stops CODE REASON migplan apply ARGS...")
	}
	err := ts.Exec("migplan", append([]string{"apply", "-o", "json"}, args[4:]...)...)
	if code := strconv.Itoa(exitCodeOf(ts, err)); code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
	said := plansOf(ts)
	sameByStatus(ts, args[0], args[1], ts.ReadFile("stderr"), forStatus(args[4:]))
	for i, now := range plansOf(ts) {
		if i >= len(said) || said[i] != now {
			ts.Fatalf("apply says of plan %d\n%+v\nand status\n%+v", i, said, now)
		}
	}
}

// stoppedAlike: stopped CODE REASON PLAN wants the same of a run in the background that has just
// ended.
func stoppedAlike(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: stopped CODE REASON PLAN, after wait")
	}
	sameByStatus(ts, args[0], args[1], ts.ReadFile("stderr"), args[2:])
}

// sameByStatus runs status, which must repeat the stops in what apply wrote.
func sameByStatus(ts *testscript.TestScript, code, reason, applied string, args []string) {
	err := ts.Exec("migplan", append([]string{"status", "-o", "json"}, args...)...)
	if got := strconv.Itoa(exitCodeOf(ts, err)); got != code {
		ts.Fatalf("status ends with %s, and apply with %s", got, code)
	}
	if want, got := stopLines(applied), stopLines(ts.ReadFile("stderr")); want != got {
		ts.Fatalf("apply says\n%s\nand status\n%s", want, got)
	}
	if !slices.ContainsFunc(plansOf(ts), func(p stoppedPlan) bool { return p.Reason == strings.TrimPrefix(reason, "-") }) {
		ts.Fatalf("no plan stopped for %s", reason)
	}
}

// stoppedPlan is what the JSON of apply and that of status say alike of a plan.
type stoppedPlan struct {
	File, State, Exit, Reason, Message, Next string
	Code                                     int
}

// plansOf are the plans in the JSON that the last command wrote.
func plansOf(ts *testscript.TestScript) (plans []stoppedPlan) {
	var out struct{ Plans []stoppedPlan }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &out))
	for i := range out.Plans {
		if p := &out.Plans[i]; p.Code == 0 {
			p.Reason = "" // no stop: what the next pass does
		}
	}
	return out.Plans
}

var (
	stopOnStderr = regexp.MustCompile(`(?m)^error: .*\n(?: .*\n|hint: .*\n)*`)
	triedLine    = regexp.MustCompile(`(?m)^  tried: .*\n`)
)

// stopLines are the stops in what a command wrote to stderr, without what it tried:
// a stop that status computes was met by reading.
func stopLines(stderr string) string {
	return triedLine.ReplaceAllString(strings.Join(stopOnStderr.FindAllString(stderr, -1), ""), "")
}

// forStatus are the arguments of an apply that status has too.
func forStatus(args []string) (out []string) {
	for i := 0; i < len(args); i++ {
		switch flag := args[i]; {
		case flag == "--ledger":
			out = append(out, flag, args[i+1])
			i++
		case slices.Contains([]string{"--wait", "--recursive"}, flag):
		case strings.HasPrefix(flag, "--") && flag != "--":
			i++ // its value
		default:
			out = append(out, flag)
		}
	}
	return out
}
