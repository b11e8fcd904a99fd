package main

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/plan"
)

// bucketRegion is where a bucket is, and who reads it.
type bucketRegion struct{ region, projectID string }

// connectBucket finds the endpoint of OBS and an access key. It opens no
// connection to OBS.
func (a *app) connectBucket(ctx context.Context, s *settings, at bucketRegion) (*obs.Client, error) {
	if a.obsEndpoint(s) == view.NoBucket {
		return nil, usage{view.BucketNotReached, view.ReachBucket}
	}
	endpoint, err := credentials.OBSEndpoint(at.region, s.obsEndpoint, a.env)
	if err != nil {
		return nil, settingError(err)
	}
	return a.connections.bucket(place{endpoint.String(), at.region, at.projectID}, func() (*obs.Client, error) {
		return a.bucketLogin(ctx, s, at, endpoint)
	})
}

func (a *app) bucketLogin(ctx context.Context, s *settings, at bucketRegion, endpoint *url.URL) (*obs.Client, error) {
	options, err := a.signIn(s, at.region, at.projectID)
	if err != nil {
		return nil, err
	}
	key, err := credentials.ResolveKey(ctx, options)
	if err != nil {
		return nil, settingError(err)
	}
	client, err := obs.New(obs.Config{
		Endpoint: endpoint, Credentials: key, PathStyle: isAddress(endpoint), UserAgent: "migplan/" + version(),
		RootCAs: options.Roots, Proxy: options.Proxy,
	})
	if err != nil {
		return nil, usage{err.Error(), view.WriteOBSEndpoint}
	}
	return client, nil
}

// isAddress: no bucket can be put in front of an address, or of localhost.
func isAddress(u *url.URL) bool {
	_, err := netip.ParseAddr(u.Hostname())
	return err == nil || strings.EqualFold(u.Hostname(), "localhost")
}

// targetRegion: DRS reads only a bucket in the region of its target (user guide).
func targetRegion(t plan.Target) bucketRegion { return bucketRegion{t.Region, t.ProjectID} }
