package credentials

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	iamPlace = "IAM"
	iamWait  = 500 * time.Millisecond
	iamLimit = 5 * time.Second // longest pause between two attempts
)

// user is an IAM user. A "Huawei ID" account itself cannot get a token (reference
// 3.1).
type user struct {
	name, domain string
	password     secret
}

// tokenSource gets tokens from IAM and keeps them only in memory. Its loads never
// run concurrently.
type tokenSource struct {
	user   user
	url    *url.URL
	scope  map[string]string
	client *retryablehttp.Client
	// refused is an answer after which no sign-in is attempted: wrong passwords
	// lock the account (reference 3.1).
	refused error
	signIns *SignIns
}

func newTokenSource(o Options, u user) (*tokenSource, error) {
	if !utf8.ValidString(u.name + u.domain + u.password.reveal()) {
		return nil, settingError("HW_USER_NAME, HW_USER_PASSWORD or HW_DOMAIN_NAME", "is not UTF-8", "use UTF-8")
	}
	base, err := iamURL(o)
	if err != nil {
		return nil, err
	}
	scope := map[string]string{"id": o.ProjectID}
	if o.ProjectID == "" {
		scope = map[string]string{"name": o.Region}
	}
	if o.ProjectID == "" && o.Region == "" {
		return nil, settingError("project_id", "is missing: DRS needs a token for a project", "set the project or the region")
	}
	return &tokenSource{user: u, url: base, scope: scope, client: iamClient(o), signIns: o.signIns()}, nil
}

// iamURL is HW_AUTH_URL, which Terraform writes with a final /v3, or the region's
// endpoint (reference 3.4).
func iamURL(o Options) (*url.URL, error) {
	base := &url.URL{Scheme: "https", Host: "iam.myhuaweicloud.com"}
	switch raw := o.get("HW_AUTH_URL"); {
	case raw != "":
		var err error
		if base, err = baseURL("HW_AUTH_URL", raw, "/v3", "/v3/"); err != nil {
			return nil, err
		}
	case o.Region != "":
		base.Host = "iam." + o.Region + "." + cloudDomain(o.Region)
	}
	base.Path, base.RawQuery = "/v3/auth/tokens", "nocatalog=1"
	return base, nil
}

// iamClient retries only what cannot count as a failed sign-in.
func iamClient(o Options) *retryablehttp.Client {
	c := newClient(o, 10*time.Second, 10*time.Second)
	if t, ok := c.Transport.(*http.Transport); ok {
		t.Proxy = o.Proxy
	}
	return &retryablehttp.Client{
		HTTPClient:   c,
		RetryMax:     2,
		RetryWaitMin: iamWait,
		RetryWaitMax: iamLimit,
		CheckRetry:   mayRetry,
		Backoff:      iamBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// mayRetry allows another attempt if there was no connection, or if IAM did not
// process the request (429, 503) and asks for no long pause.
func mayRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return notConnected(err), nil
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return false, nil
	}
	_, ok := retryAfter(resp)
	return ok, nil
}

// retryAfter returns the pause that the server asks for, zero if it asks for none,
// and false if it is too long or invalid.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	text := resp.Header.Get("Retry-After")
	if text == "" {
		return 0, true
	}
	seconds, err := strconv.ParseUint(text, 10, 8)
	pause := time.Duration(seconds) * time.Second
	return pause, err == nil && pause <= iamLimit
}

func iamBackoff(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	pause := min(least<<attempt, most)
	if resp != nil {
		if asked, ok := retryAfter(resp); ok {
			pause = max(pause, asked)
		}
	}
	return pause
}

func (s *tokenSource) load(ctx context.Context) (credential, error) {
	if err := s.signIns.takeTurn(ctx); err != nil {
		return credential{}, err
	}
	defer s.signIns.endTurn()
	if s.refused == nil {
		s.refused = s.signIns.refusalOf(s.account())
	}
	if s.refused != nil {
		return credential{}, s.refused
	}
	return s.signIn(ctx)
}

func (s *tokenSource) signIn(ctx context.Context) (credential, error) {
	a, err := s.ask(ctx)
	if err != nil {
		return credential{}, err
	}
	switch {
	case a.status == http.StatusCreated:
		return s.credential(a)
	case a.status == http.StatusTooManyRequests, a.status < 400, a.status >= 500:
		return credential{}, unexpectedStatus(iamPlace, a.status)
	}
	refused := refusal(a.status, "")
	s.refused = refused
	s.signIns.keep(s.account(), a.status)
	return credential{}, refused
}

func (s *tokenSource) ask(ctx context.Context) (answer, error) {
	body, err := s.body()
	if err != nil {
		return answer{}, err
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, s.url.String(), body)
	if err != nil {
		return answer{}, settingError("HW_AUTH_URL", "is malformed", "")
	}
	req.Header.Set("Content-Type", "application/json")
	return s.do(ctx, req)
}

func (s *tokenSource) do(ctx context.Context, req *retryablehttp.Request) (answer, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		if resp != nil {
			resp.Body.Close()
		}
		return answer{}, plainError(ctx, iamPlace, err)
	}
	return readAnswer(ctx, resp, iamPlace)
}

// body is the request of reference 3.1, scoped to the project: DRS does not accept
// an unscoped token.
func (s *tokenSource) body() ([]byte, error) {
	type object = map[string]any
	return json.Marshal(object{"auth": object{
		"identity": object{
			"methods": []string{"password"},
			"password": object{"user": object{
				"name":     s.user.name,
				"password": s.user.password.reveal(),
				"domain":   object{"name": s.user.domain},
			}},
		},
		"scope": object{"project": s.scope},
	}})
}

// credential takes the token from the header X-Subject-Token and its expiry from
// the body.
func (s *tokenSource) credential(a answer) (credential, error) {
	var body struct {
		Token struct {
			ExpiresAt time.Time `json:"expires_at"`
		} `json:"token"`
	}
	token := a.header.Get("X-Subject-Token")
	if json.Unmarshal(a.body, &body) != nil || body.Token.ExpiresAt.IsZero() || !headerSafe(token) {
		return credential{}, unavailable(iamPlace, "answered with something that is not a token")
	}
	return credential{
		principal: "user:" + s.user.domain + "/" + s.user.name,
		token:     newSecret(token),
		expires:   body.Token.ExpiresAt,
	}, nil
}

// refusal omits IAM's text, which may repeat what it received.
func refusal(status int, where string) *Error {
	problem := fmt.Sprintf("refused the user with status %d%s; not tried again, since that may lock the account", status, where)
	remedy := "check HW_USER_NAME, HW_USER_PASSWORD, HW_DOMAIN_NAME, and that the user has programmatic access"
	if status == http.StatusNotFound {
		remedy = "check HW_AUTH_URL"
	}
	return &Error{Kind: Refused, Place: iamPlace, Problem: problem, Remedy: remedy}
}
