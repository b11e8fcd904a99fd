package credentials

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestMetadataServiceVersions1And2Work(t *testing.T) {
	for _, version2 := range []bool{true, false} {
		ends := start().Add(24 * time.Hour)
		c := resolve(t, Options{Env: environ(nil), MetadataURL: ecs(t, version2, func() time.Time { return ends }).URL})
		if got := proof(t, c); got != "HST1 st1" || c.Principal != "ecs-agency" || !c.ExpiresAt().Equal(ends) {
			t.Errorf("version 2 %v: got %q, %v, until %s", version2, got, c, c.ExpiresAt())
		}
	}
}

// A key that expires in 41 minutes is kept, one that expires in 39 is replaced.
func TestTemporaryKeyIsRenewedBeforeExpiry(t *testing.T) {
	clock := &clock{now: start()}
	service := ecs(t, false, func() time.Time { return clock.Now().Add(time.Hour) })
	c := resolve(t, Options{Env: environ(nil), MetadataURL: service.URL, Now: clock.Now})
	for _, step := range []struct {
		after time.Duration
		want  string
	}{{0, "HST1 st1"}, {19 * time.Minute, "HST1 st1"}, {2 * time.Minute, "HST2 st2"}, {time.Minute, "HST2 st2"}} {
		clock.advance(step.after)
		if got := proof(t, c); got != step.want || c.Principal != "ecs-agency" {
			t.Errorf("at %s: got %q, want %q", clock.Now().Sub(start()), got, step.want)
		}
	}
}

func TestUnchangedKeyIsRequestedOncePerMinute(t *testing.T) {
	clock := &clock{now: start()}
	service := pod(t, start().Add(30*time.Minute))
	c := resolve(t, Options{Now: clock.Now, Env: environ(map[string]string{
		"HC_CONTAINER_CREDENTIALS_FULL_URI":     service.URL + "/v1/credentials",
		"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": write(t, "account", "account"),
	})})
	for range 10 {
		proof(t, c)
	}
	clock.advance(2 * time.Minute)
	proof(t, c)
	if got := service.asked.Load(); got != 3 {
		t.Errorf("asked %d times, want 3: at the start, and once a minute", got)
	}
}

func TestFailedRenewalIsAnErrorOnlyAfterExpiry(t *testing.T) {
	clock := &clock{now: start()}
	service := ecs(t, true, func() time.Time { return start().Add(time.Hour) })
	c := resolve(t, Options{Env: environ(nil), MetadataURL: service.URL, Now: clock.Now})
	service.Close()
	clock.advance(59 * time.Minute)
	if got := proof(t, c); got != "HST1 st1" {
		t.Errorf("got %q before the end", got)
	}
	clock.advance(time.Minute)
	req, _ := http.NewRequest("GET", "https://h/", nil)
	wantKind(t, c.Authorize(req, nil), Unavailable)
	if len(req.Header) != 0 {
		t.Errorf("the request got %v", req.Header)
	}
	ok, err := c.Renew(t.Context())
	if wantKind(t, err, Unavailable); ok {
		t.Error("a failed renewal was called a new key")
	}
}

func TestRenewalStopsWithContext(t *testing.T) {
	var hang atomic.Bool
	release := make(chan struct{})
	service := ecs(t, true, func() time.Time {
		if hang.Load() {
			<-release
		}
		return start().Add(time.Hour)
	})
	defer close(release)
	c := resolve(t, Options{Env: environ(nil), MetadataURL: service.URL})
	hang.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.Renew(ctx)
		first <- err
	}()
	for service.asked.Load() < 4 { // the first Renew is in the service's hands
		time.Sleep(time.Millisecond)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Renew(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("the one who waited got %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who asked got %v", err)
	}
}

// Plans that were refused together share one renewal, and each learns that there is
// a new credential.
func TestOneRenewalServesAllRefusedPlans(t *testing.T) {
	service := iam(t, "pw", func() time.Time { return start().Add(24 * time.Hour) })
	c := resolve(t, Options{Env: environ(userVars(service))})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if ok, err := c.Renew(t.Context()); !ok || err != nil {
				t.Errorf("got %v, %v", ok, err)
			}
		})
	}
	wg.Wait()
	if got := service.asked.Load(); got != 2 || proof(t, c) != "token2" {
		t.Errorf("IAM was asked %d times, want 2; token %s", got, proof(t, c))
	}
}

func TestRenewOfFixedCredentialFindsNothingNew(t *testing.T) {
	for _, vars := range []map[string]string{
		{"MIGPLAN_AUTH_TOKEN": "x"}, {"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"},
		{"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s", "HUAWEICLOUD_SDK_SECURITY_TOKEN": "t"},
	} {
		if renew(t, resolve(t, Options{Env: environ(vars)})) {
			t.Errorf("%v: something newer", vars)
		}
	}
}

func TestPodIdentityRereadsTokenFile(t *testing.T) {
	path := write(t, "account", "one")
	c := resolve(t, Options{Env: environ(map[string]string{
		"HC_CONTAINER_CREDENTIALS_FULL_URI":     pod(t, start().Add(24*time.Hour)).URL + "/v1/credentials",
		"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": path,
	})})
	rewrite(t, path, "two")
	if !renew(t, c) || proof(t, c) != "POD for-two" || c.Principal != "pod-identity" {
		t.Errorf("got %v, %q", c, proof(t, c))
	}
}
