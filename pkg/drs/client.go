package drs

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config configures a Client. Endpoint, ProjectID and Authorizer
// are required.
type Config struct {
	Endpoint   *url.URL // scheme and host, no path
	ProjectID  string
	Authorizer Authorizer
	UserAgent  string
	RootCAs    *x509.CertPool                        // nil: the system's
	Proxy      func(*http.Request) (*url.URL, error) // nil: none
	Backoff    time.Duration                         // base of the pause before a read is repeated; 0 is 1 s
	Pace       *Pace                                 // of reads; the caller waits for the turn of a create. nil: no limit
	Observe    func(Exchange)                        // called for every answer or failure before it is recorded, must not block; nil: no calls
}

func (c Config) backoff() time.Duration {
	if c.Backoff > 0 {
		return c.Backoff
	}
	return time.Second
}

// Exchange is one request and its result, without secrets.
type Exchange struct {
	Op         string
	StatusCode int // 0 if there was no answer
	RequestID  string
	Duration   time.Duration
	Err        error
}

// Client calls three of the five operations of the backup migration API. It is
// safe for concurrent use.
type Client struct {
	config Config
	limits timeouts
	pool   *http.Transport
	reads  *http.Client
}

// New makes a client. It does not connect.
func New(config Config) (*Client, error) {
	if config.Endpoint == nil || config.ProjectID == "" || config.Authorizer == nil {
		return nil, errors.New("a client needs an endpoint, a project id and an authorizer")
	}
	if isDots(config.ProjectID) {
		return nil, fmt.Errorf("%q is not a valid project id", config.ProjectID)
	}
	return newClient(config, defaultTimeouts()), nil
}

// ForProject makes a client that differs in its project and its authorizer, and
// reads over the same connections.
func (c *Client) ForProject(projectID string, authorizer Authorizer) (*Client, error) {
	config := c.config
	config.ProjectID, config.Authorizer = projectID, authorizer
	other, err := New(config)
	if err == nil {
		other.readOver(c.pool)
	}
	return other, err
}

func newClient(config Config, limits timeouts) *Client {
	c := &Client{config: config, limits: limits}
	c.readOver(c.transport())
	return c
}

// readOver makes the client read over these connections.
func (c *Client) readOver(pool *http.Transport) {
	c.pool = pool
	c.reads = &http.Client{Transport: signing{c, pool}, Timeout: c.limits.read, CheckRedirect: noRedirect}
}

// url is the URL of all jobs, or of one job.
func (c *Client) url(jobID string, query url.Values) string {
	u := c.config.Endpoint.JoinPath("v5", url.PathEscape(c.config.ProjectID), "backup-migration-jobs")
	if jobID != "" {
		u = u.JoinPath(url.PathEscape(jobID))
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// isDots reports a path segment that would change the path.
func isDots(segment string) bool { return segment == "." || segment == ".." }

// setHeaders sets the headers of every request. X-Language selects the language
// of error texts.
func (c *Client) setHeaders(h http.Header) {
	h.Set("Content-Type", "application/json")
	h.Set("X-Language", "en-us")
	h.Set("User-Agent", c.config.UserAgent)
	h.Set("Accept-Encoding", "identity")
}

// get reads one document. A refused credential is renewed once.
func (c *Client) get(ctx context.Context, op, address string) (read, error) {
	a, err := c.getOnce(ctx, op, address)
	var refused *Error
	if errors.As(err, &refused) && (refused.StatusCode == http.StatusUnauthorized || refused.Code == "DRS.M00100") {
		if renewed, renewErr := c.config.Authorizer.Renew(ctx); renewErr == nil && renewed {
			return c.getOnce(ctx, op, address)
		}
	}
	return a, err
}

// read is the answer to a read: a 200 that carries no error code.
type read struct {
	body []byte
	date time.Time // the server's clock, zero where it gave none to trust
}

func (c *Client) getOnce(ctx context.Context, op, address string) (read, error) {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return read{}, err
	}
	c.setHeaders(req.Header)
	req.Header.Set("Cache-Control", "no-cache")
	began := time.Now()
	var last error
	resp, err := c.readHTTP(&last).Do(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		err = preferCause(ctx, safeError(err), last)
		c.observe(op, nil, began, err)
		return read{}, fmt.Errorf("%s: %w", op, err)
	}
	body, err := readBody(resp, maxReadBody)
	c.observe(op, resp, began, err)
	if err != nil {
		return read{}, fmt.Errorf("%s: %w", op, err)
	}
	refused := newError(op, resp.StatusCode, resp.Header, body)
	if resp.StatusCode != http.StatusOK || refused.Code != "" {
		return read{}, refused
	}
	return read{body, serverDate(resp.Header)}, nil
}

func (c *Client) observe(op string, resp *http.Response, began time.Time, err error) {
	if c.config.Observe == nil {
		return
	}
	e := Exchange{Op: op, Duration: time.Since(began), Err: err}
	if resp != nil {
		e.StatusCode, e.RequestID = resp.StatusCode, resp.Header.Get("X-Request-Id")
	}
	c.config.Observe(e)
}

// preferCause returns the failure of the last attempt instead of the end of ctx:
// it is what a person can fix.
func preferCause(ctx context.Context, err, last error) error {
	if ctx.Err() != nil && last != nil {
		return last
	}
	return err
}
