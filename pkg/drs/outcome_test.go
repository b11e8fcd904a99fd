package drs

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// coded is an error body in the form that DRS uses.
func coded(code string) string { return `{"error_code":"` + code + `","error_msg":"no"}` }

func classify(status int, body string, headers ...string) Outcome {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return Classify(Answer{Wrote: true, StatusCode: status, Header: h, Body: []byte(body)})
}

// allStatuses has one or more statuses of every class.
func allStatuses() []int {
	return []int{
		100, 101, 199, 200, 201, 202, 203, 204, 206, 299, 300, 301, 302, 303, 307, 308, 399,
		400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 417, 421, 422, 423, 425, 426, 428, 429, 431, 451, 499,
		500, 501, 502, 503, 504, 505, 507, 511, 520, 522, 524, 599, 600, 999,
	}
}

// row is one row of the table of outcomes: the meaning of a code with its own
// statuses. With any other status the outcome is in doubt.
type row struct {
	codes    []string
	statuses func(int) bool
	want     Outcome
	renew    func(status int) bool
}

func clientError(s int) bool { return s >= 400 && s < 500 }
func only(want ...int) func(int) bool {
	return func(s int) bool {
		for _, w := range want {
			if s == w {
				return true
			}
		}
		return false
	}
}

func rows() []row {
	return []row{
		{codes: []string{"DRS.M00100"}, statuses: clientError, want: Outcome{Kind: Denied}, renew: clientError},
		{codes: []string{"DRS.M00102", "DRS.M00103", "DRS.M00261"}, statuses: clientError, want: Outcome{Kind: Denied}, renew: only(401)},
		{codes: []string{"APIGW.0300", "APIGW.0301", "APIGW.0302", "APIGW.0303", "APIGW.0305", "APIGW.0399", "APIG.0301"},
			statuses: only(401, 403), want: Outcome{Kind: Denied}, renew: only(401)},
		{codes: []string{"DRS.M01503"}, statuses: only(400), want: Outcome{Kind: Throttled, ByDRS: true}},
		{codes: []string{
			"DRS.M00007", "DRS.M00105", "DRS.M00200", "DRS.M00201", "DRS.M00202", "DRS.M00269", "DRS.M00270", "DRS.M00271",
			"DRS.M00273", "DRS.M00300", "DRS.M00301", "DRS.M00305", "DRS.M05006", "DRS.M06007",
		}, statuses: clientError, want: Outcome{Kind: Refused}},
		{codes: []string{
			"DRS.M00277", "DRS.M00304", "DRS.M06020", "DRS.M06021", "DRS.10000001", "10000001", "DRS.10000010", "DRS.M05003", "DRS.M05004",
			"DRS.M00101", "DRS.M00104", "DRS.M00199", "DRS.M00203", "DRS.M00260", "DRS.M00262", "DRS.M00272", "DRS.M00274", "DRS.M00302", "DRS.M01502",
			"drs.m00200", "DRS.M00200 ", "DRS.M0020", "DRS.M002000", "APIGW.0101", "APIGW.0201", "APIGW.0307x", "APIGW.030", "APIGW.03000", "xAPIGW.0301", "APIGWX0301",
			"IAM.0011", "CDM.0001", "0", "null", "success", "",
		}, statuses: only()},
	}
}

// Every code at every status: 50 codes by 57 statuses.
func TestClassifyEveryCodeAndStatus(t *testing.T) {
	cells := 0
	for _, r := range rows() {
		for _, code := range r.codes {
			for _, status := range allStatuses() {
				cells++
				checkCell(t, r, code, status)
			}
		}
	}
	t.Logf("%d cells", cells)
}

func checkCell(t *testing.T, r row, code string, status int) {
	t.Helper()
	out := classify(status, coded(code))
	want := Outcome{Kind: InDoubt, Answered: true}
	trimmed := strings.TrimSpace(code) == "DRS.M00200" && clientError(status)
	switch {
	case r.statuses(status):
		want = r.want
		want.Renewable = r.renew != nil && r.renew(status)
	case trimmed: // white space around a code is none of its letters
		want = Outcome{Kind: Refused}
	}
	var e *Error
	if !errors.As(out.Err, &e) || e.StatusCode != status || e.Code != strings.TrimSpace(code) {
		t.Errorf("%d %q: the error is %v", status, code, out.Err)
	}
	out.Err = nil
	if out != want {
		t.Errorf("%d %q: %+v, want %+v", status, code, out, want)
	}
}

// 0308 means throttling by the gateway, but only with 429.
func TestClassifyThrottledByGateway(t *testing.T) {
	for _, code := range []string{"APIGW.0308", "APIG.0308"} {
		for _, status := range allStatuses() {
			out := classify(status, coded(code), "Retry-After", "7")
			want := InDoubt
			switch status {
			case 429:
				want = Throttled
			case 401, 403:
				want = Denied
			}
			if out.Kind != want || out.ByDRS || (out.RetryAfter != 0) != (want == Throttled) {
				t.Errorf("%d %s: %+v, want %s", status, code, out, want)
			}
		}
	}
	if out := classify(429, coded("APIGW.0308"), "Retry-After", "7"); out.RetryAfter != 7*time.Second {
		t.Errorf("Retry-After: %v", out.RetryAfter)
	}
	if out := classify(400, coded("DRS.M01503"), "Retry-After", "7"); out.RetryAfter != 7*time.Second || !out.ByDRS {
		t.Errorf("throttled by DRS: %+v", out)
	}
}

// The other forms of an error body, with every code that means "no job".
func TestClassifyErrorShapes(t *testing.T) {
	for _, shape := range []string{
		`{"error_code":%q,"error_msg":"no"}`, `{"err code":%q,"error msg":"no"}`, `{"code":%q,"message":"no"}`,
		`{"error":{"code":%q,"message":"no"}}`, `{"error_msg":"no","error_code":%q,"request_id":"r"}`,
		` {"error_code" : %q , "error_msg" : "no" , "details" : [ { "a" : 1 } ] } ` + "\n",
	} {
		for code, want := range map[string]OutcomeKind{"DRS.M00200": Refused, "DRS.M00102": Denied, "DRS.M01503": Throttled, "DRS.M00277": InDoubt} {
			body := fmt.Sprintf(shape, code)
			out := classify(400, body)
			var e *Error
			if out.Kind != want || !errors.As(out.Err, &e) || e.Message != "no" {
				t.Errorf("%s: %+v, want %s", body, out, want)
			}
		}
	}
}

// Bodies that are not one error, with every status that could be misread.
func TestClassifyUnreadableBodyIsInDoubt(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, coded("DRS.M00200"))
	z.Close()
	whole := coded("DRS.M00200")
	bodies := map[string]string{
		"nothing": "", "null": "null", "a string": `"DRS.M00200"`, "a list": "[" + whole + "]", "HTML": "<html>DRS.M00200</html>",
		"gzip": zipped.String(), "two values": whole + whole, "two lines": whole + "\n" + whole, "rubbish behind": whole + "]", "a zero byte behind": whole + "\x00",
		"the code twice":                     `{"error_code":"DRS.M00200","error_code":"DRS.M00200"}`,
		"the code twice, the case different": `{"error_code":"DRS.M00277","Error_Code":"DRS.M00200"}`,
		"the code twice, folded":             `{"error_code":"DRS.M00277","error_meſſage":"a","error_message":"b"}`,
		"the code as a list":                 `{"error_code":["DRS.M00200"]}`,
		"an object in the code":              `{"error_code":{"error_code":"DRS.M00200"}}`,
		"too deep":                           `{"error_code":"DRS.M00200","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"a key too many, too deep":           `{"error_code":"DRS.M00200","x":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40) + `}`,
		"single quotes":                      strings.ReplaceAll(whole, `"`, `'`), "UTF-16": "\xff\xfe{\x00",
	}
	for i := range len(whole) {
		bodies[fmt.Sprintf("cut after %d", i)] = whole[:i]
	}
	for name, body := range bodies {
		for _, status := range []int{200, 400, 401, 403, 422, 429, 500} {
			if out := classify(status, body); out.Kind != InDoubt || !out.Answered || out.Err == nil {
				t.Errorf("%s at %d: %+v", name, status, out)
			}
		}
	}
}

// Only a 200 with a job id and without an error code is accepted.
func TestClassifyAcceptsOnlyJobID(t *testing.T) {
	for _, body := range []string{
		acceptedBody, `{"job_id":"x"}`, ` {"job_id" : "x", "status":"CREATE_SUCCESS"} ` + "\r\n", `{"job_id":"x","error_code":""}`, `{"job_id":"x","error_code":null}`,
		`{"job_id":" x "}`, `{"job_id":"日本"}`, `{"id":"y","job_id":"x"}`, `{"job_id":"x","error":{}}`, `{"job_id":"x","error":"","code":""}`,
	} {
		out := classify(200, body, "Date", "Wed, 04 Mar 2026 05:06:07 GMT")
		if out.Kind != Accepted || out.JobID == "" || out.JobID != strings.TrimSpace(out.JobID) || out.Err != nil || !out.Date.Equal(signedAt()) {
			t.Errorf("%s: %+v", body, out)
		}
		for _, status := range allStatuses() {
			if out := classify(status, body); status != 200 && (out.Kind != InDoubt || !out.Answered || out.JobID != "") {
				t.Errorf("%s at %d: %+v", body, status, out)
			}
		}
	}
	for _, body := range []string{
		`{}`, `{"job_id":""}`, `{"job_id":"  "}`, `{"job_id":null}`, `{"job_id":7}`, `{"job_id":true}`, `{"job_id":["x"]}`, `{"job_id":{"a":"x"}}`, `{"id":"x"}`, `{"job":{"job_id":"x"}}`,
		`{"job_id":"x","error_code":"DRS.M00200"}`, `{"job_id":"x","error_code":0}`, `{"job_id":"x","code":"1"}`, `{"job_id":"x","err code":"a"}`, `{"job_id":"x","error":{"code":"a"}}`,
		`{"job_id":"x","job_id":"x"}`, `{"job_id":"x","JOB_ID":"y"}`, acceptedBody + acceptedBody, acceptedBody[:20], "<html>" + acceptedBody,
	} {
		if out := classify(200, body); out.Kind != InDoubt || !out.Answered || out.JobID != "" || out.Err == nil {
			t.Errorf("%s: %+v", body, out)
		}
	}
}

// If no byte was written, nothing was sent, whatever the answer is. Without a
// complete answer nothing is known, whatever its start says.
func TestClassifyWithoutAnswer(t *testing.T) {
	broken := errors.New("broken")
	for _, status := range append(allStatuses(), 0) {
		for _, body := range []string{"", acceptedBody, coded("DRS.M00200"), coded("APIGW.0308")} {
			out := Classify(Answer{StatusCode: status, Body: []byte(body), Err: broken})
			if out.Kind != Unsent || out.Err != broken || out.Answered {
				t.Errorf("unwritten, %d %s: %+v", status, body, out)
			}
			header := http.Header{"Date": {"Wed, 04 Mar 2026 05:06:07 GMT"}}
			out = Classify(Answer{Wrote: true, StatusCode: status, Header: header, Body: []byte(body), Err: broken})
			if out.Kind != InDoubt || out.Err != broken || out.Answered || !out.Date.Equal(signedAt()) {
				t.Errorf("broken, %d %s: %+v", status, body, out)
			}
		}
	}
	if out := Classify(Answer{Wrote: true}); out.Kind != InDoubt || out.Answered {
		t.Errorf("nothing at all: %+v", out)
	}
}

// If an answer contains two errors, the first one counts.
func TestErrorOfAnswerUsesFirstForm(t *testing.T) {
	for body, want := range map[string]Error{
		`{"error_code":"A","code":"B","error_msg":"a","message":"b"}`:                   {Code: "A", Message: "a"},
		`{"error_code":"A","error":{"code":"B","message":"b"}}`:                         {Code: "A"},
		`{"error_code":"","code":"B"}`:                                                  {Code: "B"},
		`{"error":{"code":401,"message":"b"},"request_id":"r"}`:                         {Code: "401", Message: "b", RequestID: "r"},
		`{"error_code":10000001}`:                                                       {Code: "10000001"},
		`{"error_code":12345678901234567890}`:                                           {Code: "12345678901234567890"},
		`{"error":"bad","request_id":7}`:                                                {},
		`{"error_code":"DRS.10000010","error_msg":"The job does not exist.","data":[]}`: {Code: "DRS.10000010", Message: "The job does not exist."},
	} {
		want.Op, want.StatusCode = "Op", 400
		if got := newError("Op", 400, http.Header{}, []byte(body)); *got != want {
			t.Errorf("%s: %+v, want %+v", body, *got, want)
		}
	}
	e := newError("Op", 400, http.Header{"X-Request-Id": {"q"}}, []byte(`{"error_code":"A","error_msg":"b","request_id":"r"}`))
	if got := e.Error(); got != "Op: HTTP 400 A: b (request q)" {
		t.Error(got)
	}
	if got := (&Error{Op: "Op", StatusCode: 502}).Error(); got != "Op: HTTP 502" {
		t.Error(got)
	}
}

func TestErrorNotFoundAndDeniedCodes(t *testing.T) {
	for code, want := range map[string]bool{"DRS.10000010": true, "DRS.M05003": true, "DRS.M05004": true, "DRS.10000001": false, "": false} {
		if got := (&Error{StatusCode: 400, Code: code}).NotFound(); got != want {
			t.Errorf("%q not found: %t", code, got)
		}
	}
	if (&Error{StatusCode: 404}).NotFound() {
		t.Error("a 404 comes from the gateway and is not about a job")
	}
	for _, c := range []struct {
		status int
		code   string
		want   bool
	}{{401, "", true}, {403, "", true}, {400, "DRS.M00100", true}, {400, "DRS.M00261", true}, {400, "DRS.M00200", false}, {500, "", false}, {429, "APIGW.0308", false}} {
		if got := (&Error{StatusCode: c.status, Code: c.code}).Denied(); got != c.want {
			t.Errorf("%d %s denied: %t", c.status, c.code, got)
		}
	}
}
