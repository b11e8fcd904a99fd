package drs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"
)

func TestFailuresThatDoNotPassMatchErrSetting(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"no such host":            {dial(&net.DNSError{Name: "drs.example", IsNotFound: true}), true},
		"name server is silent":   {dial(&net.DNSError{Name: "drs.example", IsTimeout: true}), false},
		"no TLS":                  {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, true},
		"http for https":          {http.ErrSchemeMismatch, true},
		"unknown authority":       {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, true},
		"connection refused":      {dial(syscall.ECONNREFUSED), false},
		"the answer was not HTTP": {errors.New("malformed HTTP response"), false},
	} {
		err := fmt.Errorf("ListReplicationJobs: %w", safeError(&url.Error{Op: "Get", URL: "https://drs.example", Err: c.err}))
		if errors.Is(err, ErrSetting) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for answer, want := range map[*Error]bool{
		{StatusCode: 404}: true, {StatusCode: 404, Code: "APIGW.0101"}: true,
		{StatusCode: 404, Code: "DRS.M05004"}: false, {StatusCode: 400}: false, {StatusCode: 503}: false,
	} {
		if got := errors.Is(fmt.Errorf("query: %w", answer), ErrSetting); got != want {
			t.Errorf("%v: %t", answer, got)
		}
	}
}
