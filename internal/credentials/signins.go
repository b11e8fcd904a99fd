package credentials

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// SignIns is what the plans of one call share about IAM: a user who was refused
// for one plan is not tried for the next, since wrong passwords lock the
// account, and a token's owner is asked for once. It is safe for concurrent use.
type SignIns struct {
	turn    chan struct{} // holds one value while a sign-in is under way
	refused map[account]int
	owners  map[[32]byte]string // principals, by a hash of IAM's address and the token
}

// account is whose failed sign-ins IAM counts, whatever the project or region.
type account struct{ user, domain, realm string }

// NewSignIns makes the record of one call.
func NewSignIns() *SignIns {
	return &SignIns{turn: make(chan struct{}, 1), refused: map[account]int{}, owners: map[[32]byte]string{}}
}

// signIns is the record of the call, or one of this source alone.
func (o Options) signIns() *SignIns {
	if o.SignIns == nil {
		return NewSignIns()
	}
	return o.SignIns
}

// takeTurn lets one sign-in go at a time: of several plans that begin together
// only the first may find out that the password is wrong.
func (s *SignIns) takeTurn(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *SignIns) endTurn() { <-s.turn }

// keep remembers a status that refuses the user. 400 and 404 are about the
// request, the project or the address, and need not hold for another plan.
func (s *SignIns) keep(a account, status int) {
	if status != http.StatusBadRequest && status != http.StatusNotFound {
		s.refused[a] = status
	}
}

// refusalOf is the refusal that another plan met, nil where none did.
func (s *SignIns) refusalOf(a account) error {
	if status, ok := s.refused[a]; ok {
		return refusal(status, " for another plan of this call")
	}
	return nil
}

func (s *tokenSource) account() account {
	return account{user: s.user.name, domain: s.user.domain, realm: realm(s.url)}
}

// realm is the cloud whose accounts an IAM endpoint knows: the endpoints of
// all regions of Huawei Cloud know the same ones.
func realm(u *url.URL) string {
	host := strings.ToLower(u.Host)
	for _, cloud := range []string{"myhuaweicloud.com", "myhuaweicloud.eu"} {
		if strings.HasPrefix(host, "iam.") && strings.HasSuffix(strings.TrimSuffix(host, ":443"), "."+cloud) {
			return cloud
		}
	}
	return host
}
