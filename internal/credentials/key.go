package credentials

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
)

// keySeconds is how long a temporary key from IAM is valid: longer than
// renewBefore, far less than the 24 hours that IAM allows (reference 3.1).
const keySeconds = 2 * 60 * 60

// ResolveKey is Resolve for a service that takes only access keys, as OBS does.
// An IAM user's password is exchanged for a temporary key. A token is not: it is
// sent nowhere but to DRS. Where one is set, the access key must be in the
// environment too; otherwise the error has the kind NoKey.
func ResolveKey(ctx context.Context, o Options) (*Credentials, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	token, err := findToken(o)
	if err != nil {
		return nil, err
	}
	all := places()
	if token == nil {
		return search(ctx, o, forKeys(all[1:]))
	}
	c, err := search(ctx, o, all[1:3])
	var none *Error
	if errors.As(err, &none) && none.Kind == NotFound {
		return nil, tokenAlone(token.name)
	}
	return c, err
}

func tokenAlone(source string) *Error {
	return &Error{
		Kind: NoKey, Place: source, Problem: "a token cannot read OBS, which takes only access keys",
		Remedy: "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK as well; DRS still gets the token",
	}
}

// forKeys makes every place give an access key.
func forKeys(all []place) []place {
	out := make([]place, len(all))
	for i, p := range all {
		out[i] = place{p.name, func(o Options) (*source, error) {
			s, err := p.find(o)
			if s != nil && s.key != nil {
				s.load = s.key
			}
			return s, err
		}}
	}
	return out
}

// Key returns the access key, and the security token of a temporary one. A key
// that expires soon is renewed first. The error of a token has the kind NoKey.
func (c *Credentials) Key(ctx context.Context) (id, secret, token string, err error) {
	cred, err := c.usable(ctx)
	switch {
	case err != nil:
		return "", "", "", err
	case cred.access == "":
		return "", "", "", tokenAlone(c.Source)
	}
	return cred.access, cred.secret.reveal(), cred.token.reveal(), nil
}

// loadKey signs in and exchanges the token for a temporary access key: IAM,
// "Obtaining Temporary Access Keys and Security Tokens of an IAM User"
// (reference 3.1). The body is that of the SDK, services/iam/v3/model:
// TokenAuthIdentity and IdentityToken.
func (s *tokenSource) loadKey(ctx context.Context) (credential, error) {
	signedIn, err := s.load(ctx)
	if err != nil {
		return credential{}, err
	}
	a, err := s.askKey(ctx, signedIn.token)
	switch {
	case err != nil:
		return credential{}, err
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return credential{}, &Error{
			Kind: Refused, Place: iamPlace, Problem: "does not give this user a temporary access key for OBS",
			Remedy: "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK",
		}
	case a.status != http.StatusCreated:
		return credential{}, unexpectedStatus(iamPlace, a.status)
	}
	return temporary(iamPlace, signedIn.principal, "credential", a.body)
}

func (s *tokenSource) askKey(ctx context.Context, token secret) (answer, error) {
	type object = map[string]any
	body, err := json.Marshal(object{"auth": object{"identity": object{
		"methods": []string{"token"},
		"token":   object{"duration_seconds": keySeconds},
	}}})
	if err != nil {
		return answer{}, err
	}
	at := *s.url
	at.Path, at.RawQuery = "/v3.0/OS-CREDENTIAL/securitytokens", ""
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, at.String(), body)
	if err != nil {
		return answer{}, settingError("HW_AUTH_URL", "is malformed", "")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", token.reveal())
	return s.do(ctx, req)
}
