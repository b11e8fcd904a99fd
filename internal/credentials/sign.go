package credentials

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/signer"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/request"
)

// sign sets Authorization and the headers that it covers on req (reference 3.2).
// Huawei's signer computes the signature from a description of req; req itself is
// sent.
func sign(req *http.Request, body []byte, cred credential, project string, now time.Time) error {
	if req.ContentLength > 0 && req.ContentLength != int64(len(body)) {
		return fmt.Errorf("cannot sign: the request declares a body of %d bytes, but it has %d", req.ContentLength, len(body))
	}
	if err := setSignedHeaders(req, cred, project, now); err != nil {
		return err
	}
	described, err := describe(req, body)
	if err != nil {
		return err
	}
	headers, err := signer.Sign(described, cred.access, cred.secret.reveal())
	if err != nil {
		return errors.New("cannot sign: access key id or secret is empty")
	}
	req.Header.Set("Authorization", headers[signer.HeaderAuthorization])
	return nil
}

// clearProof removes the headers of an earlier Authorize, in any case: net/http
// sends map keys as they are, and two proofs on one request conflict.
func clearProof(h http.Header) {
	for key := range h {
		switch http.CanonicalHeaderKey(key) {
		case "Authorization", "X-Auth-Token", "X-Security-Token":
			delete(h, key)
		}
	}
}

func setSignedHeaders(req *http.Request, cred credential, project string, now time.Time) error {
	date, err := signedDate(req.Header, now)
	if err != nil {
		return err
	}
	req.Header.Set(signer.HeaderXDate, date)
	if project != "" {
		req.Header.Set("X-Project-Id", project)
	}
	if !cred.token.empty() {
		req.Header.Set("X-Security-Token", cred.token.reveal())
	}
	return nil
}

// signedDate returns the caller's X-Sdk-Date, or now. The signer would silently
// use the local clock instead of a date that it cannot read, but the date recorded
// with an intent must be the one that is signed.
func signedDate(h http.Header, now time.Time) (string, error) {
	var given []string
	for key, values := range h {
		if http.CanonicalHeaderKey(key) == signer.HeaderXDate {
			given = append(given, values...)
			delete(h, key)
		}
	}
	switch len(given) {
	case 0:
		return now.UTC().Format(signer.BasicDateFormat), nil
	case 1:
		t, err := time.Parse(signer.BasicDateFormat, given[0])
		if err != nil || t.Format(signer.BasicDateFormat) != given[0] {
			return "", errors.New("cannot sign: X-Sdk-Date does not have the form 20060102T150405Z")
		}
		return given[0], nil
	}
	return "", errors.New("cannot sign: X-Sdk-Date is set twice")
}

// describe tells the signer what net/http will send. It omits Content-Type: the
// signer never signs it, and would not sign the body if it is not JSON.
func describe(req *http.Request, body []byte) (*request.DefaultHttpRequest, error) {
	path, err := signedPath(req.URL)
	if err != nil {
		return nil, err
	}
	host, err := signedHost(req)
	if err != nil {
		return nil, err
	}
	b := request.NewHttpRequestBuilder().
		WithMethod(signedMethod(req)).
		WithPath(path).
		WithBody("json", string(body)).
		AddHeaderParam("Host", host)
	for _, name := range []string{signer.HeaderXDate, "X-Project-Id", "X-Security-Token"} {
		if value := req.Header.Get(name); value != "" {
			b.AddHeaderParam(name, value)
		}
	}
	return b.Build(), addQuery(b, req.URL)
}

// signedPath returns the decoded path, whose segments the signer escapes again by
// its own rules. A path that changes by decoding and escaping cannot be signed.
func signedPath(u *url.URL) (string, error) {
	escaped := u.EscapedPath()
	if u.Opaque != "" || strings.Contains(strings.ToLower(escaped), "%2f") {
		return "", errors.New("cannot sign: the path has an escaped slash")
	}
	if escaped != "" && !strings.HasPrefix(escaped, "/") {
		return "", errors.New("cannot sign: the path does not start with a slash")
	}
	return url.PathUnescape(escaped)
}

// signedHost returns the Host header as net/http writes it. It refuses names
// outside ASCII and zones, which net/http would change.
func signedHost(req *http.Request) (string, error) {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	if !headerSafe(host) || strings.Contains(host, "%") {
		return "", errors.New("cannot sign: the host is not a plain name or address")
	}
	return host, nil
}

func signedMethod(req *http.Request) string {
	if req.Method == "" {
		return http.MethodGet
	}
	return req.Method
}

// addQuery describes the query. It sends a plus as %20, like Huawei's SDK: url.Values
// reads a plus as a space and RFC 3986 as a plus, and only one of them would match
// the signature.
func addQuery(b *request.HttpRequestBuilder, u *url.URL) error {
	u.RawQuery = strings.ReplaceAll(u.RawQuery, "+", "%20")
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("cannot sign: the query is malformed")
	}
	for key, list := range values {
		b.AddQueryParam(key, reflect.ValueOf(list))
	}
	return nil
}

// headerSafe reports whether s is one word of printable ASCII.
func headerSafe(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
