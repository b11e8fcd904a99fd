package credentials

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-retryablehttp"
)

// tokenPrincipal is the principal of a token whose owner IAM was not asked for.
// Nothing in a token identifies its owner.
const tokenPrincipal = "token"

// owners asks IAM for the owner of a token, but only if HW_AUTH_URL names an IAM:
// the token may belong to another cloud than the region's, and a runner may reach
// only DRS. An IAM that is named must answer: otherwise the same owner would have
// different principals in different runs.
type owners struct {
	address string // empty: IAM is not asked
	client  *retryablehttp.Client
	signIns *SignIns
}

func newOwners(o Options) (owners, error) {
	if o.get("HW_AUTH_URL") == "" {
		return owners{}, nil
	}
	u, err := iamURL(o)
	if err != nil {
		return owners{}, err
	}
	return owners{address: u.String(), client: iamClient(o), signIns: o.signIns()}, nil
}

// complete sets the principal of the credential. IAM is asked once per token in a
// command.
func (w owners) complete(ctx context.Context, c credential) (credential, error) {
	if w.address == "" {
		return c, nil
	}
	if err := w.signIns.takeTurn(ctx); err != nil {
		return credential{}, err
	}
	defer w.signIns.endTurn()
	key := sha256.Sum256([]byte(w.address + " " + c.token.reveal()))
	principal, known := w.signIns.owners[key]
	if !known {
		var err error
		if principal, err = w.ask(ctx, c.token.reveal()); err != nil {
			return credential{}, err
		}
		w.signIns.owners[key] = principal
	}
	c.principal = principal
	return c, nil
}

// ask verifies the token with itself, for which no permission is needed (IAM,
// "Verifying a Token").
func (w owners) ask(ctx context.Context, token string) (string, error) {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, w.address, nil)
	if err != nil {
		return "", settingError("HW_AUTH_URL", "is malformed", "")
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("X-Subject-Token", token)
	resp, err := w.client.Do(req)
	if err != nil {
		return "", plainError(ctx, iamPlace, err)
	}
	a, err := readAnswer(ctx, resp, iamPlace)
	if err != nil {
		return "", err
	}
	switch a.status {
	case http.StatusOK:
		return owner(a.body, token)
	case http.StatusForbidden, http.StatusNotFound: // this IAM does not say
		return tokenPrincipal, nil
	case http.StatusUnauthorized:
		return "", &Error{
			Kind: Refused, Place: iamPlace, Problem: "does not accept the token: status 401",
			Remedy: "get a new token, or correct or unset HW_AUTH_URL",
		}
	}
	return "", unexpectedStatus(iamPlace, a.status)
}

// owner reads the user's id. Only a user who signed in with a password has a stable
// id: with an agency or a federation it may change. An id must be hexadecimal, so
// that no answer can put the token into the ledger.
func owner(body []byte, token string) (string, error) {
	var answer struct {
		Token struct {
			Methods []string `json:"methods"`
			User    struct {
				ID string `json:"id"`
			} `json:"user"`
		} `json:"token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token.User.ID == "" {
		return "", unavailable(iamPlace, "answered with something that is not a token")
	}
	id := answer.Token.User.ID
	stays := slices.Contains(answer.Token.Methods, "password") && regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id)
	if !stays || strings.Contains(token, id) {
		return tokenPrincipal, nil
	}
	return tokenPrincipal + ":" + id, nil
}
