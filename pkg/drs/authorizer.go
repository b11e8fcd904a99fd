package drs

import (
	"context"
	"net/http"
)

// Authorizer adds the caller's proof of identity to a request.
type Authorizer interface {
	// Authorize is called for every attempt, with the exact bytes of its body.
	// A signer uses the X-Sdk-Date header if it is set, so that the date
	// recorded with an intent is the date that is signed.
	Authorize(req *http.Request, body []byte) error
	// Renew is called once after an answer that refused the credential. It
	// reports whether there is another credential to try.
	Renew(ctx context.Context) (bool, error)
}
