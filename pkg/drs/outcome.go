package drs

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// OutcomeKind says what is known about a create after it was tried.
type OutcomeKind string

// The kinds of outcomes. Only Unsent, Denied, Throttled and Refused say that
// no job was made.
const (
	Accepted  OutcomeKind = "accepted"  // DRS gave a job id
	Unsent    OutcomeKind = "unsent"    // no byte of the request was written
	Denied    OutcomeKind = "denied"    // the credential was refused before the request was looked at
	Throttled OutcomeKind = "throttled" // refused for its rate
	Refused   OutcomeKind = "refused"   // refused for its content
	InDoubt   OutcomeKind = "in-doubt"  // anything else
)

// Outcome is what became of a create.
type Outcome struct {
	Kind       OutcomeKind
	JobID      string        // Accepted; opaque
	Answered   bool          // InDoubt: a complete HTTP answer came, so nothing is still on its way
	RetryAfter time.Duration // Throttled: as the server asks, 0 where it does not
	ByDRS      bool          // Throttled: by DRS itself and not by the gateway
	Renewable  bool          // Denied: another credential may help
	Err        error         // what the server or the network said; nil when Accepted
	Date       time.Time     // the server's clock, zero where it gave none to trust
}

// Answer is what a create brought back from the network.
type Answer struct {
	Wrote      bool // a byte of the request went into the connection
	StatusCode int  // 0 where no answer began
	Header     http.Header
	Body       []byte
	Err        error // why there is no answer, or why Body is not all of it
}

// opCreate is Huawei's name of the create.
const opCreate = "CreateReplicationJob"

// Classify decides what became of a create. It is pure, and every doubt is
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

// refusing are the codes of checks that DRS makes on the request alone, before
// a job is made (error codes page).
var refusing = []string{
	"DRS.M00007", "DRS.M00105", "DRS.M00200", "DRS.M00201", "DRS.M00202",
	"DRS.M00269", "DRS.M00270", "DRS.M00271", "DRS.M00273", "DRS.M00300", "DRS.M00301", "DRS.M00305",
	"DRS.M05006", "DRS.M06007",
}

var gatewayDenied = regexp.MustCompile(`^APIG(W)?\.03[0-9]{2}$`)

// deniedCode reports codes of the gateway and of DRS that refuse the caller:
// the backend has not seen the request, or has not looked at it.
func deniedCode(status int, code string) bool {
	switch code {
	case "DRS.M00100", "DRS.M00102", "DRS.M00103", "DRS.M00261":
		return true
	}
	isDenial := status == http.StatusUnauthorized || status == http.StatusForbidden
	return isDenial && gatewayDenied.MatchString(code)
}

// jobID reads {"job_id": "..."}; "" where there is none, or where the same
// answer carries another error shape.
func jobID(body []byte) string {
	var answer struct {
		JobID string `json:"job_id"`
	}
	if decode(body, &answer) != nil {
		return ""
	}
	return strings.TrimSpace(answer.JobID)
}

// MaxRetryAfter is the longest pause that is believed: the gateway's longest
// throttling period is a day.
const MaxRetryAfter = 24 * time.Hour

// retryAfter reads the Retry-After header. Whatever is negative, garbage or
// beyond reason is no advice: 0. A date counts from the server's own clock.
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

// lastYear of a date that times can still be added to and written down.
const lastYear = 9000

// serverDate is the Date of an answer, zero where it has none or an Age says
// that a cache gave it.
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
