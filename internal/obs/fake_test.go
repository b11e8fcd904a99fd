package obs

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The key that the tests sign with.
const (
	keyID     = "canaryAccessKey0123"
	keySecret = "canarySecretKey0123456789abcdef"
	keyToken  = "canarySecurityToken/+=0123456789"
)

// pair is a key that can be renewed.
type pair struct {
	id, secret, token string
	renewed           []pair // what Renew gives, one after the other
	mu                sync.Mutex
}

func (p *pair) Key(context.Context) (string, string, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id, p.secret, p.token, nil
}

func (p *pair) Renew(context.Context) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.renewed) == 0 {
		return false, nil
	}
	next := &p.renewed[0]
	p.id, p.secret, p.token, p.renewed = next.id, next.secret, next.token, p.renewed[1:]
	return true, nil
}

func canaries() *pair { return &pair{id: keyID, secret: keySecret, token: keyToken} }

type stored struct {
	data    []byte
	etag    string
	headers map[string]string // without x-obs-
}

// fake is an OBS after the API reference, with one bucket. It verifies every
// signature.
type fake struct {
	*httptest.Server
	t         *testing.T
	pathStyle bool
	bucket    string
	pageSize  int

	mu       sync.Mutex
	objects  map[string]*stored
	requests []string
	// first may answer instead; n counts from 1.
	first func(w http.ResponseWriter, r *http.Request, n int) bool
}

// newFake serves over TLS with httptest's certificate, which is for
// example.com, *.example.com and 127.0.0.1.
func newFake(t *testing.T, pathStyle bool) *fake {
	t.Helper()
	f := &fake{t: t, pathStyle: pathStyle, bucket: "sql-backups", pageSize: 1000, objects: map[string]*stored{}}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) put(key string, size int) *stored {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i * 7)
	}
	o := &stored{data: data, etag: fmt.Sprintf("%032x", size+len(key)), headers: map[string]string{}}
	f.objects[key] = o
	return o
}

func (f *fake) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(f.Certificate())
	return pool
}

// client reaches the fake as obs.example.com would be reached, or in path style
// by its address.
func (f *fake) client(change ...func(*Config)) *Client {
	f.t.Helper()
	address := f.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	config := Config{
		Endpoint: &url.URL{Scheme: "https", Host: "example.com:" + port}, Credentials: canaries(),
		PathStyle: f.pathStyle, RootCAs: f.roots(), Backoff: time.Millisecond, UserAgent: "migplan/test",
	}
	for _, c := range change {
		c(&config)
	}
	c, err := New(config)
	if err != nil {
		f.t.Fatal(err)
	}
	c.http.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	f.t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r.Method+" "+r.Host+" "+r.RequestURI+" "+r.Header.Get("Range"))
	scheme, prefix := "OBS", "x-obs-"
	bucket, _, _ := strings.Cut(r.Host, ".example.com")
	if f.pathStyle {
		scheme, prefix, bucket = "AWS", "x-amz-", ""
	}
	if err := verify(r, scheme, prefix, bucket, keyID, keySecret); err != nil {
		f.t.Errorf("%s: %v", r.RequestURI, err)
	}
	if got := r.Header.Get(prefix + "security-token"); got != keyToken {
		f.t.Errorf("security token is %q", got)
	}
	if f.first != nil && f.first(w, r, len(f.requests)) {
		return
	}
	bucket, key := f.named(r)
	switch {
	case bucket != f.bucket:
		refuse(w, 404, "NoSuchBucket")
	case key == "":
		f.list(w, r)
	default:
		f.object(w, r, key, prefix)
	}
}

func (f *fake) named(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if f.pathStyle {
		bucket, key, _ = strings.Cut(path, "/")
		return bucket, key
	}
	bucket, _, _ = strings.Cut(r.Host, ".example.com")
	return bucket, path
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Obs-Request-Id", "0000018B2C3D4E5F")
	w.Header().Set("X-Obs-Error-Code", code)
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>%s %s</Message></Error>", code, keySecret, keyToken)
}

func (f *fake) object(w http.ResponseWriter, r *http.Request, key, prefix string) {
	o := f.objects[key]
	if o == nil {
		refuse(w, 404, "NoSuchKey")
		return
	}
	for name, value := range o.headers {
		w.Header().Set(prefix+name, value)
	}
	w.Header().Set("ETag", `"`+o.etag+`"`)
	w.Header().Set("Last-Modified", "Thu, 12 Feb 2026 21:45:02 GMT")
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(o.data)))
		return
	}
	o.send(w, r)
}

func (o *stored) send(w http.ResponseWriter, r *http.Request) {
	if match := r.Header.Get("If-Match"); match != `"`+o.etag+`"` {
		refuse(w, 412, "PreconditionFailed")
		return
	}
	var first, last int
	if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); n != 2 {
		w.Write(o.data)
		return
	}
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, len(o.data)))
	w.WriteHeader(http.StatusPartialContent)
	w.Write(o.data[first : last+1])
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var keys []string
	for key := range f.objects {
		if strings.HasPrefix(key, q.Get("prefix")) && key > q.Get("marker") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	truncated := len(keys) > f.pageSize
	keys = keys[:min(len(keys), f.pageSize)]
	next := ""
	if truncated {
		next = keys[len(keys)-1]
	}
	f.page(w, q.Get("prefix"), keys, next, truncated)
}

func (f *fake) page(w http.ResponseWriter, prefix string, keys []string, next string, truncated bool) {
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://obs.myhwclouds.com/doc/2015-06-30/\">"+
		"<Name>%s</Name><Prefix>%s</Prefix><NextMarker>%s</NextMarker><MaxKeys>1000</MaxKeys><IsTruncated>%v</IsTruncated>",
		f.bucket, escape(prefix), escape(next), truncated)
	for _, key := range keys {
		o := f.objects[key]
		fmt.Fprintf(w, "<Contents><Key>%s</Key><LastModified>2026-02-12T21:45:02.123Z</LastModified><ETag>\"%s\"</ETag><Size>%d</Size>"+
			"<Owner><ID>783fc6652cf246c096ea836694f71855</ID></Owner><StorageClass>%s</StorageClass></Contents>",
			escape(key), o.etag, len(o.data), o.headers["storage-class"])
	}
	fmt.Fprint(w, "</ListBucketResult>")
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// wantKind fails the test unless err is an *Error of that kind.
func wantKind(t *testing.T, err error, kind Kind) {
	t.Helper()
	if kindOf(err) != kind {
		t.Errorf("got %q (%v), want %q", kindOf(err), err, kind)
	}
}

// kindOf is the kind of the first Error in err's tree, or "".
func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
