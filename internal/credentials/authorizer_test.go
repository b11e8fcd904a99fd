package credentials_test

import (
	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/pkg/drs"
)

// The interface belongs to the transport that calls it; this package does not
// import the transport.
var _ drs.Authorizer = (*credentials.Credentials)(nil)
