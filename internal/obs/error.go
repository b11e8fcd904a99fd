package obs

import (
	"errors"
	"fmt"
	"net/http"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/migplan/migplan/internal/lazy"
)

// Kind is the class of an Error.
type Kind string

// The kinds of Error.
const (
	// NotFound: there is no such object, or no such bucket. Without the
	// permission to list the bucket, OBS may say Denied instead.
	NotFound Kind = "not found"
	// Denied: the key is refused, or it may not do this.
	Denied Kind = "denied"
	// Archived: the object has to be restored before it can be read.
	Archived Kind = "archived"
	// Changed: the object is no longer the one that Head described.
	Changed Kind = "changed"
	// Unavailable: no complete answer came, or OBS failed. A later run may
	// succeed.
	Unavailable Kind = "unavailable"
	// BadAnswer: the answer does not fit the request.
	BadAnswer Kind = "bad answer"
	// TooMany: a list is longer than its limit.
	TooMany Kind = "too many"
	// Setting: nothing was sent, because a name or the key cannot be used.
	Setting Kind = "setting"
)

// Error says why a request failed. No field contains a secret, or text from a
// server except a known code and a request id.
type Error struct {
	Op        string // "head", "list" or "read"
	Bucket    string
	Key       string // of a list, the prefix
	Kind      Kind
	Problem   string
	Status    int    // of the answer, 0 if there was none
	Code      string // of OBS, if it is a known one
	RequestID string

	again   bool // the same request may succeed later
	expired bool // the request may succeed with another key
	cause   error
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s %q: %s", e.Op, "obs://"+e.Bucket+"/"+e.Key, e.Why())
}

// Why is the error without the name of the object.
func (e *Error) Why() string {
	text := e.Problem
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d", e.Status)
		if e.Code != "" {
			text += " " + e.Code
		}
		if e.RequestID != "" {
			text += ", request " + e.RequestID
		}
		text += ")"
	}
	return text
}

// Unwrap returns the cause for errors.Is, for example context.Canceled.
func (e *Error) Unwrap() error { return e.cause }

func newError(what target, kind Kind, problem string) *Error {
	return &Error{Op: what.op, Bucket: what.bucket, Key: what.key, Kind: kind, Problem: problem}
}

// credentialsFailed keeps err, whose text comes from the caller.
func credentialsFailed(what target, err error) *Error {
	e := newError(what, Unavailable, "no access key: "+err.Error())
	e.cause = err
	return e
}

// explain says why the SDK returned err. Its own words quote the server.
func (t *try) explain(what target, err error) *Error {
	answer := t.exchange.answer
	switch {
	case answer == nil:
		return unanswered(what, err)
	case answer.StatusCode < 300:
		return t.bad(what, "the answer is not the XML that OBS gives")
	}
	var said sdk.ObsError
	errors.As(err, &said)
	return t.refused(what, answer.StatusCode, said.Code)
}

// bad is an answer that does not fit the request.
func (t *try) bad(what target, problem string) *Error {
	return t.answered(what, BadAnswer, problem, "")
}

func (t *try) answered(what target, kind Kind, problem, code string) *Error {
	e := newError(what, kind, problem)
	e.Status, e.Code, e.RequestID = t.exchange.answer.StatusCode, code, t.requestID()
	return e
}

var requestIDForm = lazy.Regexp(`^[A-Za-z0-9._-]{1,64}$`)

// requestID is for Huawei's support. It is empty if it does not look like one.
func (t *try) requestID() string {
	id := header(t.exchange.answer.Header, "request-id")
	if !requestIDForm().MatchString(id) || t.repeats(id) {
		return ""
	}
	return id
}

// refused classifies a complete answer that is not a success.
func (t *try) refused(what target, status int, code string) *Error {
	kind, problem := refusal(status, code)
	if _, known := codes()[code]; !known {
		code = ""
	}
	e := t.answered(what, kind, problem, code)
	e.again = kind == Unavailable
	e.expired = status == http.StatusUnauthorized || kind == Denied && codes()[code].renew
	return e
}

func refusal(status int, code string) (Kind, string) {
	known := codes()[code]
	switch {
	case known.problem != "" && known.status == status:
		return known.kind, known.problem
	case status == http.StatusNotFound:
		return NotFound, "no such object or bucket"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied, "access denied"
	case status == http.StatusPreconditionFailed:
		return Changed, "the object has changed"
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return Unavailable, "OBS is not available"
	case status < 400:
		return BadAnswer, "the server redirects to another address: is this the endpoint of the bucket's region?"
	}
	return BadAnswer, "the request was refused"
}

// code is the meaning of an error code. Without a problem, its status decides.
type code struct {
	status  int
	kind    Kind
	problem string
	renew   bool // the request may succeed with another key
}

// codes are those of "OBS Server-Side Error Codes" that these requests can get.
func codes() map[string]code {
	return map[string]code{
		"NoSuchKey":             {404, NotFound, "no such object", false},
		"NoSuchBucket":          {404, NotFound, "no such bucket", false},
		"AccessDenied":          {},
		"AccessForbidden":       {},
		"AllAccessDisabled":     {},
		"AccountProblem":        {403, Denied, "there is a problem with the account, for example it is in arrears", false},
		"InvalidObjectState":    {403, Archived, "the object is archived and not restored", false},
		"InvalidAccessKeyId":    {403, Denied, "the access key does not exist", true},
		"SignatureDoesNotMatch": {403, Denied, "the signature does not match: the secret key is not that of the access key", true},
		"RequestTimeTooSkewed":  {403, Denied, "the clock of this machine differs by more than 15 minutes from that of OBS", false},
		"InvalidSecurity":       {403, Denied, "the security token is not valid", true},
		"InvalidToken":          {400, Denied, "the security token is not valid", true},
		"ExpiredToken":          {400, Denied, "the security token has expired", true},
		"PreconditionFailed":    {},
		"InvalidRange":          {},
		"PermanentRedirect":     {},
		"TemporaryRedirect":     {},
		"RequestTimeout":        {400, Unavailable, "OBS is not available", false},
		"SlowDown":              {},
		"InternalError":         {},
		"ServiceUnavailable":    {},
		"BadRequest":            {},
		"InvalidArgument":       {},
		"InvalidURI":            {},
		"InvalidBucketName":     {},
		"MethodNotAllowed":      {},
	}
}
