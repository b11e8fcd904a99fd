package drs

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is an answer that refuses a request.
type Error struct {
	Op         string // Huawei's name of the operation
	StatusCode int
	Code       string    // DRS.M00200, APIGW.0301; "" if the body has none
	Message    string    // as the server wrote it: not safe for a terminal
	RequestID  string    // X-Request-Id
	Date       time.Time // the server's clock, zero if it is missing or not reliable
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s: HTTP %d", e.Op, e.StatusCode)
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.RequestID != "" {
		s += " (request " + e.RequestID + ")"
	}
	return s
}

// NotFound reports that DRS does not know the job or has deleted it. DRS sends
// HTTP 400 and not 404 (error codes page; Terraform provider).
func (e *Error) NotFound() bool {
	switch e.Code {
	case "DRS.10000010", "DRS.M05003", "DRS.M05004":
		return true
	}
	return false
}

// Is matches ErrSetting where the address has no such API: DRS and its gateway answer
// 404 only then.
func (e *Error) Is(target error) bool {
	return target == ErrSetting && e.StatusCode == http.StatusNotFound && (e.Code == "" || e.Code == "APIGW.0101")
}

// Denied reports that credentials or permissions were refused.
func (e *Error) Denied() bool {
	return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden || deniedCode(e.StatusCode, e.Code)
}

// newError reads the error body in any of the forms that DRS, the API gateway
// and IAM use. It ignores any other body.
func newError(op string, status int, header http.Header, body []byte) *Error {
	e := &Error{Op: op, StatusCode: status, RequestID: header.Get("X-Request-Id"), Date: serverDate(header)}
	var shape map[string]any
	if decode(body, &shape) != nil {
		return e
	}
	e.Code, e.Message = codeAndMessage(shape)
	if inner, ok := shape["error"].(map[string]any); ok && e.Code == "" {
		e.Code, e.Message = codeAndMessage(inner)
	}
	if id, ok := shape["request_id"].(string); ok && e.RequestID == "" {
		e.RequestID = id
	}
	return e
}

func codeAndMessage(shape map[string]any) (code, message string) {
	for _, key := range []string{"error_code", "err code", "code"} {
		if v, ok := shape[key]; ok && v != nil && code == "" {
			code = strings.TrimSpace(fmt.Sprint(v))
		}
	}
	for _, key := range []string{"error_msg", "error msg", "message"} {
		if v, ok := shape[key].(string); ok && message == "" {
			message = v
		}
	}
	return code, message
}
