package obs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// ownError marks an error on the way through net/http whose text is ours.
type ownError struct{ error }

// cause can be compared with errors.Is but not printed: net/http and
// crypto/x509 quote what the peer sent, which may be the key it was sent. It is
// never io.EOF, which would say to the caller of an io.ReaderAt that the object
// ends here.
type cause struct{ is func(target error) bool }

func (cause) Error() string          { return "the exchange failed" }
func (c cause) Is(target error) bool { return target != io.EOF && c.is(target) }

// unanswered is a try without a complete answer, in fixed words and what this
// side chose.
func unanswered(what target, err error) *Error {
	var own ownError
	if errors.As(err, &own) {
		return newError(what, BadAnswer, own.Error())
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e := newError(what, Unavailable, describe(err))
	e.cause = cause{func(target error) bool { return errors.Is(err, target) }}
	var certificate *tls.CertificateVerificationError
	isCertificate := errors.As(err, &certificate)
	e.again = !isCertificate && !errors.Is(err, context.Canceled)
	if isCertificate && strings.Contains(what.bucket, ".") {
		e.Problem += "; the certificate of an OBS endpoint is for no bucket with a dot in its name"
	}
	return e
}

func describe(err error) string {
	var op *net.OpError
	isOp := errors.As(err, &op)
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case isOp && op.Op == "proxyconnect":
		return "the proxy: " + describe(op.Err)
	case isOp && op.Op == "dial":
		return describeDial(op)
	case isOp && op.Op == "remote error": // a TLS alert: a number, in words of crypto/tls
		return "the server ended TLS: " + op.Err.Error()
	case isOp && op.Op == "local error":
		return "TLS failed"
	case isOp && strings.HasPrefix(op.Op, "socks"):
		return "the proxy did not connect"
	case isTimeout(err):
		return "no answer in time"
	}
	return describeAnswer(err)
}

// describeDial names the address, which is empty where none was found for the
// host.
func describeDial(op *net.OpError) string {
	var dns *net.DNSError
	switch {
	case errors.As(op.Err, &dns) && dns.IsNotFound:
		return "cannot connect to " + dns.Name + ": no such host"
	case errors.As(op.Err, &dns):
		return "cannot connect to " + dns.Name + ": the name server gave no answer"
	}
	where := "cannot connect"
	if op.Addr != nil {
		where += " to " + op.Addr.String()
	}
	return where + ": " + describe(op.Err)
}

func describeAnswer(err error) string {
	var errno syscall.Errno
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &certificate):
		return describeCertificate(certificate.Err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS"
	case strings.HasPrefix(err.Error(), "tls: "):
		return "TLS failed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the answer was complete"
	}
	return "the answer is not valid HTTP"
}

// describeCertificate leaves out the names in the certificate.
func describeCertificate(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "the certificate is signed by an unknown authority"
	case errors.As(err, &host):
		return "the certificate is not for " + host.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not yet valid"
	}
	return "the certificate is not valid"
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
