package drssim

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Fault is one planned misbehaviour: what, at the how-manieth request of its
// kind, and for some a detail.
type Fault struct {
	Kind string
	N    int    // 1 for the first create, list or show; 0 for every one
	Arg  string // a duration, a header, a phrase
}

// FaultKind describes a kind of fault.
type FaultKind struct {
	Name, Op, Help string
	act            func(d *DRS, f Fault, op, id string, r Request) (Response, string)
}

// String is the form that ParseFault reads.
func (f Fault) String() string {
	s := f.Kind + "@" + strconv.Itoa(f.N)
	if f.Arg != "" {
		s += ":" + f.Arg
	}
	return s
}

// ParseFault reads KIND@N or KIND@N:ARG; N may be "all".
func ParseFault(s string) (Fault, error) {
	kind, rest, ok := strings.Cut(s, "@")
	number, arg, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(number)
	if number == "all" || number == "0" {
		n, err = 0, nil
	}
	if !ok || err != nil || n < 0 {
		return Fault{}, fmt.Errorf("%q is not KIND@N", s)
	}
	for _, k := range FaultKinds() {
		if k.Name == kind {
			return Fault{Kind: kind, N: n, Arg: arg}, nil
		}
	}
	return Fault{}, fmt.Errorf("there is no fault %q", kind)
}

// FaultKinds are all kinds of faults: those of creates, of reads, and of the
// job that a create makes.
func FaultKinds() []FaultKind {
	return append(append(createFaults(), readFaults()...), jobFaults()...)
}

type faultFunc = func(d *DRS, f Fault, op, id string, r Request) (Response, string)

// after does the work, then answers otherwise.
func after(change func(d *DRS, f Fault, resp Response) Response) faultFunc {
	return func(d *DRS, f Fault, op, id string, r Request) (Response, string) {
		resp, job := d.do(op, id, r)
		return change(d, f, resp), job
	}
}

// instead answers without doing the work.
func instead(answer func(d *DRS, f Fault) Response) faultFunc {
	return func(d *DRS, f Fault, _, _ string, _ Request) (Response, string) { return answer(d, f), "" }
}

func deliver(how Delivery) func(*DRS, Fault, Response) Response {
	return func(_ *DRS, _ Fault, resp Response) Response { resp.Delivery = how; return resp }
}

func nothing(how Delivery) func(*DRS, Fault) Response {
	return func(*DRS, Fault) Response { return Response{Delivery: how} }
}

func status(code int, drs, message string) func(*DRS, Fault) Response {
	return func(d *DRS, _ Fault) Response { return d.refuse(Refusal{code, drs, message}) }
}

func statusAfter(code int, drs, message string) func(*DRS, Fault, Response) Response {
	return func(d *DRS, f Fault, _ Response) Response { return status(code, drs, message)(d, f) }
}

func html(code int) func(*DRS, Fault) Response {
	return func(d *DRS, _ Fault) Response {
		return d.respond(code, "text/html", []byte("<html><body><h1>"+strconv.Itoa(code)+" Bad Gateway</h1></body></html>"))
	}
}

func createFaults() []FaultKind {
	late := func(d *DRS, f Fault, _, _ string, r Request) (Response, string) {
		d.late = append(d.late, lateCreate{at: d.config.Now().Add(duration(f.Arg, time.Minute)), request: r})
		return Response{Delivery: Lost}, ""
	}
	throttle := func(d *DRS, f Fault) Response {
		resp := d.refuse(Refusal{429, "APIGW.0308", "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute"})
		if v, ok := strings.CutPrefix(f.Arg, "retry-after="); ok {
			resp.Header.Set("Retry-After", v)
		}
		return resp
	}
	replace := func(body string) func(*DRS, Fault, Response) Response {
		return func(d *DRS, _ Fault, _ Response) Response { return d.respond(200, "application/json", []byte(body)) }
	}
	return []FaultKind{
		{"lost-after-accept", opCreate, "the job is made, the connection closes without an answer", after(deliver(Lost))},
		{"reset-after-accept", opCreate, "the job is made, the connection is reset", after(deliver(Reset))},
		{"stall-after-accept", opCreate, "the job is made, the answer never comes", after(deliver(Stalled))},
		{"truncated-after-accept", opCreate, "the job is made, half of the answer comes", after(deliver(Truncated))},
		{"delayed-after-accept", opCreate, "the job is made, the answer comes late (:2s)", after(delay)},
		{"lost-before-accept", opCreate, "no job, the connection closes", instead(nothing(Lost))},
		{"reset-before-accept", opCreate, "no job, the connection is reset", instead(nothing(Reset))},
		{"stall-before-accept", opCreate, "no job, no answer", instead(nothing(Stalled))},
		{"late-accept", opCreate, "no answer, and the job is made later (:60s)", late},
		{"503-before-accept", opCreate, "no job, 503", instead(status(503, "APIGW.0613", "The IAM service is abnormal."))},
		{"502-before-accept", opCreate, "no job, 502 in HTML", instead(html(502))},
		{"500-after-accept", opCreate, "the job is made, 500", after(statusAfter(500, "DRS.M00004", "Service abnormal."))},
		{"502-after-accept", opCreate, "the job is made, 502 in HTML", after(func(d *DRS, f Fault, _ Response) Response { return html(502)(d, f) })},
		{"503-after-accept", opCreate, "the job is made, 503", after(statusAfter(503, "APIGW.0613", "The IAM service is abnormal."))},
		{"504-after-accept", opCreate, "the job is made, 504", after(statusAfter(504, "APIGW.0201", "Backend timeout."))},
		{"429", opCreate, "no job, throttled by the gateway (:retry-after=5)", instead(throttle)},
		{"drs-throttle", opCreate, "no job, 400 DRS.M01503", instead(status(400, "DRS.M01503", "The operation is too frequent. Please try again later."))},
		{"401", opCreate, "no job, 401", instead(status(401, "APIGW.0301", "Incorrect IAM authentication information."))},
		{"403", opCreate, "no job, 403", instead(status(403, "APIGW.0302", "The IAM user is not allowed to access the API."))},
		{"refused", opCreate, "no job, 400 for a value", instead(status(400, codeInvalid, "Parameter invalid."))},
		{"generic-400", opCreate, "no job, 400 DRS.10000001", instead(status(400, "DRS.10000001", "Failed."))},
		{"no-job-id", opCreate, "the job is made, 200 without job_id", after(replace(`{}`))},
		{"error-in-200", opCreate, "the job is made, 200 with an error code", after(replace(`{"error_code":"DRS.M05066","error_msg":"Abnormal."}`))},
		{"202-busy", opCreate, "the job is made, 202 DRS.M01504", after(statusAfter(202, "DRS.M01504", "Another operation is in progress."))},
		{"name-exists-after-accept", opCreate, "the job is made, 422 DRS.M00277", after(statusAfter(422, "DRS.M00277", "The task name already exists."))},
	}
}

func delay(_ *DRS, f Fault, resp Response) Response {
	resp.Delay = duration(f.Arg, 2*time.Second)
	return resp
}

func duration(arg string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(arg); err == nil && d >= 0 {
		return d
	}
	return otherwise
}

func readFaults() []FaultKind {
	var kinds []FaultKind
	for _, op := range []string{opList, opShow} {
		kinds = append(kinds,
			FaultKind{op + "-500", op, "500 on a " + op, instead(status(500, "DRS.M00004", "Service abnormal."))},
			FaultKind{op + "-429", op, "429 on a " + op, instead(status(429, "APIGW.0308", "The throttling threshold has been reached."))},
			FaultKind{op + "-html", op, "200 with HTML on a " + op, instead(html(200))},
			FaultKind{op + "-garbage", op, "200 with garbage on a " + op, instead(func(d *DRS, _ Fault) Response {
				return d.respond(200, "application/json", []byte(`{"jobs":[{"id":`))
			})},
			FaultKind{op + "-lost", op, "the connection closes on a " + op, instead(nothing(Lost))},
			FaultKind{op + "-stall", op, "no answer on a " + op, instead(nothing(Stalled))},
			FaultKind{op + "-no-date", op, "no Date header on a " + op, after(header("Date", ""))},
			FaultKind{op + "-cached", op, "an Age header on a " + op, after(header("Age", "600"))},
		)
	}
	return append(kinds,
		FaultKind{"list-empty", opList, "a list without jobs", instead(func(d *DRS, _ Fault) Response {
			return d.answer(200, map[string]any{"count": 0, "jobs": []any{}})
		})},
		FaultKind{"list-omits-newest", opList, "a list without its newest job", omitNewest},
		FaultKind{"show-wrong-id", opShow, "a detail of another job", after(func(_ *DRS, _ Fault, resp Response) Response {
			resp.Body = []byte(strings.Replace(string(resp.Body), `"id":"`, `"id":"x`, 1))
			return resp
		})},
		FaultKind{"show-unknown-status", opShow, "a status that no page knows", after(func(_ *DRS, _ Fault, resp Response) Response {
			resp.Body = []byte(strings.Replace(string(resp.Body), `"TRANSFERRING"`, `"REBALANCING"`, 1))
			return resp
		})},
		FaultKind{"show-not-found", opShow, "a job that is not found", instead(status(400, "DRS.10000010", "The job does not exist."))},
	)
}

func header(name, value string) func(*DRS, Fault, Response) Response {
	return func(_ *DRS, _ Fault, resp Response) Response {
		resp.Header.Del(name)
		if value != "" {
			resp.Header.Set(name, value)
		}
		return resp
	}
}

// omitNewest hides the newest job from one list, the count included.
func omitNewest(d *DRS, _ Fault, op, id string, r Request) (Response, string) {
	if len(d.jobs) == 0 {
		return d.do(op, id, r)
	}
	newest := d.jobs[len(d.jobs)-1]
	was := newest.Deleted
	newest.Deleted = true
	resp, _ := d.do(op, id, r)
	newest.Deleted = was
	return resp, ""
}

// jobFaults happen to the job that the Nth create makes.
func jobFaults() []FaultKind {
	return []FaultKind{
		{"job-failed", opCreate, "the job ends as FAILED (:error log)", nil},
		{"job-precheck-failed", opCreate, "the job ends as PRECHECK FAILED (:error log)", nil},
		{"job-slow", opCreate, "the job takes longer (:5s)", nil},
		{"job-hidden", opCreate, "the job is not listed for a while (:2s)", nil},
	}
}

// applyJobFaults changes a new job as planned.
func (d *DRS) applyJobFaults(j *Job) {
	for _, f := range d.config.Faults {
		if f.N != 0 && f.N != d.counts[opCreate] {
			continue
		}
		switch f.Kind {
		case "job-failed", "job-precheck-failed":
			j.fails, j.early = firstOf(f.Arg, "Failed to restore the database."), f.Kind == "job-precheck-failed"
		case "job-slow":
			j.ends = j.Created.Add(duration(f.Arg, 5*time.Second))
		case "job-hidden":
			j.Listed = j.Created.Add(duration(f.Arg, 2*time.Second))
		}
	}
}

// planned is a fault with what it does.
type planned struct {
	Fault
	kind FaultKind
}

func plan(faults []Fault) []planned {
	var out []planned
	for _, f := range faults {
		for _, k := range FaultKinds() {
			if k.Name == f.Kind {
				out = append(out, planned{f, k})
			}
		}
	}
	return out
}

// faultFor is the fault planned for the nth request of an operation.
func (d *DRS) faultFor(op string, n int) *planned {
	for i, f := range d.faults {
		if f.kind.act != nil && f.kind.Op == op && (f.N == n || f.N == 0) {
			return &d.faults[i]
		}
	}
	return nil
}

// RandomFaults is a schedule of n faults that a seed gives, always the same.
func RandomFaults(seed uint64, n int) []Fault {
	r := rand.New(rand.NewPCG(seed, 2))
	kinds := FaultKinds()
	var out []Fault
	for range n {
		k := kinds[r.IntN(len(kinds))]
		most := 12
		if k.Op == opCreate {
			most = 5
		}
		out = append(out, Fault{Kind: k.Name, N: 1 + r.IntN(most)})
	}
	return out
}
