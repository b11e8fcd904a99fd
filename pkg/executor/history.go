package executor

import (
	"github.com/migplan/migplan/pkg/ledger"
	"github.com/migplan/migplan/pkg/plan"
)

// History holds the plan against what was already sent: steps that succeeded,
// run or are in doubt may not change. Each chain hash covers all steps before
// it, so the first that differs is the one that was edited.
func History(steps []plan.Step, s *ledger.State) *Stop {
	for i, st := range s.Steps {
		if !st.State.History() {
			continue
		}
		if i >= len(steps) {
			return stop(Conflict, PlanShorter, i+1)
		}
		step := steps[i]
		switch {
		case st.ChainSHA256 == step.ChainSHA256:
		case step.Last && st.ChainSHA256 == step.OpenSHA256:
			return stop(Invalid, MarkerTooLate, step.Seq)
		default:
			return stop(Conflict, EditedHistory, step.Seq)
		}
	}
	return nil
}

// Identity is who continues a chain, and where.
type Identity struct {
	Endpoint  string
	Principal string // a stable name of the credential; never a secret
	// TokenAuth: a token that is not bound to a date, so that a delayed request
	// could still be taken when a signature would no longer be.
	TokenAuth bool
}

// identityDiffers names what is not as it was when the chain was opened.
func identityDiffers(s *ledger.State, p *plan.Plan, id Identity) *Stop {
	if s.Opened == nil {
		return nil
	}
	o := s.Opened
	for _, c := range []struct{ what, was, is string }{
		{"endpoint", o.Endpoint, id.Endpoint},
		{"credentials", s.Principal, id.Principal},
		{"enterprise project", o.EnterpriseProjectID, p.Target.EnterpriseProjectID},
		{"region", o.Region, p.Target.Region},
	} {
		if c.was != c.is {
			return &Stop{Code: Conflict, Reason: OtherIdentity, Why: c.what, Detail: c.was + ", now " + c.is}
		}
	}
	return nil
}
