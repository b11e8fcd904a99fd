package credentials_test

import (
	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/pkg/drs"
)

// The interface belongs to the transport that calls it; this package imports
// nothing of the project.
var _ drs.Authorizer = (*credentials.Credentials)(nil)
