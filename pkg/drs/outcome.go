package drs

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/migplan/migplan/internal/lazy"
)

// OutcomeKind is what is known about a create after an attempt.
type OutcomeKind string

// The kinds of outcomes. Only Unsent, Denied, Throttled and Refused mean that no
// job was created.
const (
	Accepted  OutcomeKind = "accepted"  // DRS returned a job id
	Unsent    OutcomeKind = "unsent"    // no byte of the request was written
	Denied    OutcomeKind = "denied"    // the credential was refused before the request was processed
	Throttled OutcomeKind = "throttled" // refused by a rate limit
	Refused   OutcomeKind = "refused"   // refused for its content
	InDoubt   OutcomeKind = "in-doubt"  // anything else
)

// Outcome is the result of a create.
type Outcome struct {
	Kind       OutcomeKind
	JobID      string        // Accepted; opaque
	Answered   bool          // InDoubt: a complete HTTP answer was received, so the request is no longer in transit
	RetryAfter time.Duration // Throttled: as the server asks, 0 if it does not
	ByDRS      bool          // Throttled: by DRS itself and not by the gateway
	Renewable  bool          // Denied: another credential may help
	Err        error         // the error of the server or the network; nil when Accepted
	Date       time.Time     // the server's clock, zero if it is missing or not reliable
}

// Answer is what a create received from the network.
type Answer struct {
	Wrote      bool // at least one byte of the request was written
	StatusCode int  // 0 if no answer started
	Header     http.Header
	Body       []byte
	Err        error // why there is no answer, or why Body is incomplete
}

// opCreate is Huawei's name for the create operation.
const opCreate = "CreateReplicationJob"

// Classify decides the outcome of a create. It is pure; anything uncertain is
// InDoubt.
func Classify(a Answer) Outcome {
	date := serverDate(a.Header)
	switch {
	case !a.Wrote:
		return Outcome{Kind: Unsent, Err: a.Err}
	case a.StatusCode == 0 || a.Err != nil:
		return Outcome{Kind: InDoubt, Err: a.Err, Date: date}
	}
	out := classifyAnswer(a, newError(opCreate, a.StatusCode, a.Header, a.Body))
	out.Date = date
	return out
}

func classifyAnswer(a Answer, e *Error) Outcome {
	if a.StatusCode == http.StatusOK && e.Code == "" {
		if id := jobID(a.Body); id != "" {
			return Outcome{Kind: Accepted, JobID: id}
		}
	}
	isClientError := a.StatusCode >= 400 && a.StatusCode < 500
	switch {
	case isClientError && deniedCode(a.StatusCode, e.Code):
		renewable := a.StatusCode == http.StatusUnauthorized || e.Code == "DRS.M00100"
		return Outcome{Kind: Denied, Renewable: renewable, Err: e}
	case a.StatusCode == http.StatusTooManyRequests && (e.Code == "APIGW.0308" || e.Code == "APIG.0308"):
		return Outcome{Kind: Throttled, RetryAfter: retryAfter(a.Header), Err: e}
	case a.StatusCode == http.StatusBadRequest && e.Code == "DRS.M01503":
		return Outcome{Kind: Throttled, ByDRS: true, RetryAfter: retryAfter(a.Header), Err: e}
	case isClientError && slices.Contains(refusing, e.Code):
		return Outcome{Kind: Refused, Err: e}
	}
	return Outcome{Kind: InDoubt, Answered: true, Err: e}
}

// CodeNameExists says that a job has the name already: that of this create, too.
const CodeNameExists = "DRS.M00277"

// refusing lists the codes of checks on the request alone, before DRS creates a
// job (error codes page).
var refusing = []string{
	"DRS.M00007", "DRS.M00105", "DRS.M00200", "DRS.M00201", "DRS.M00202",
	"DRS.M00269", "DRS.M00270", "DRS.M00271", "DRS.M00273", "DRS.M00300", "DRS.M00301", "DRS.M00305",
	"DRS.M05006", "DRS.M06007",
}

var gatewayDenied = lazy.Regexp(`^APIG(W)?\.03[0-9]{2}$`)

// deniedCode reports codes of the gateway and of DRS that refuse the caller: the
// request has not reached the backend, or was not processed.
func deniedCode(status int, code string) bool {
	switch code {
	case "DRS.M00100", "DRS.M00102", "DRS.M00103", "DRS.M00261":
		return true
	}
	isDenial := status == http.StatusUnauthorized || status == http.StatusForbidden
	return isDenial && gatewayDenied().MatchString(code)
}

// jobID reads {"job_id": "..."}, "" if there is none.
func jobID(body []byte) string {
	var answer struct {
		JobID string `json:"job_id"`
	}
	if decode(body, &answer) != nil {
		return ""
	}
	return strings.TrimSpace(answer.JobID)
}

// MaxRetryAfter is the longest pause that is accepted: the gateway's longest
// throttling period is a day.
const MaxRetryAfter = 24 * time.Hour

// retryAfter reads the Retry-After header, 0 if it is negative, invalid or too
// long. A date counts from the server's own clock.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseInt(v, 10, 64); err == nil {
		if s < 0 || s > int64(MaxRetryAfter/time.Second) {
			return 0
		}
		return time.Duration(s) * time.Second
	}
	at, err := http.ParseTime(v)
	now := serverDate(h)
	if err != nil || now.IsZero() || at.Before(now) || at.Sub(now) > MaxRetryAfter {
		return 0
	}
	return at.Sub(now)
}

// lastYear keeps dates far from the limits of time.Time and its text form.
const lastYear = 9000

// serverDate is the Date of an answer, zero if there is none or if an Age header
// says that it came from a cache.
func serverDate(h http.Header) time.Time {
	if h == nil || h.Get("Age") != "" {
		return time.Time{}
	}
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil || at.Year() > lastYear {
		return time.Time{}
	}
	return at.UTC()
}
