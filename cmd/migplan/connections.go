package main

import (
	"context"
	"sync"

	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/pkg/drs"
)

// connections are what the plans of one call share: one login for each project,
// and one pool of connections for each endpoint.
type connections struct {
	mu      sync.Mutex
	remotes map[place]connected
	pools   map[string]*drs.Client // by endpoint
	buckets map[place]*obs.Client
}

// place is where a plan works, in one region and project.
type place struct{ endpoint, region, projectID string }

// connected is a remote, or why there is none: what one plan was refused, the
// next one would be too.
type connected struct {
	remote *remote
	err    error
}

func newConnections() *connections {
	return &connections{remotes: map[place]connected{}, pools: map[string]*drs.Client{}, buckets: map[place]*obs.Client{}}
}

// remote returns the remote of a place, which open makes once.
func (c *connections) remote(ctx context.Context, at place, open func() (*remote, error)) (*remote, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.remotes[at]
	if !ok {
		known.remote, known.err = open()
		if ctx.Err() == nil {
			c.remotes[at] = known
		}
	}
	return known.remote, known.err
}

// client is a client for one project, on the connections to its endpoint. A caller
// holds mu, as open does.
func (c *connections) client(config drs.Config) (*drs.Client, error) {
	endpoint := config.Endpoint.String()
	if pool := c.pools[endpoint]; pool != nil {
		return pool.ForProject(config.ProjectID, config.Authorizer)
	}
	client, err := drs.New(config)
	if err == nil {
		c.pools[endpoint] = client
	}
	return client, err
}

// bucket returns the client of a place, which open makes. An error is not kept:
// the next pass tries again.
func (c *connections) bucket(at place, open func() (*obs.Client, error)) (*obs.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.buckets[at]; known != nil {
		return known, nil
	}
	client, err := open()
	if err == nil {
		c.buckets[at] = client
	}
	return client, err
}
