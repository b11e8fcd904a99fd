package drs

import (
	"context"
	"net/http"
)

// Authorizer puts what proves the caller's identity on a request.
type Authorizer interface {
	// Authorize is called for every attempt, with the bytes that will be sent
	// as its body. A signer uses the X-Sdk-Date header where one is set, so
	// that the date recorded with an intent is the date that is signed.
	Authorize(req *http.Request, body []byte) error
	// Renew is called once after an answer that refused the credential. It
	// reports whether there is another one to try.
	Renew(ctx context.Context) (bool, error)
}
