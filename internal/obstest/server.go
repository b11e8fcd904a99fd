package obstest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// The access key that a Server accepts.
const (
	AccessKeyID     = "obstestAccessKey0123"
	SecretAccessKey = "obstestSecretKey0123456789abcdef"
)

// Server is OBS with one bucket, in path style at an address on loopback. It is
// safe for concurrent use.
type Server struct {
	*httptest.Server
	bucket  string
	objects *s3mem.Backend
	backend http.Handler

	mu       sync.Mutex
	headers  map[string]map[string]string // by key, without x-amz-
	faults   map[string][]Fault           // by key; "" is the listing
	requests []Request
}

// Request is one request that the Server got. Key is "" for a listing.
type Request struct{ Method, Key string }

// New serves an empty bucket.
func New(bucket string) *Server {
	objects := s3mem.New()
	s := &Server{bucket: bucket, objects: objects, headers: map[string]map[string]string{}, faults: map[string][]Fault{}}
	s.backend = gofakes3.New(classes{objects, s}, gofakes3.WithoutVersioning()).Server()
	if err := objects.CreateBucket(bucket); err != nil {
		panic(err) // an empty backend takes any bucket
	}
	s.Server = httptest.NewServer(s)
	return s
}

// Put stores an object. Its ETag is the MD5 of data, as in OBS.
func (s *Server) Put(key string, data []byte) error {
	_, err := s.objects.PutObject(s.bucket, key, map[string]string{}, bytes.NewReader(data), int64(len(data)), nil)
	return err
}

// Delete removes an object.
func (s *Server) Delete(key string) error {
	_, err := s.objects.DeleteObject(s.bucket, key)
	return err
}

// Set makes every answer about an object have a header of OBS, named without
// x-obs-: storage-class, restore, server-side-encryption.
func (s *Server) Set(key, header, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.headers[key] == nil {
		s.headers[key] = map[string]string{}
	}
	s.headers[key][header] = value
}

// Fail adds a fault to requests for an object, or with "" to listings.
func (s *Server) Fail(key string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[key] = append(s.faults[key], f)
}

// Requests returns what came since the last call.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.requests
	s.requests = nil
	return out
}

// ServeHTTP answers as OBS, or as the faults say.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	s.requests = append(s.requests, Request{r.Method, key})
	headers, faults := s.headers[key], s.faults[key]
	s.mu.Unlock()
	id, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS "), ":")
	switch {
	case id != AccessKeyID:
		refuse(w, http.StatusForbidden, "InvalidAccessKeyId")
		return
	case bucket != s.bucket:
		refuse(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	for _, f := range faults {
		if !f.on(r) {
			continue
		}
		if f.before(s, w, r, key) {
			return
		}
	}
	s.answer(w, r, key, headers)
}

// answer adds what gofakes3 leaves out.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, key string, headers map[string]string) {
	for name, value := range headers {
		w.Header().Set("X-Amz-"+name, value)
	}
	archived := headers["storage-class"] == "COLD" && !strings.Contains(headers["restore"], `ongoing-request="false"`)
	match := r.Header.Get("If-Match")
	switch {
	case r.Method == http.MethodGet && key != "" && archived:
		refuse(w, http.StatusForbidden, "InvalidObjectState")
	case match != "" && match != s.etag(key):
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
	default:
		s.backend.ServeHTTP(w, r)
	}
}

// etag is the object's ETag with its quotes, "" where there is none.
func (s *Server) etag(key string) string {
	o, err := s.objects.HeadObject(s.bucket, key)
	if err != nil {
		return ""
	}
	defer o.Contents.Close()
	return `"` + hex.EncodeToString(o.Hash) + `"`
}

// classes adds storage classes to listings.
type classes struct {
	gofakes3.Backend
	server *Server
}

func (c classes) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	list, err := c.Backend.ListBucket(name, prefix, page)
	if err != nil {
		return nil, err
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	for _, entry := range list.Contents {
		entry.StorageClass = gofakes3.StorageClass(c.server.headers[entry.Key]["storage-class"])
	}
	return list, nil
}

// refuse answers with an error code of OBS.
func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", "0000018B2C3D4E5F")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code></Error>", code)
}
