// Package neterror describes errors of network exchanges without text from the
// peer.
package neterror

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

// Describe says why an exchange failed. The text has only fixed words and what
// this side chose (the address dialed, the host requested): net/http and
// crypto/x509 quote what the peer sent, which may be the credential that it
// received.
func Describe(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	isOp := errors.As(err, &op)
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case isOp && op.Op == "proxyconnect":
		return "proxy: " + Describe(op.Err)
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
	return where + ": " + Describe(op.Err)
}

func describeAnswer(err error) string {
	var errno syscall.Errno
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &certificate):
		return "the certificate " + Certificate(certificate.Err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS"
	case strings.HasPrefix(err.Error(), "tls: "):
		return "TLS failed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the answer was complete"
	}
	return "the answer is not valid HTTP"
}

// Certificate says what is wrong with a certificate, to follow "the certificate".
// It omits the names in the certificate.
func Certificate(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "is signed by an unknown authority"
	case errors.As(err, &host):
		return "is not for " + host.Host
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "has expired or is not yet valid"
	}
	return "is not valid"
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
