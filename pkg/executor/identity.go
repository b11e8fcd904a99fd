package executor

import (
	"strings"

	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// Identity is who continues a chain, and where.
type Identity struct {
	Endpoint  string
	Principal string // a stable name of the credential; never a secret
	// TokenAuth: the credential is a token that is not bound to a date, so
	// a delayed request may be accepted when a signature would no longer
	// be.
	TokenAuth bool
}

// identityDiffers is the stop if region, enterprise project, endpoint or
// credentials differ from those the chain was opened with.
func identityDiffers(s *ledger.State, p *plan.Plan, id Identity) *Stop {
	if s.Opened == nil {
		return nil
	}
	o := s.Opened
	for _, c := range []struct {
		why Why
		Difference
	}{
		{WhyRegion, Difference{ValueRegion, p.Target.Region, o.Region}},
		{WhyEnterpriseProject, Difference{ValueEnterpriseProject, p.Target.EnterpriseProjectID, o.EnterpriseProjectID}},
		{WhyEndpoint, Difference{ValueEndpoint, id.Endpoint, o.Endpoint}},
		{WhyCredentials, Difference{ValueCredentials, id.Principal, s.Principal}}, // last: AdoptAll ignores this one and no other
	} {
		if c.Got != c.Want && !(c.why == WhyCredentials && samePrincipal(c.Want, c.Got)) {
			return &Stop{Reason: OtherIdentity, Why: c.why, Differs: &c.Difference}
		}
	}
	return nil
}

// anyToken is the principal of a token if IAM was not asked who owns it, and of
// every token in older ledgers.
const anyToken = "token"

// samePrincipal reports whether credentials may continue a chain. A chain that
// was opened with a token of unknown owner continues with any token.
func samePrincipal(was, is string) bool {
	return was == is || was == anyToken && strings.HasPrefix(is, anyToken+":")
}
