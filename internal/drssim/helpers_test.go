package drssim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	jobsPath = "/v5/054ba152d480d55b2f5dc0069e7ddef0/backup-migration-jobs"
	instance = "0a3182607bc549bcb46cc9a8755761a6in04"
)

// clock is a clock that a test sets.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time      { return c.now }
func (c *clock) add(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clock {
	return &clock{time.Date(2027, 3, 6, 23, 0, 0, 0, time.UTC)}
}

// sim is a simulator with a stopped clock and jobs of one minute.
func sim(t *testing.T, c Config) (*DRS, *clock) {
	t.Helper()
	k := newClock()
	c.Now = k.Now
	if c.RestoreTime == 0 {
		c.RestoreTime = time.Minute
	}
	return New(c), k
}

func parseFaults(t *testing.T, texts ...string) []Fault {
	t.Helper()
	var out []Fault
	for _, s := range texts {
		f, err := ParseFault(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

// page is an example of the API page.
func page(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "api-page", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// gone removes a member.
type gone struct{}

// edited changes members of a JSON document: edited(t, body, "options.is_cover",
// true, "backup_info.files.0.name", "a.bak").
func edited(t *testing.T, body []byte, edits ...any) []byte {
	t.Helper()
	var doc any
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 2 {
		keys := strings.Split(edits[i].(string), ".")
		doc = set(doc, keys, edits[i+1])
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func set(doc any, keys []string, value any) any {
	if len(keys) == 0 {
		return value
	}
	switch v := doc.(type) {
	case map[string]any:
		if _, take := value.(gone); take && len(keys) == 1 {
			delete(v, keys[0])
		} else {
			v[keys[0]] = set(v[keys[0]], keys[1:], value)
		}
	case []any:
		i, err := strconv.Atoi(keys[0])
		if err != nil {
			panic(err)
		}
		v[i] = set(v[i], keys[1:], value)
	}
	return doc
}

func create(body []byte) Request {
	return Request{Method: http.MethodPost, Path: jobsPath, Header: headers(), Body: body}
}

func get(path string, query url.Values) Request {
	return Request{Method: http.MethodGet, Path: path, Query: query, Header: headers()}
}

func headers() http.Header {
	return http.Header{"X-Auth-Token": {"token"}, "Content-Type": {"application/json"}}
}

// decoded is the body of an answer.
func decoded(t *testing.T, resp Response) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(resp.Body, &m); err != nil {
		t.Fatalf("%v: %d %q", err, resp.Status, resp.Body)
	}
	return m
}

// accepted sends a create that must make a job, and returns its id.
func accepted(t *testing.T, d *DRS, body []byte) string {
	t.Helper()
	resp := d.Serve(create(body))
	id, _ := decoded(t, resp)["job_id"].(string)
	if resp.Status != 200 || id == "" || resp.Delivery != Delivered {
		t.Fatalf("not accepted: %d %s %s", resp.Status, resp.Body, resp.Delivery)
	}
	return id
}

// ended sends a create and lets the job run to its end.
func ended(t *testing.T, d *DRS, k *clock, body []byte) Job {
	t.Helper()
	id := accepted(t, d, body)
	k.add(d.config.RestoreTime)
	j, ok := d.Job(id)
	if !ok || j.Status == Transferring {
		t.Fatalf("job %s has not ended: %+v", id, j)
	}
	return j
}

// job is the body of a create for the databases of the page's chain.
type jobSpec struct {
	name   string
	bucket string
	keys   []string
	incre  bool
	last   bool
	cover  bool
	quick  bool // without a precheck
	dbs    []string
}

func (s jobSpec) body() []byte {
	var files []object
	for _, key := range s.keys {
		cut := strings.LastIndexByte(key, '/') + 1
		files = append(files, object{"name": key[cut:], "obs_path": key[:cut]})
	}
	mode, names := "full", []string{""}
	if s.incre {
		mode = "incre"
	}
	if s.dbs != nil {
		names = s.dbs
	}
	body, _ := json.Marshal(object{
		"base_info":      object{"name": or(s.name, "job-1"), "engine_type": "sqlserver"},
		"target_db_info": object{"target_instance_id": instance},
		"backup_info":    object{"file_source": "OBS", "bucket_name": or(s.bucket, "bucket"), "files": files},
		"options": object{
			"is_cover": s.cover, "is_default_restore": s.dbs == nil, "is_last_backup": s.last,
			"is_precheck": !s.quick, "recovery_mode": mode, "db_names": names,
		},
	})
	return body
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// logged formats each logged request as one line.
func logged(d *DRS) string {
	var b bytes.Buffer
	for _, l := range d.Requests() {
		fmt.Fprintf(&b, "%s %s %d %s %s %s %s\n", l.Method, l.Op, l.Status, l.Code, l.JobID, l.Fault, l.Delivery)
	}
	return b.String()
}
