// Package credentials holds everything that may be a secret: it finds the
// credential, keeps it fresh and puts its proof on requests.
package credentials

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// renewBefore is how long before its end a temporary credential is
	// replaced, as Huawei's SDK does (reference 3.3).
	renewBefore = 40 * time.Minute
	// askAgainAfter keeps a source that hands out the old credential once more
	// from being asked for every request.
	askAgainAfter = time.Minute
	// justRenewed is how long one renewal answers for all callers: of several
	// plans that were refused together, only the first finds something new.
	justRenewed = 30 * time.Second
)

// Credentials authorizes requests. It is safe for concurrent use and prints
// nothing secret.
type Credentials struct {
	Source    string // where it came from, for a person: "environment HUAWEICLOUD_SDK_AK"
	Principal string // who is calling; the same from run to run
	TokenAuth bool   // requests carry X-Auth-Token; otherwise they are signed

	project string
	now     func() time.Time
	load    loader
	turn    chan struct{} // holds one value while a load is under way

	mu      sync.Mutex // guards what follows
	current credential
	asked   time.Time // when an early renewal was last tried
	renewed time.Time // when current last changed
}

// credential is one state of a source. A token has no access key id.
type credential struct {
	principal string
	access    string
	secret    Secret
	token     Secret // X-Security-Token, or X-Auth-Token when access is empty
	expires   time.Time
}

// loader reads the credential from where it is kept.
type loader func(context.Context) (credential, error)

func (c credential) equal(other credential) bool {
	return c.access == other.access && c.secret.Equal(other.secret) && c.token.Equal(other.token)
}

func newCredentials(o Options, s *source, first credential) *Credentials {
	return &Credentials{
		Source: s.name, Principal: first.principal, TokenAuth: first.access == "",
		project: o.ProjectID, now: o.Now, load: s.load, turn: make(chan struct{}, 1),
		current: first,
	}
}

// ExpiresAt is when the credential in use ends. Zero means never or unknown.
func (c *Credentials) ExpiresAt() time.Time { return c.get().expires }

// Authorize puts the proof of identity on req, whose body will be exactly
// body. Of an AK/SK pair it signs method, path, query, Host, X-Project-Id,
// X-Security-Token, X-Sdk-Date and body; X-Sdk-Date is kept where the caller
// set it, so each attempt needs a fresh copy of the request. A credential that
// ends soon is renewed first, within req's context.
func (c *Credentials) Authorize(req *http.Request, body []byte) error {
	if !encrypted(req.URL) {
		return fmt.Errorf("not authorizing a request over %s to %s", req.URL.Scheme, req.URL.Hostname())
	}
	cred, err := c.usable(req.Context())
	if err != nil {
		return err
	}
	clearProof(req.Header)
	if cred.access == "" {
		req.Header.Set("X-Auth-Token", cred.token.Reveal())
		return nil
	}
	return sign(req, body, cred, c.project, c.now())
}

// Renew is called once after an answer that refused the credential. It reads
// the file or profile again, or asks the network for another credential, and
// reports whether there is one that was not tried yet. A source that now names
// somebody else is an error: jobs of one principal may be invisible to another.
func (c *Credentials) Renew(ctx context.Context) (bool, error) {
	if err := c.takeTurn(ctx); err != nil {
		return false, err
	}
	defer c.endTurn()
	if c.renewedSince(c.now().Add(-justRenewed)) {
		return true, nil
	}
	return c.replace(ctx)
}

// usable returns the credential in use, renewed first when it ends soon. While
// the old one still holds, a failed renewal is no error.
func (c *Credentials) usable(ctx context.Context) (credential, error) {
	if !c.due() {
		return c.get(), nil
	}
	if err := c.takeTurn(ctx); err != nil {
		return credential{}, err
	}
	defer c.endTurn()
	if !c.due() {
		return c.get(), nil // somebody else renewed it meanwhile
	}
	_, err := c.replace(ctx)
	cred := c.get()
	if err != nil && !c.now().Before(cred.expires) {
		return credential{}, err
	}
	c.markAsked()
	return cred, nil
}

// replace loads the credential again and reports whether it changed.
func (c *Credentials) replace(ctx context.Context) (bool, error) {
	fresh, err := c.load(ctx)
	if err != nil {
		return false, err
	}
	if fresh.principal != c.Principal {
		return false, settingError(c.Source, "now names another principal than at the start of this run", "start again")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := !fresh.equal(c.current)
	c.current = fresh
	if changed {
		c.renewed = c.now()
	}
	return changed, nil
}

func (c *Credentials) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	return !c.current.expires.IsZero() &&
		now.After(c.current.expires.Add(-renewBefore)) && now.Sub(c.asked) >= askAgainAfter
}

func (c *Credentials) get() credential {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

func (c *Credentials) markAsked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = c.now()
}

func (c *Credentials) renewedSince(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.renewed.After(t)
}

// takeTurn waits until no other load is under way. It is no mutex, so that a
// caller whose time is up can leave.
func (c *Credentials) takeTurn(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Credentials) endTurn() { <-c.turn }

// String names the source and the caller.
func (c *Credentials) String() string {
	return fmt.Sprintf("%s from %s", c.Principal, c.Source)
}

// Format prints the same for every verb.
func (c *Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalZerologObject logs source and principal.
func (c *Credentials) MarshalZerologObject(e *zerolog.Event) {
	e.Str("source", c.Source).Str("principal", c.Principal)
}
