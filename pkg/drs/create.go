package drs

import (
	"context"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// dateLayout is the form of the X-Sdk-Date header that a signature covers.
const dateLayout = "20060102T150405Z"

// Create is one intended create-job request.
type Create struct {
	Body     []byte        // the exact bytes to send
	SignedAt time.Time     // the date of the signature, as the intent records it
	ListedAt time.Duration // Uptime when the listing that it depends on began
	EndsAt   time.Duration // Uptime when the window of a cutover ends; 0: no window
	// BeforeSend is called right before the first byte is sent. An error stops
	// the create. nil: no call.
	BeforeSend func() error
}

// CreateReplicationJob sends the request once, over its own connection, and
// returns what is known about it afterwards. It never retries: the caller does,
// after recording the outcome of this request.
func (c *Client) CreateReplicationJob(ctx context.Context, create Create) Outcome {
	f := &firstByte{listedAt: create.ListedAt, endsAt: create.EndsAt, beforeSend: create.BeforeSend}
	req, err := c.createRequest(f.trace(ctx), create)
	if err != nil {
		return Outcome{Kind: Unsent, Err: err}
	}
	began := time.Now()
	resp, err := c.createHTTP(f).Do(req)
	answer := Answer{Err: safeError(err)}
	if resp != nil {
		defer resp.Body.Close()
		answer.StatusCode, answer.Header = resp.StatusCode, resp.Header
		if err == nil {
			answer.Body, answer.Err = readBody(resp, maxCreateBody)
		}
	}
	answer.Wrote, answer.Err = f.finish(), f.cause(answer.Err)
	c.observe(opCreate, resp, began, answer.Err)
	return Classify(answer)
}

// createRequest signs the exact bytes and removes what would let net/http send
// them again: GetBody, and any idempotency key (net/http shouldRetryRequest,
// Request.isReplayable).
func (c *Client) createRequest(ctx context.Context, create Create) (*retryablehttp.Request, error) {
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, c.url("", nil), create.Body)
	if err != nil {
		return nil, err
	}
	c.setHeaders(req.Header)
	req.Header.Set("X-Sdk-Date", create.SignedAt.UTC().Format(dateLayout))
	err = c.config.Authorizer.Authorize(req.Request, create.Body)
	req.GetBody = nil
	req.Header.Del("Idempotency-Key")
	req.Header.Del("X-Idempotency-Key")
	return req, err
}
