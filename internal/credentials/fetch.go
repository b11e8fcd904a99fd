package credentials

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/migplan/migplan/internal/neterror"
)

const (
	maxAnswer  = 256 << 10
	maxHeaders = 64 << 10
)

// answer is a complete answer of a source of credentials.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// newClient returns a client with limits on time and memory. It follows no
// redirects, since the request contains a password or a token.
func newClient(o Options, dial, total time.Duration) *http.Client {
	return &http.Client{
		Timeout:       total,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: dial}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
			DisableKeepAlives:      true, // used about once an hour
			DisableCompression:     true, // so that the limit applies to what is kept
			MaxResponseHeaderBytes: maxHeaders,
			OnProxyConnectResponse: proxyAnswer,
		},
	}
}

// proxyAnswer replaces the error of net/http, which quotes the proxy's status
// line.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return unexpectedStatus("the proxy", resp.StatusCode)
	}
	return nil
}

// exchange sends one request and reads the whole answer.
func exchange(client *http.Client, req *http.Request, place string) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, plainError(req.Context(), place, err)
	}
	return readAnswer(req.Context(), resp, place)
}

// readAnswer reads the body, but not after a 101: then it is the connection
// itself, to which net/http applies no deadline.
func readAnswer(ctx context.Context, resp *http.Response, place string) (answer, error) {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return answer{}, unexpectedStatus(place, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, plainError(ctx, place, err)
	}
	if len(body) > maxAnswer {
		return answer{}, unavailable(place, "answered with more than 256 KiB")
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// plainError describes a failure in fixed words: the text of net/http may quote
// what the server sent, which may be the secret that it received.
func plainError(ctx context.Context, place string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var timeout interface{ Timeout() bool }
	var certificate *tls.CertificateVerificationError
	var own *Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &timeout) && timeout.Timeout():
		return unavailable(place, "did not answer in time"+address(err))
	case notConnected(err):
		return unavailable(place, "cannot be reached"+address(err)+reason(err))
	case errors.As(err, &certificate):
		return unavailable(place, "has a certificate that "+neterror.Certificate(certificate.Err))
	}
	return unavailable(place, "ended the connection without a usable answer")
}

// address names what was dialed: the proxy, if there is one.
func address(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return " at " + dns.Name
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return " through the proxy" + address(op.Err)
	case op != nil && op.Op == "dial" && op.Addr != nil:
		return " at " + op.Addr.String()
	}
	return ""
}

// reason is the error of the operating system or of the name server.
func reason(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return ": " + errno.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return ": no such host"
	}
	return ""
}

// notConnected reports whether certainly no byte was sent.
func notConnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

func unexpectedStatus(place string, status int) *Error {
	return unavailable(place, fmt.Sprintf("answered with status %d", status))
}

// temporaryKey is the answer of the ECS metadata service or of pod identity, which
// use different names for the same fields (the SDK's core/auth/internal
// model.go). The names of the security token differ only in case, which
// encoding/json ignores.
type temporaryKey struct {
	Access          string    `json:"access"`
	AccessKeyID     string    `json:"accessKeyId"`
	Secret          string    `json:"secret"`
	SecretAccessKey string    `json:"secretAccessKey"`
	SecurityToken   string    `json:"securityToken"`
	ExpiresAt       time.Time `json:"expires_at"`
	Expiration      time.Time `json:"expiration"`
}

// temporary reads the key in the given member of the answer.
func temporary(place, principal, member string, body []byte) (credential, error) {
	var envelope map[string]json.RawMessage
	var key temporaryKey
	if json.Unmarshal(body, &envelope) != nil || json.Unmarshal(envelope[member], &key) != nil {
		return credential{}, unavailable(place, "answered with something that is not a credential")
	}
	c := credential{
		principal: principal,
		access:    key.Access + key.AccessKeyID,
		secret:    newSecret(key.Secret + key.SecretAccessKey),
		token:     newSecret(key.SecurityToken),
		expires:   key.ExpiresAt,
	}
	if c.expires.IsZero() {
		c.expires = key.Expiration
	}
	if !headerSafe(c.access) || !headerSafe(c.secret.reveal()) || !headerSafe(c.token.reveal()) || c.expires.IsZero() {
		return credential{}, unavailable(place, "answered with an incomplete credential")
	}
	return c, nil
}
