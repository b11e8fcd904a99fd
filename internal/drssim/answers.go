package drssim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The functions below change a correct answer.

func truncated(_ *exchange, resp Response, arg string) Response {
	resp.Delivery = Truncated
	resp.CutAfter = min(max(0, numberOr(arg, len(resp.Body)/2)), max(0, len(resp.Body)-1))
	return resp
}

func halfJSON(_ *exchange, resp Response, _ string) Response {
	resp.Body = resp.Body[:len(resp.Body)/2]
	return resp
}

func bodyTwice(_ *exchange, resp Response, _ string) Response {
	resp.Body = slices.Concat(resp.Body, resp.Body)
	return resp
}

func delayed(_ *exchange, resp Response, arg string) Response {
	resp.Delay = max(0, durationOr(arg, 2*time.Second))
	return resp
}

func redirected(x *exchange, _ Response, _ string) Response {
	resp := x.d.respond(307, "text/html", nil)
	resp.Header.Set("Location", x.request.Path)
	return resp
}

// header sets a header, or removes it if value is empty.
func header(name, value string) func(*exchange, Response, string) Response {
	return func(_ *exchange, resp Response, _ string) Response {
		resp.Header.Del(name)
		if value != "" {
			resp.Header.Set(name, value)
		}
		return resp
	}
}

func dateJump(x *exchange, resp Response, arg string) Response {
	off := x.d.config.Now().Add(durationOr(arg, 10*365*24*time.Hour))
	resp.Header.Set("Date", off.UTC().Format(http.TimeFormat))
	return resp
}

// jobKinds affect the Nth accepted job.
func jobKinds() []FaultKind {
	return []FaultKind{
		{Name: "slow", argument: number, Help: "The job takes this many times as long (default 10).", strike: func(d *DRS, j *Job, arg string) {
			j.Ends = j.Created.Add(d.config.RestoreTime * time.Duration(min(max(1, numberOr(arg, 10)), 1000)))
		}},
		{Name: "slow-by", argument: duration, Help: "The job takes this much longer (default 5s).", strike: func(_ *DRS, j *Job, arg string) {
			j.Ends = j.Ends.Add(max(0, durationOr(arg, 5*time.Second)))
		}},
		{Name: "job-failed", argument: phrase, Help: "The job ends as FAILED with this error_log; databases that it overwrites are lost.",
			strike: fails(Failed, false)},
		{Name: "job-precheck-failed", argument: phrase, Help: "The job ends as PRECHECK FAILED with this error_log; no database is changed.",
			strike: fails(PrecheckFailed, false)},
		{Name: "job-failed-applied", argument: phrase, Help: "The job ends as FAILED with this error_log, but the backup is restored.", strike: fails(Failed, true)},
		{Name: "list-lag", argument: duration, Help: "The job is listed only some time after it was accepted (default 2s).",
			strike: func(_ *DRS, j *Job, arg string) {
				j.Listed = j.Created.Add(max(0, durationOr(arg, 2*time.Second)))
			}},
		{Name: "record-deleted", Help: "The job's record is deleted immediately.", strike: func(_ *DRS, j *Job, _ string) { j.Deleted = true }},
	}
}

func fails(status string, apply bool) func(*DRS, *Job, string) {
	return func(_ *DRS, j *Job, arg string) {
		j.fault = jobFault{status, textOr(arg, "Failed to restore the database."), apply}
	}
}

// listKinds are wrong lists.
func listKinds() []FaultKind {
	return []FaultKind{
		{Name: "list-empty", serve: instead(content(`{"count":0,"jobs":[]}`)), Help: "The list is empty."},
		{Name: "list-omits-newest", serve: omitNewest, argument: duration, Help: "This list and later ones omit the newest job for this long (default 1s)."},
		{Name: "list-omits-new", serve: omitNew, argument: duration, Help: "This list omits the jobs accepted within this time (default 5m)."},
		{Name: "list-repeats", serve: repeats, Help: "A page starts with the last job of the previous page; the first page has its first job twice."},
		{Name: "list-wrong-count", serve: after(wrongCount), argument: number, Help: "The count is wrong by this number (default 1)."},
	}
}

// omitNewest omits the most recently accepted job that a list would show.
func omitNewest(x *exchange, arg string) Response {
	now := x.d.config.Now()
	for _, j := range slices.Backward(x.d.jobs) {
		if !j.Deleted && !j.Listed.After(now) {
			j.omitUntil = now.Add(max(1, durationOr(arg, time.Second)))
			break
		}
	}
	return x.perform()
}

// omitNew acts once like an index that is behind.
func omitNew(x *exchange, arg string) Response {
	now := x.d.config.Now()
	since := now.Add(-durationOr(arg, 5*time.Minute))
	for _, j := range x.d.jobs {
		if j.Created.After(since) && !j.omitUntil.After(now) {
			j.omitUntil = now.Add(1)
		}
	}
	return x.perform()
}

// repeats acts as if a job was created between two pages.
func repeats(x *exchange, _ string) Response {
	c := &checker{}
	if offset := c.number(x.request, "offset", 0, 0); offset > 0 {
		again := x.request
		again.Query = maps.Clone(again.Query)
		again.Query.Set("offset", strconv.Itoa(offset-1))
		x.request = again
		return x.perform()
	}
	return changeJSON(x.perform(), func(page object) {
		if jobs, _ := page["jobs"].([]any); len(jobs) > 0 {
			page["jobs"] = append(jobs, jobs[0])
		}
	})
}

func wrongCount(_ *exchange, resp Response, arg string) Response {
	return changeJSON(resp, func(page object) {
		if n, ok := page["count"].(json.Number); ok {
			was, _ := n.Int64()
			page["count"] = max(0, was+int64(numberOr(arg, 1)))
		}
	})
}

// showKinds are wrong details.
func showKinds() []FaultKind {
	return []FaultKind{
		{Name: "show-wrong-id", serve: after(wrongID), Help: "The answer has the details of another job."},
		{Name: "show-not-found", serve: instead(refusing(400, codeUnknown, "The job does not exist.")),
			Help: "The answer is 400 DRS.10000010 although the job exists."},
		{Name: "show-status", serve: after(otherStatus), argument: phrase, Help: "The status is an undocumented one (default REBALANCING)."},
	}
}

// wrongID shows another job, or an invented id if there is none.
func wrongID(x *exchange, resp Response, _ string) Response {
	for _, j := range x.d.jobs {
		if j.ID != x.id {
			return x.d.answer(200, x.d.detail(j))
		}
	}
	return changeJSON(resp, func(detail object) { detail["id"] = "0" + x.id })
}

func otherStatus(_ *exchange, resp Response, arg string) Response {
	return changeJSON(resp, func(detail object) {
		if _, ok := detail["status"]; ok {
			detail["status"] = textOr(arg, "REBALANCING")
		}
	})
}

// changeJSON changes the body of a successful answer.
func changeJSON(resp Response, change func(object)) Response {
	v, err := decodeStrictly(resp.Body)
	if members, ok := v.(object); ok && err == nil && resp.Status == 200 {
		change(members)
		resp.Body = encode(members)
	}
	return resp
}
