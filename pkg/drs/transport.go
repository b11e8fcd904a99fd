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

// Limits on what a server may make the client hold.
const (
	maxHeaderBytes = 64 << 10
	maxCreateBody  = 1 << 20
	maxReadBody    = 2 << 20
)

// maxBackoff is also the longest Retry-After that is waited for.
const maxBackoff = 20 * time.Second

// times are what the parts of a request may take.
type times struct {
	dial      time.Duration
	handshake time.Duration
	header    time.Duration // from the request's last byte to the end of the answer's headers
	create    time.Duration // in all
	read      time.Duration // each attempt
}

func usualTimes() times {
	return times{
		dial: 10 * time.Second, handshake: 10 * time.Second, header: 25 * time.Second,
		create: MaxExchange, read: 15 * time.Second,
	}
}

// transport speaks HTTP/1 only: HTTP/2 clients send a request again by
// themselves when a stream is refused.
func (c *Client) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: c.times.dial, KeepAlive: 15 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  c.config.Proxy,
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSClientConfig:        &tls.Config{RootCAs: c.config.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    c.times.handshake,
		ResponseHeaderTimeout:  c.times.header,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
	}
}

// createHTTP sends one request over one fresh connection, once: no retry, no
// redirect, no connection that could be found dead after a byte was written.
func (c *Client) createHTTP(f *flight) *retryablehttp.Client {
	t := c.transport()
	t.DisableKeepAlives = true
	t.DialContext = f.dial(t.DialContext)
	return &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: t, Timeout: c.times.create, CheckRedirect: noRedirect},
		RetryMax:     0,
		CheckRetry:   func(context.Context, *http.Response, error) (bool, error) { return false, nil },
		Backoff:      retryablehttp.DefaultBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// readHTTP repeats what only reads. What the last attempt within ctx came to
// is left in before.
func (c *Client) readHTTP(before *error) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: c.reads,
		RetryMax:   4,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if ctx.Err() == nil {
				*before = attempted(resp, err)
			}
			return checkReadRetry(ctx, resp, err)
		},
		Backoff:      backoff,
		RetryWaitMin: c.config.backoff(),
		RetryWaitMax: maxBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// proxyAnswer speaks for net/http, which would quote the proxy's status line.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return ownError{fmt.Errorf("the proxy refused the connection with HTTP %d", resp.StatusCode)}
	}
	return nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func attempted(resp *http.Response, err error) error {
	switch {
	case err != nil:
		return failed(err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return nil
}

// checkReadRetry repeats after network errors, 429 and 5xx, unless the server
// asks for a longer pause than this run will make.
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

// backoff waits as long as the server asks, at most most; else full jitter
// over a doubling range.
func backoff(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if d := retryAfter(resp.Header); d > 0 {
			return min(d, most)
		}
	}
	ceiling := math.Min(float64(least)*math.Pow(2, float64(attempt)), float64(most))
	return time.Duration(rand.Float64() * ceiling)
}

// signing authorizes every attempt anew, below the client that repeats.
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

// readBody reads at most limit bytes; more is an error. Behind a 101 stands the
// connection itself, which no deadline of net/http ends any more. What the
// answer repeats of the request's credential is taken out of it.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	scrubHeader(resp)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return nil, errors.New("the server switches to another protocol")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, errors.New("the answer is larger than any that DRS gives")
	}
	return scrub(resp, body), failed(err)
}
