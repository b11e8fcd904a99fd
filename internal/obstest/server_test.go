package obstest

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/migplan/migplan/internal/obs"
)

type key struct{ id string }

func (k key) Key(context.Context) (id, secret, token string, err error) {
	return k.id, SecretAccessKey, "", nil
}

func (key) Renew(context.Context) (bool, error) { return false, nil }

func client(t *testing.T, s *Server, id string) *obs.Client {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := obs.New(obs.Config{Endpoint: u, PathStyle: true, Credentials: key{id}, Backoff: 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T) (*Server, *obs.Client) {
	t.Helper()
	s := New("sql-backups")
	t.Cleanup(s.Close)
	for _, key := range []string{"prod/a.bak", "prod/b.bak", "other.bak"} {
		if err := s.Put(key, []byte("0123456789")); err != nil {
			t.Fatal(err)
		}
	}
	return s, client(t, s, AccessKeyID)
}

func TestObjectIsServedAsOBSDoes(t *testing.T) {
	s, c := serve(t)
	s.Set("prod/b.bak", "storage-class", "COLD")
	s.Set("prod/a.bak", "server-side-encryption", "aws:kms")
	list, err := c.List(t.Context(), "sql-backups", "prod/", 10)
	if err != nil || len(list) != 2 || list[0].Key != "prod/a.bak" || list[0].Size != 10 || list[1].StorageClass != obs.Cold {
		t.Errorf("%+v, %v", list, err)
	}
	a, err := c.Head(t.Context(), "sql-backups", "prod/a.bak")
	if err != nil || a.ETag != list[0].ETag || a.Encryption != "kms" || a.StorageClass != obs.Standard {
		t.Errorf("%+v, %v", a, err)
	}
	part := make([]byte, 4)
	if n, err := c.Reader(t.Context(), "sql-backups", a).ReadAt(part, 3); n != 4 || err != nil || string(part) != "3456" {
		t.Errorf("%q, %v", part, err)
	}
	b, err := c.Head(t.Context(), "sql-backups", "prod/b.bak")
	if err != nil || !b.Archived() {
		t.Errorf("%+v, %v", b, err)
	}
	if got := s.Requests(); len(got) != 4 || got[0] != (Request{"GET", ""}) || got[2] != (Request{"GET", "prod/a.bak"}) {
		t.Errorf("requests %v", got)
	}
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name  string
		fault FaultKind
		kind  obs.Kind
	}{
		{"denied", Denied, obs.Denied}, {"unavailable", Unavailable, obs.Unavailable}, {"whole", Whole, obs.BadAnswer},
		{"short", Short, obs.BadAnswer}, {"replaced", Replaced, obs.Changed},
	}
	for _, tt := range tests {
		s, c := serve(t)
		s.Fail("prod/a.bak", Fault{"GET", tt.fault})
		o, err := c.Head(t.Context(), "sql-backups", "prod/a.bak")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Reader(t.Context(), "sql-backups", o).ReadAt(make([]byte, 4), 3); kindOf(err) != tt.kind {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	s, c := serve(t)
	s.Set("other.bak", "storage-class", "COLD")
	if err := s.Delete("prod/b.bak"); err != nil {
		t.Fatal(err)
	}
	cold, err := c.Head(t.Context(), "sql-backups", "other.bak")
	if err != nil {
		t.Fatal(err)
	}
	_, ofMissing := c.Head(t.Context(), "sql-backups", "prod/b.bak")
	_, ofBucket := c.List(t.Context(), "another-bucket", "", 10)
	_, ofKey := client(t, s, "somebody").Head(t.Context(), "sql-backups", "prod/a.bak")
	_, ofArchived := c.Reader(t.Context(), "sql-backups", cold).ReadAt(make([]byte, 1), 0)
	for _, tt := range []struct {
		err  error
		kind obs.Kind
	}{{ofMissing, obs.NotFound}, {ofBucket, obs.NotFound}, {ofKey, obs.Denied}, {ofArchived, obs.Archived}} {
		if kindOf(tt.err) != tt.kind {
			t.Errorf("got %v, want %s", tt.err, tt.kind)
		}
	}
}

func kindOf(err error) obs.Kind {
	var e *obs.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
