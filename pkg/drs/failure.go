package drs

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

// failure is a failed exchange. Its text has only fixed words and what this side
// chose (the address dialed, the host requested): net/http and crypto/x509 quote
// what the peer sent, which may be the credential that it received. The cause
// can be compared with errors.Is but not printed, not even with %#v.
type failure struct {
	words string
	is    func(target error) bool
}

func (f failure) Error() string        { return f.words }
func (f failure) Is(target error) bool { return f.is(target) }

// ErrSetting is matched by failures that do not pass by themselves: the host
// does not exist, the server does not speak TLS, or its certificate is not
// trusted.
var ErrSetting = errors.New("the endpoint or the certificates are wrong")

// ownError marks an error with our own text that passes through net/http.
type ownError struct{ error }

// safeError describes why an exchange failed, without text from the peer. Every
// error of net/http goes through it before it is stored, logged or returned.
func safeError(err error) error {
	var own ownError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own.error
	case errors.Is(err, ErrLate):
		return ErrLate
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return failure{describe(err), func(target error) bool {
		return errors.Is(err, target) || target == ErrSetting && isSetting(err)
	}}
}

func describe(err error) string {
	var op *net.OpError
	isOp := errors.As(err, &op)
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case isOp && op.Op == "proxyconnect":
		return "proxy: " + describe(op.Err)
	case isOp && op.Op == "dial":
		return describeDial(op)
	case isOp && op.Op == "remote error": // a TLS alert: a number, which crypto/tls describes
		return "the server rejected TLS: " + op.Err.Error()
	case isOp && op.Op == "local error":
		return "TLS failed"
	case isOp && strings.HasPrefix(op.Op, "socks"):
		return "the proxy did not connect"
	case isTimeout(err):
		return "no answer in time"
	}
	return describeAnswer(err)
}

// describeDial names the address, which is nil if the host was not found.
func describeDial(op *net.OpError) string {
	var dns *net.DNSError
	switch {
	case errors.As(op.Err, &dns) && dns.IsNotFound:
		return "cannot connect to " + dns.Name + ": no such host"
	case errors.As(op.Err, &dns):
		return "cannot connect to " + dns.Name + ": the name server did not answer"
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

// describeCertificate omits the names in the certificate.
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

func isSetting(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &certificate) ||
		errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
