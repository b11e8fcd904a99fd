package credentials

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// SignIns is shared by all plans of a command: a user who was refused for one plan
// is not tried for the next, since wrong passwords lock the account, and the owner
// of a token is requested once. It is safe for concurrent use.
type SignIns struct {
	turn    chan struct{} // has one value during a sign-in
	refused map[account]int
	owners  map[[32]byte]string // principals, by a hash of IAM's address and the token
}

// account is what IAM counts failed sign-ins for, in all projects and regions.
type account struct{ user, domain, realm string }

// NewSignIns makes the record for one command.
func NewSignIns() *SignIns {
	return &SignIns{turn: make(chan struct{}, 1), refused: map[account]int{}, owners: map[[32]byte]string{}}
}

// signIns is the record of the command, or a new one for this source.
func (o Options) signIns() *SignIns {
	if o.SignIns == nil {
		return NewSignIns()
	}
	return o.SignIns
}

// takeTurn allows one sign-in at a time: if several plans start together, a wrong
// password must be sent only once.
func (s *SignIns) takeTurn(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *SignIns) endTurn() { <-s.turn }

// keep records a status that refuses the user. 400 and 404 are about the request,
// the project or the address, and may not apply to another plan.
func (s *SignIns) keep(a account, status int) {
	if status != http.StatusBadRequest && status != http.StatusNotFound {
		s.refused[a] = status
	}
}

// refusalOf is the refusal that another plan received, nil if there is none.
func (s *SignIns) refusalOf(a account) error {
	if status, ok := s.refused[a]; ok {
		return refusal(status, " for another plan of this command")
	}
	return nil
}

func (s *tokenSource) account() account {
	return account{user: s.user.name, domain: s.user.domain, realm: realm(s.url)}
}

// realm identifies the accounts of an IAM endpoint: the endpoints of all regions
// of Huawei Cloud have the same accounts.
func realm(u *url.URL) string {
	host := strings.ToLower(u.Host)
	for _, cloud := range []string{"myhuaweicloud.com", "myhuaweicloud.eu"} {
		if strings.HasPrefix(host, "iam.") && strings.HasSuffix(strings.TrimSuffix(host, ":443"), "."+cloud) {
			return cloud
		}
	}
	return host
}
