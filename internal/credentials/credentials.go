// Package credentials contains everything that may be a secret: it finds the
// credential, renews it and authorizes requests with it.
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
	// renewBefore is how long before its expiry a temporary credential is
	// renewed, as in Huawei's SDK (reference 3.3).
	renewBefore = 40 * time.Minute
	// askAgainAfter limits requests to a source that keeps returning the old
	// credential.
	askAgainAfter = time.Minute
	// justRenewed is how long one renewal counts for all callers: if several
	// plans are refused together, only the first finds a new credential.
	justRenewed = 30 * time.Second
)

// Credentials authorizes requests. It is safe for concurrent use and never prints
// a secret.
type Credentials struct {
	Source    string // where it was found, for a person: "environment HUAWEICLOUD_SDK_AK"
	Principal string // who is calling; the same in every run
	TokenAuth bool   // requests carry X-Auth-Token; otherwise they are signed

	project string
	now     func() time.Time
	load    loader
	turn    chan struct{} // has one value during a load

	mu      sync.Mutex // guards the fields below
	current credential
	asked   time.Time // when an early renewal was last tried
	renewed time.Time // when current last changed
}

// credential is one state of a source. A token has no access key id.
type credential struct {
	principal string
	access    string
	secret    secret
	token     secret // X-Security-Token, or X-Auth-Token when access is empty
	expires   time.Time
}

// loader reads the credential from its source.
type loader func(context.Context) (credential, error)

func (c credential) equal(other credential) bool {
	return c.access == other.access && c.secret.equal(other.secret) && c.token.equal(other.token)
}

func newCredentials(o Options, s *source, first credential) *Credentials {
	return &Credentials{
		Source: s.name, Principal: first.principal, TokenAuth: first.access == "",
		project: o.ProjectID, now: o.Now, load: s.load, turn: make(chan struct{}, 1),
		current: first,
	}
}

// ExpiresAt is when the current credential expires. Zero means never or unknown.
func (c *Credentials) ExpiresAt() time.Time { return c.get().expires }

// Authorize adds the proof of identity to req, whose body must be exactly body.
// With an AK/SK pair it signs method, path, query, Host, X-Project-Id,
// X-Security-Token, X-Sdk-Date and body. It keeps an X-Sdk-Date that the caller
// set, so each attempt needs a new copy of the request. A credential that
// expires soon is renewed first, within req's context.
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
		req.Header.Set("X-Auth-Token", cred.token.reveal())
		return nil
	}
	return sign(req, body, cred, c.project, c.now())
}

// Renew is called once after an answer that refused the credential. It reads the
// file or profile again, or requests a new credential, and reports whether there
// is one that was not tried yet. It is an error if the source now has another
// principal, which may not see the same jobs.
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

// usable returns the current credential and renews it first if it expires soon. A
// failed renewal is not an error while the old credential is valid.
func (c *Credentials) usable(ctx context.Context) (credential, error) {
	if !c.due() {
		return c.get(), nil
	}
	if err := c.takeTurn(ctx); err != nil {
		return credential{}, err
	}
	defer c.endTurn()
	if !c.due() {
		return c.get(), nil // renewed by another caller in the meantime
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
		return false, settingError(c.Source, "now has another principal than at the start of this run", "run the command again")
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

// takeTurn waits until no other load is running. It is not a mutex, so that it
// can stop when ctx ends.
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

// Format prints String for every verb.
func (c *Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalZerologObject logs source and principal.
func (c *Credentials) MarshalZerologObject(e *zerolog.Event) {
	e.Str("source", c.Source).Str("principal", c.Principal)
}
