package drssim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is one HTTP request without a network.
type Request struct {
	Method, Path string // Path is not escaped
	Query        url.Values
	Header       http.Header
	Body         []byte

	original *http.Request // as received over HTTP: a signature covers its URL and host
}

// Response is the answer of the service, and what the network does with it.
type Response struct {
	Status   int // 0 if the service did not answer
	Header   http.Header
	Body     []byte // complete, for any Delivery
	Delivery Delivery
	Delay    time.Duration // how long before Delivery happens
	CutAfter int           // Truncated: how many bytes of Body are sent

	code string // of an error
}

// Delivery is what the network does with an answer.
type Delivery string

// The kinds of delivery.
const (
	Delivered Delivery = "delivered"
	Lost      Delivery = "lost"      // the connection closes without an answer
	Reset     Delivery = "reset"     // the connection is reset without an answer
	Stalled   Delivery = "stalled"   // no answer ever comes
	Truncated Delivery = "truncated" // the connection closes after CutAfter bytes of the body
	Doubled   Delivery = "doubled"   // every byte of the answer comes twice
)

// The operations; requests are counted for each.
const (
	opCreate   = "create"
	opList     = "list"
	opShow     = "show"
	opUpdate   = "update"
	opDelete   = "delete"
	opValidate = "validate"
)

// Serve answers one request without waiting: the caller applies Delivery and Delay.
func (d *DRS) Serve(r Request) Response {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	r.Body = bytes.Clone(r.Body) // kept after the caller may change it
	op, id, refused := route(r)
	if refused != nil {
		return d.note(r, op, d.refuse(*refused), "", "")
	}
	d.counts[op]++
	x := &exchange{d: d, request: r, op: op, id: id}
	fault := d.planned(op)
	if fault == nil {
		return d.note(r, op, x.perform(), "", x.jobID)
	}
	return d.note(r, op, fault.kind.serve(x, fault.Arg), fault.String(), x.jobID)
}

// exchange is one request while it is served.
type exchange struct {
	d       *DRS
	request Request
	op, id  string
	jobID   string // the job that it created
}

// perform does what was requested and returns the correct answer.
func (x *exchange) perform() Response {
	d := x.d
	if refused := d.admit(x.request, d.config.Now()); refused != nil {
		return d.refuse(*refused)
	}
	switch x.op {
	case opCreate:
		return x.create()
	case opList:
		return d.list(x.request)
	case opValidate:
		return d.validateName(x.request)
	}
	j := d.shown(x.id)
	if j == nil {
		return d.refuse(Refusal{400, codeUnknown, "The job does not exist."})
	}
	switch x.op {
	case opUpdate:
		return d.update(x.request, j)
	case opDelete:
		return d.remove(j)
	}
	return d.answer(200, d.detail(j))
}

func (x *exchange) create() Response {
	j, refused := x.d.accept(x.request, x.d.config.Now())
	if refused != nil {
		return x.d.refuse(*refused)
	}
	x.jobID = j.ID
	return x.d.answer(200, object{"job_id": j.ID})
}

// route finds the operation of a path: the five of backup migration, and the
// validation of a name.
func route(r Request) (op, id string, refused *Refusal) {
	parts := strings.Split(r.Path, "/") // "", v5, project, ...
	if len(parts) < 4 || parts[0] != "" || parts[1] != "v5" || parts[2] == "" {
		return "", "", noSuchAPI()
	}
	rest := parts[3:]
	var methods map[string]string
	switch {
	case len(rest) == 1 && rest[0] == "backup-migration-jobs":
		methods = map[string]string{http.MethodPost: opCreate, http.MethodGet: opList}
	case len(rest) == 2 && rest[0] == "backup-migration-jobs" && rest[1] != "":
		id = rest[1]
		methods = map[string]string{http.MethodGet: opShow, http.MethodPut: opUpdate, http.MethodDelete: opDelete}
	case len(rest) == 2 && rest[0] == "jobs" && rest[1] == "name-validation":
		methods = map[string]string{http.MethodPost: opValidate}
	default:
		return "", "", noSuchAPI()
	}
	if op = methods[r.Method]; op == "" {
		return "", "", &Refusal{405, "APIGW.0501", "The method is not allowed for this API."}
	}
	return op, id, nil
}

func noSuchAPI() *Refusal {
	return &Refusal{404, "APIGW.0101", "The API does not exist or has not been published in the environment."}
}

// admit is the gateway: it checks the caller and the content type.
func (d *DRS) admit(r Request, at time.Time) *Refusal {
	if refused := d.authenticate(r, at); refused != nil {
		return refused
	}
	hasBody := r.Method == http.MethodPost || r.Method == http.MethodPut
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); hasBody && strings.TrimSpace(kind) != "application/json" {
		return &Refusal{400, codeMalformed, "Parameter error: Content-Type must be application/json."}
	}
	return nil
}

// authenticate also checks the date of a signature, as the gateway is assumed to
// do (15 minutes, documented for OBS).
func (d *DRS) authenticate(r Request, at time.Time) *Refusal {
	denied := func(why string) *Refusal {
		return &Refusal{401, "APIGW.0301", "Incorrect IAM authentication information: " + why}
	}
	token, signature := r.Header.Get("X-Auth-Token"), r.Header.Get("Authorization")
	if d.config.Verify != nil {
		if refused := d.config.Verify(r.asHTTP(), r.Body); refused != nil {
			return refused
		}
	} else if token == "" && signature == "" {
		return denied("x-auth-token not found")
	}
	if token == "" && strings.HasPrefix(signature, "SDK-HMAC-SHA256 ") {
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Sdk-Date"))
		if err != nil || at.Sub(signed).Abs() > signatureAge {
			return denied("the date of the signature is too far from now")
		}
	}
	return nil
}

// signatureAge is how far the date of a signature may be from now.
const signatureAge = 15 * time.Minute

// asHTTP is the request for Verify.
func (r Request) asHTTP() *http.Request {
	if r.original != nil {
		again := r.original.Clone(r.original.Context())
		again.Body = io.NopCloser(bytes.NewReader(r.Body))
		return again
	}
	return &http.Request{
		Method: r.Method, URL: &url.URL{Path: r.Path, RawQuery: r.Query.Encode()}, Header: r.Header,
		Host: r.Header.Get("Host"), Body: io.NopCloser(bytes.NewReader(r.Body)), ContentLength: int64(len(r.Body)),
	}
}

func (d *DRS) refuse(r Refusal) Response {
	body := object{"error_code": r.Code, "error_msg": r.Message}
	resp := d.answer(r.Status, body)
	if strings.HasPrefix(r.Code, "APIG") { // the gateway's shape
		body["request_id"] = resp.Header.Get("X-Request-Id")
		resp.Body = encode(body)
	}
	resp.code = r.Code
	return resp
}

func (d *DRS) answer(status int, v any) Response {
	return d.respond(status, "application/json", encode(v))
}

// encode encodes a value of only strings, numbers, Booleans, lists and objects.
func encode(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

func (d *DRS) respond(status int, kind string, body []byte) Response {
	h := http.Header{}
	h.Set("Content-Type", kind)
	h.Set("Date", d.config.Now().UTC().Format(http.TimeFormat))
	h.Set("X-Request-Id", fmt.Sprintf("%016x%016x", d.random.Uint64(), d.random.Uint64()))
	return Response{Status: status, Header: h, Body: body, Delivery: Delivered}
}
