package drssim

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FaultKind describes a kind of fault.
type FaultKind struct {
	Name string
	Op   string // create, list or show, whose requests N counts; job: N counts the accepted jobs
	Help string // what happens, and the default argument, in a sentence

	argument argument
	serve    serveFunc
	strike   func(d *DRS, j *Job, arg string)
}

// serveFunc serves a request with a fault.
type serveFunc func(x *exchange, arg string) Response

// opJob counts the accepted jobs for kinds about jobs.
const opJob = "job"

// FaultKinds are all kinds: for creates, jobs, lists and details.
func FaultKinds() []FaultKind {
	var kinds []FaultKind
	add := func(op, prefix string, more []FaultKind) {
		for _, k := range more {
			k.Op, k.Name = op, prefix+k.Name
			kinds = append(kinds, k)
		}
	}
	add(opCreate, "", createKinds())
	add(opCreate, "", answerKinds())
	add(opJob, "", jobKinds())
	for _, op := range []string{opList, opShow} {
		add(op, op+"-", readKinds())
		add(op, op+"-", answerKinds())
	}
	add(opList, "", listKinds())
	add(opShow, "", showKinds())
	return kinds
}

// createKinds are answers to a create that are in doubt, or clear. It is long
// because it contains a table.
func createKinds() []FaultKind {
	return []FaultKind{
		{Name: "lost-after-accept", serve: after(deliver(Lost)), Help: "The job is created; the connection closes without an answer."},
		{Name: "lost-before-accept", serve: instead(vanish(Lost)), Help: "No job is created; the connection closes without an answer."},
		{Name: "reset-after-accept", serve: after(deliver(Reset)), Help: "The job is created; the connection is reset."},
		{Name: "reset-before-accept", serve: instead(vanish(Reset)), Help: "No job is created; the connection is reset."},
		{Name: "stall-after-accept", serve: after(deliver(Stalled)), Help: "The job is created; no answer ever comes."},
		{Name: "stall-before-accept", serve: instead(vanish(Stalled)), Help: "No job is created; no answer ever comes."},
		{Name: "late-accept", serve: late(false, vanish(Stalled)), argument: duration, Help: "No answer comes; the job is created later (default 60s)."},
		{Name: "late-accept-lost", serve: late(false, vanish(Lost)), argument: duration, Help: "The connection closes; the job is created later (default 60s)."},
		{Name: "late-accept-504", serve: late(false, refusing(504, "APIGW.0201", "Backend timeout.")), argument: duration,
			Help: "The answer is 504; the job is created later (default 60s)."},
		{Name: "late-arrival", serve: late(true, vanish(Stalled)), argument: duration,
			Help: "No answer comes; the request reaches the gateway later (default 60s) and is authenticated then."},
		{Name: "503-before-accept", serve: instead(refusing(503, "APIGW.0613", "The IAM service is unavailable.")), Help: "No job is created; the answer is 503."},
		{Name: "502-before-accept", serve: instead(html(502)), Help: "No job is created; the answer is 502 with an HTML page."},
		{Name: "500-before-accept", serve: instead(refusing(500, "DRS.M00004", "Service abnormal.")), Help: "No job is created; the answer is 500."},
		{Name: "500-after-accept", serve: after(replaced(refusing(500, "DRS.M00004", "Service abnormal."))), Help: "The job is created; the answer is 500."},
		{Name: "502-after-accept", serve: after(replaced(html(502))), Help: "The job is created; the answer is 502 with an HTML page."},
		{Name: "503-after-accept", serve: after(replaced(refusing(503, "APIGW.0613", "The IAM service is unavailable."))),
			Help: "The job is created; the answer is 503."},
		{Name: "504-after-accept", serve: after(replaced(refusing(504, "APIGW.0201", "Backend timeout."))), Help: "The job is created; the answer is 504."},
		{Name: "400-after-accept", serve: after(replaced(refusing(400, "DRS.10000001", "Failed."))), Help: "The job is created; the answer is 400 DRS.10000001."},
		{Name: "name-exists-after-accept", serve: after(replaced(refusing(422, "DRS.M00277", "The task name already exists."))),
			Help: "The job is created; the answer is 422 DRS.M00277 (the name exists)."},
		{Name: "busy-after-accept", serve: after(replaced(refusing(422, "DRS.M06021", "The destination instance has been set by another task and cannot be used."))), Help: "The job is created; the answer is 422 DRS.M06021 (the instance is in use)."},
		{Name: "202-after-accept", serve: after(replaced(refusing(202, "DRS.M01504", "Another operation is in progress, or the task is abnormal."))),
			Help: "The job is created; the answer is 202 DRS.M01504."},
		{Name: "202-before-accept", serve: instead(refusing(202, "DRS.M01504", "Another operation is in progress, or the task is abnormal.")),
			Help: "No job is created; the answer is 202 DRS.M01504."},
		{Name: "no-job-id", serve: after(replaced(content(`{}`))), Help: "The job is created; the answer is 200 without job_id."},
		{Name: "error-in-200", serve: after(replaced(content(`{"error_code":"DRS.M05066","error_msg":"Failed."}`))),
			Help: "The job is created; the answer is 200 with an error_code."},
		{Name: "generic-400", serve: instead(refusing(400, "DRS.10000001", "Failed.")), Help: "No job is created; the answer is 400 DRS.10000001."},
		{Name: "refused", serve: instead(refusing(400, codeEmpty, "The name parameter is empty.")),
			Help: "No job is created; the answer is 400 DRS.M00201 (a parameter is empty)."},
		{Name: "403", serve: instead(refusing(403, "APIGW.0302", "The IAM user is not allowed to access the API.")),
			Help: "No job is created; the answer is 403 APIGW.0302."},
		{Name: "twice", serve: twice, Help: "A proxy sends the request twice: two jobs are created."},
	}
}

// answerKinds are for every operation, including creates.
func answerKinds() []FaultKind {
	return []FaultKind{
		{Name: "429", serve: throttled, argument: retryAfter, Help: "Nothing is done; the answer is 429 APIGW.0308."},
		{Name: "drs-throttle", serve: instead(refusing(400, "DRS.M01503", "Operations are too frequent. Please try again later.")),
			Help: "Nothing is done; the answer is 400 DRS.M01503."},
		{Name: "401", serve: instead(refusing(401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail")),
			Help: "Nothing is done; the answer is 401 APIGW.0301."},
		{Name: "truncated", serve: after(truncated), argument: number, Help: "The connection closes after this many bytes of the body (default half of them)."},
		{Name: "half-json", serve: after(halfJSON), Help: "The body is half of the JSON, sent as if it were complete."},
		{Name: "body-twice", serve: after(bodyTwice), Help: "The body contains the JSON twice."},
		{Name: "answer-twice", serve: after(deliver(Doubled)), Help: "Every byte of the answer comes twice."},
		{Name: "delayed", serve: after(delayed), argument: duration, Help: "The answer is delayed (default 2s)."},
		{Name: "html", serve: after(replaced(html(200))), Help: "The answer is 200 with an HTML page."},
		{Name: "garbage", serve: after(replaced(content("\x00\xff{]\x1b[2J"))), Help: "The answer is 200 with bytes that are not JSON."},
		{Name: "redirect", serve: after(redirected), Help: "The answer is 307 to the same address."},
		{Name: "no-date", serve: after(header("Date", "")), Help: "The answer has no Date header."},
		{Name: "cached", serve: after(header("Age", "600")), Help: "The answer has an Age header, as from a cache."},
		{Name: "date-jump", serve: after(dateJump), argument: duration, Help: "The Date header is wrong by this much (default 87600h)."},
	}
}

// readKinds are for lists and details.
func readKinds() []FaultKind {
	return []FaultKind{
		{Name: "500", serve: instead(refusing(500, "DRS.M00004", "Service abnormal.")), Help: "The answer is 500."},
		{Name: "502", serve: instead(html(502)), Help: "The answer is 502 with an HTML page."},
		{Name: "503", serve: instead(refusing(503, "APIGW.0613", "The IAM service is unavailable.")), Help: "The answer is 503."},
		{Name: "504", serve: instead(refusing(504, "APIGW.0201", "Backend timeout.")), Help: "The answer is 504."},
		{Name: "lost", serve: instead(vanish(Lost)), Help: "The connection closes without an answer."},
		{Name: "reset", serve: instead(vanish(Reset)), Help: "The connection is reset."},
		{Name: "stall", serve: instead(vanish(Stalled)), Help: "No answer ever comes."},
		{Name: "error-in-200", serve: instead(content(`{"error_code":"DRS.M05066","error_msg":"Failed."}`)), Help: "The answer is 200 with an error_code."},
	}
}

// after performs the operation and then changes the answer.
func after(change func(x *exchange, resp Response, arg string) Response) serveFunc {
	return func(x *exchange, arg string) Response { return change(x, x.perform(), arg) }
}

// instead answers without performing the operation.
func instead(answer func(d *DRS) Response) serveFunc {
	return func(x *exchange, _ string) Response { return answer(x.d) }
}

func deliver(how Delivery) func(*exchange, Response, string) Response {
	return func(_ *exchange, resp Response, _ string) Response {
		resp.Delivery = how
		return resp
	}
}

func vanish(how Delivery) func(*DRS) Response {
	return func(*DRS) Response { return Response{Delivery: how} }
}

func refusing(status int, code, message string) func(*DRS) Response {
	return func(d *DRS) Response { return d.refuse(Refusal{status, code, message}) }
}

func content(body string) func(*DRS) Response {
	return func(d *DRS) Response { return d.respond(200, "application/json", []byte(body)) }
}

func html(status int) func(*DRS) Response {
	text := "<html><head><title>" + strconv.Itoa(status) + " " + http.StatusText(status) + "</title></head><body></body></html>\r\n"
	return func(d *DRS) Response { return d.respond(status, "text/html", []byte(text)) }
}

func replaced(answer func(*DRS) Response) func(*exchange, Response, string) Response {
	return func(x *exchange, _ Response, _ string) Response { return answer(x.d) }
}

// late makes a create take effect later. It passes the gateway now, unless it
// arrives there later.
func late(arrives bool, answer func(*DRS) Response) serveFunc {
	return func(x *exchange, arg string) Response {
		d := x.d
		now := d.config.Now()
		if refused := d.admit(x.request, now); refused != nil && !arrives {
			return d.refuse(*refused)
		}
		d.late = append(d.late, lateRequest{now.Add(max(0, durationOr(arg, time.Minute))), x.request, arrives})
		return answer(d)
	}
}

func twice(x *exchange, _ string) Response {
	x.perform()
	return x.perform()
}

func throttled(x *exchange, arg string) Response {
	resp := x.d.refuse(Refusal{429, "APIGW.0308", "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute"})
	if v, ok := strings.CutPrefix(arg, retryAfterPrefix); ok {
		resp.Header.Set("Retry-After", v)
	}
	return resp
}
