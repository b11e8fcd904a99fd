package drs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Limits on how much of an answer the client keeps.
const (
	maxHeaderBytes = 64 << 10
	maxCreateBody  = 1 << 20
	maxReadBody    = 2 << 20
)

// keptConnections is how many connections are kept for the next read, as many as
// passes may run at once.
const keptConnections = 100

// maxBackoff is also the longest Retry-After that a read waits for.
const maxBackoff = 20 * time.Second

// timeouts limit the parts of a request.
type timeouts struct {
	dial      time.Duration
	handshake time.Duration
	header    time.Duration // from the request's last byte to the end of the answer's headers
	create    time.Duration // in total
	read      time.Duration // each attempt
}

func defaultTimeouts() timeouts {
	return timeouts{
		dial: 10 * time.Second, handshake: 10 * time.Second, header: 25 * time.Second,
		create: MaxExchange, read: 15 * time.Second,
	}
}

// transport uses HTTP/1 only: HTTP/2 clients send a request again by themselves
// when a stream is refused.
func (c *Client) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: c.limits.dial, KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  c.config.Proxy,
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSClientConfig:        &tls.Config{RootCAs: c.config.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    c.limits.handshake,
		ResponseHeaderTimeout:  c.limits.header,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    keptConnections,
	}
}

// createHTTP sends one request once, over a new connection: no retry, no
// redirect, and no reused connection that turns out to be dead after a write.
func (c *Client) createHTTP(f *firstByte) *retryablehttp.Client {
	t := c.transport()
	t.DisableKeepAlives = true
	t.DialContext = f.dial(t.DialContext)
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: t, Timeout: c.limits.create, CheckRedirect: noRedirect},
		RetryMax:     0,
		CheckRetry:   func(context.Context, *http.Response, error) (bool, error) { return false, nil },
		Backoff:      retryablehttp.DefaultBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// readHTTP retries reads. It stores the failure of the last attempt before ctx
// ended in last.
func (c *Client) readHTTP(last *error) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: c.reads,
		RetryMax:   4,
		RequestLogHook: func(_ retryablehttp.Logger, req *http.Request, _ int) { // before each attempt, outside of its timeout
			_ = c.config.Pace.Wait(req.Context(), math.MaxInt64) // the end of ctx ends the attempt too
		},
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if ctx.Err() == nil {
				*last = attemptError(resp, err)
			}
			return checkReadRetry(ctx, resp, err)
		},
		Backoff:      backoff,
		RetryWaitMin: c.config.backoff(),
		RetryWaitMax: maxBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// proxyAnswer replaces the error of net/http, which quotes the proxy's status
// line.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return ownError{fmt.Errorf("the proxy refused the connection with HTTP %d", resp.StatusCode)}
	}
	return nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func attemptError(resp *http.Response, err error) error {
	switch {
	case err != nil:
		return safeError(err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return nil
}

// checkReadRetry retries after network errors, 429 and 5xx, unless the server
// asks for a pause longer than maxBackoff.
func checkReadRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	var tlsErr *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &tlsErr):
		return false, nil
	case err != nil:
		return true, nil
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return retryAfter(resp.Header) <= maxBackoff, nil
	}
	return false, nil
}

// backoff waits as long as the server asks, up to most; otherwise it uses full
// jitter over a doubling range.
func backoff(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if d := retryAfter(resp.Header); d > 0 {
			return min(d, most)
		}
	}
	ceiling := math.Min(float64(least)*math.Pow(2, float64(attempt)), float64(most))
	return time.Duration(rand.Float64() * ceiling)
}

// signing authorizes each attempt separately, below the client that retries.
type signing struct {
	c     *Client
	under *http.Transport
}

func (s signing) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if err := s.c.config.Authorizer.Authorize(req, nil); err != nil {
		return nil, ownError{err}
	}
	return s.under.RoundTrip(req)
}

// readBody reads at most limit bytes; more is an error. After a 101 the body is
// the connection itself, to which net/http applies no deadline. The request's
// credentials are removed from the answer.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	scrubHeader(resp)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil, errors.New("the server switched to another protocol")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, errors.New("the answer is too large")
	}
	return scrub(resp, body), safeError(err)
}
