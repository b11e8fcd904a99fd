package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// WebhookTime limits all webhooks of one call together.
const WebhookTime = 5 * time.Second

// webhooksAtOnce limits how many requests are under way.
const webhooksAtOnce = 4

// Poster sends a body. *credentials.Hook is it.
type Poster interface {
	Post(ctx context.Context, body []byte) error
}

// Change is one plan in a new situation, and the one a webhook was told of before.
type Change struct {
	Plan     Plan
	Previous *Situation // nil: none yet
}

// WebhookBody is what the webhook receives, as JSON.
type WebhookBody struct {
	Version int `json:"version"`
	Plan
	Previous *Situation `json:"previous"`
}

// Body is the JSON of a change.
func (c Change) Body() ([]byte, error) { return json.Marshal(WebhookBody{1, c.Plan, c.Previous}) }

// Changed returns what the webhook has to be told of p, whose last delivered
// situation is told; nil if nothing. The first time, a plan without a problem is
// no news.
func Changed(p Plan, told *Situation) *Change {
	now := p.Situation()
	switch {
	case told == nil && p.Code == 0:
		return nil
	case told != nil && *told == now:
		return nil
	}
	return &Change{Plan: p, Previous: told}
}

// Deliver sends each change and reports which of them arrived. It ends after limit;
// what did not arrive by then is for the next pass. The error is the first one.
func Deliver(ctx context.Context, to Poster, changes []Change, limit time.Duration) (arrived []bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	arrived = make([]bool, len(changes))
	errs := make([]error, len(changes))
	places := make(chan struct{}, webhooksAtOnce)
	var all sync.WaitGroup
	for i, c := range changes {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			errs[i] = deliver(ctx, to, c)
			arrived[i] = errs[i] == nil
		})
	}
	all.Wait()
	for _, e := range errs {
		if e != nil {
			return arrived, e
		}
	}
	return arrived, nil
}

// errNotTried is the failure of a change for which there was no time left.
var errNotTried = errors.New("the time for webhooks was over")

func deliver(ctx context.Context, to Poster, c Change) error {
	if ctx.Err() != nil {
		return errNotTried
	}
	body, err := c.Body()
	if err != nil {
		return err
	}
	return to.Post(ctx, body)
}
