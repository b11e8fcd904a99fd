package drs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/migplan/migplan/pkg/drs"
)

// The floor benchmarks do the same with only net/http and encoding/json, against
// the same server.

type benchToken struct{}

func (benchToken) Authorize(r *http.Request, _ []byte) error {
	r.Header.Set("X-Auth-Token", "any")
	return nil
}

func (benchToken) Renew(context.Context) (bool, error) { return false, nil }

func benchServer(b *testing.B, answer string) (*drs.Client, *httptest.Server) {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	b.Cleanup(server.Close)
	endpoint, err := url.Parse(server.URL)
	if err != nil {
		b.Fatal(err)
	}
	c, err := drs.New(drs.Config{Endpoint: endpoint, ProjectID: "p", Authorizer: benchToken{}})
	if err != nil {
		b.Fatal(err)
	}
	return c, server
}

const accepted = `{"job_id":"0667845a-6291-4e2a-95b0-190c0abjb703"}`

var request = bytes.Repeat([]byte(`{"a":"b"}`), 80)

func BenchmarkCreate(b *testing.B) {
	c, _ := benchServer(b, accepted)
	for b.Loop() {
		if out := c.CreateReplicationJob(b.Context(), drs.Create{Body: request, SignedAt: time.Now(), ListedAt: drs.Uptime()}); out.Kind != drs.Accepted {
			b.Fatal(out)
		}
	}
}

// BenchmarkCreateFloor posts over a new connection each time, as a create does,
// with only net/http.
func BenchmarkCreateFloor(b *testing.B) {
	_, server := benchServer(b, accepted)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for b.Loop() {
		resp, err := client.Post(server.URL, "application/json", bytes.NewReader(request))
		if err != nil {
			b.Fatal(err)
		}
		var answer struct {
			JobID string `json:"job_id"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.JobID == "" {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}

const detail = `{"id":"j","status":"TRANSFERRING","create_time":"1721897321317","base_info":{"name":"n"},"options":{"is_last_backup":false,"recovery_mode":"1","db_names":["ims"]},"backup_info":{"bucket_name":"b","file_info":[{"file_name":"ims.bak"}]},"target_db_info":{"target_instance_id":"in04"}}`

func BenchmarkShow(b *testing.B) {
	c, _ := benchServer(b, detail)
	for b.Loop() {
		if _, err := c.ShowReplicationJob(b.Context(), "j"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShowFloor(b *testing.B) {
	_, server := benchServer(b, detail)
	client := &http.Client{Transport: &http.Transport{}}
	for b.Loop() {
		resp, err := client.Get(server.URL)
		if err != nil {
			b.Fatal(err)
		}
		var job map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&job); err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
	}
}
