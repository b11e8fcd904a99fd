package drs

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"github.com/migplan/migplan/internal/neterror"
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
// does not exist, the server does not speak TLS, its certificate is not trusted, or
// it has no such API.
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
	return failure{neterror.Describe(err), func(target error) bool {
		return errors.Is(err, target) || target == ErrSetting && isSetting(err)
	}}
}

func isSetting(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &certificate) ||
		errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}
