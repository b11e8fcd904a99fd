package obs

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"
)

// maxTries is how often one request is sent when the server or the network
// fails.
const maxTries = 4

// target names the requested object or list in errors.
type target struct{ op, bucket, key string }

// try is one request through an SDK client that is used once.
type try struct {
	*sdk.ObsClient
	exchange *exchange
	secrets  []string
}

// do calls call, which sends one request, until it succeeds or another try cannot
// help. call returns an *Error or an error of the SDK.
func (c *Client) do(ctx context.Context, what target, call func(*try) error) error {
	if err := checkNames(what.bucket, what.key); err != nil {
		return newError(what, Setting, err.Error())
	}
	renewed := false
	for tries := 1; ; tries++ {
		err := c.tryOnce(ctx, what, call)
		switch {
		case err == nil:
			return nil
		case err.expired && !renewed && c.renew(ctx):
			renewed = true
		case !err.again || tries >= maxTries || !c.pause(ctx, tries):
			return err
		}
	}
}

func (c *Client) renew(ctx context.Context) bool {
	other, err := c.config.Credentials.Renew(ctx)
	return err == nil && other
}

// pause waits with full jitter over a doubling range. It returns false if ctx
// ended.
func (c *Client) pause(ctx context.Context, tries int) bool {
	timer := time.NewTimer(time.Duration(rand.Float64() * float64(c.config.Backoff<<tries)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) tryOnce(ctx context.Context, what target, call func(*try) error) *Error {
	ctx, cancel := context.WithTimeout(ctx, c.times.try)
	defer cancel()
	t, err := c.newTry(ctx, what)
	if err == nil {
		err = call(t)
	}
	var own *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	}
	return t.explain(what, err)
}

// newTry makes an SDK client, whose context and key cannot be changed later.
func (c *Client) newTry(ctx context.Context, what target) (*try, error) {
	id, secret, token, err := c.config.Credentials.Key(ctx)
	switch {
	case err != nil:
		return nil, credentialsFailed(what, err)
	case !printable(id) || !printable(secret) || token != "" && !printable(token):
		return nil, newError(what, Setting, "there is no access key to sign with")
	}
	x := &exchange{under: c.http, scheme: c.config.Endpoint.Scheme, host: c.host(what.bucket)}
	signature := sdk.SignatureObs
	if c.config.PathStyle {
		signature = sdk.SignatureV2
	}
	client, err := sdk.New(id, secret, c.config.Endpoint.Scheme+"://"+c.config.Endpoint.Host,
		sdk.WithSecurityToken(token),
		sdk.WithSignature(signature),
		sdk.WithPathStyle(c.config.PathStyle),
		sdk.WithHttpClient(&http.Client{Transport: x, CheckRedirect: noRedirect}),
		sdk.WithMaxRetryCount(0),
		sdk.WithMaxRedirectCount(0),
		sdk.WithRequestContext(ctx),
		sdk.WithUserAgent(c.config.UserAgent),
	)
	if err != nil {
		return nil, newError(what, Setting, "the OBS SDK refuses the endpoint")
	}
	return &try{client, x, []string{id, secret, token}}, nil
}

// repeats reports whether a text contains the key or the signature of the request,
// or is a part of them.
func (t *try) repeats(texts ...string) bool {
	for _, secret := range append(t.secrets, t.exchange.proof) {
		for _, text := range texts {
			if secret != "" && strings.Contains(text, secret) || len(text) >= 8 && strings.Contains(secret, text) {
				return true
			}
		}
	}
	return false
}

// printable reports whether s is one word of ASCII. The SDK would remove spaces
// at the ends of a key.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
