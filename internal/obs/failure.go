package obs

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"

	"github.com/migplan/migplan/internal/neterror"
)

// ownError marks an error with our own text that passes through net/http.
type ownError struct{ error }

// cause can be compared with errors.Is but not printed: net/http and
// crypto/x509 quote what the peer sent, which may be the key that it received.
// It never matches io.EOF, which would tell the caller of an io.ReaderAt that the
// object ends here.
type cause struct{ is func(target error) bool }

func (cause) Error() string          { return "the exchange failed" }
func (c cause) Is(target error) bool { return target != io.EOF && c.is(target) }

// unanswered is the error of a try without a complete answer. Its text has only
// fixed words and what this side chose.
func unanswered(what target, err error) *Error {
	var own ownError
	if errors.As(err, &own) {
		return newError(what, BadAnswer, own.Error())
	}
	e := newError(what, Unavailable, neterror.Describe(err))
	e.cause = cause{func(target error) bool { return errors.Is(err, target) }}
	var certificate *tls.CertificateVerificationError
	isCertificate := errors.As(err, &certificate)
	e.again = !isCertificate && !errors.Is(err, context.Canceled)
	if isCertificate && strings.Contains(what.bucket, ".") {
		e.Problem += "; the certificate of an OBS endpoint is for no bucket with a dot in its name"
	}
	return e
}
