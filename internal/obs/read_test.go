package obs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func styles(t *testing.T, test func(t *testing.T, f *fake)) {
	for name, pathStyle := range map[string]bool{"virtual host": false, "path": true} {
		t.Run(name, func(t *testing.T) { test(t, newFake(t, pathStyle)) })
	}
}

func TestHeadAndReadsOfEveryName(t *testing.T) {
	keys := []string{
		"LOG/ims_log2.bak", "a b", " a ", "a+b", "a%b", "a%2Fb", "%", "a//b", "/a", "//", "a/", "全备/ü.bak", "\U0001F4BE.bak",
		"a&b=c;d?e#f", "~!*'(),.-_$@:", "..", "../a", "a/./b", `a"b\c`, "a<b>", "a\tb", strings.Repeat("x", 1024),
	}
	styles(t, func(t *testing.T, f *fake) {
		for i, key := range keys {
			f.put(key, 100+i)
		}
		c := f.client()
		for _, key := range keys {
			o, err := c.Head(t.Context(), f.bucket, key)
			if err != nil || o.Size != int64(len(f.objects[key].data)) || o.Key != key {
				t.Fatalf("%q: %+v, %v", key, o, err)
			}
			got, err := io.ReadAll(io.NewSectionReader(c.Reader(t.Context(), f.bucket, o), 0, o.Size))
			if err != nil || !bytes.Equal(got, f.objects[key].data) {
				t.Fatalf("%q: %d bytes, %v", key, len(got), err)
			}
		}
	})
}

func TestVirtualHostStyleIsNotPathStyle(t *testing.T) {
	styles(t, func(t *testing.T, f *fake) {
		f.put("k", 1)
		c := f.client()
		if _, err := c.Head(t.Context(), f.bucket, "k"); err != nil {
			t.Fatal(err)
		}
		want := "HEAD " + f.bucket + ".example.com:"
		if f.pathStyle {
			want = "HEAD example.com:"
		}
		if !strings.HasPrefix(f.requests[0], want) {
			t.Errorf("sent %s", f.requests[0])
		}
	})
}

func TestHeadReadsAnswerOfOBS(t *testing.T) {
	changed := time.Date(2026, 2, 12, 21, 45, 2, 0, time.UTC)
	for _, c := range []struct {
		headers  map[string]string
		want     Object
		archived bool
	}{
		{nil, Object{StorageClass: Standard}, false},
		{map[string]string{"storage-class": "WARM"}, Object{StorageClass: Warm}, false},
		{map[string]string{"storage-class": "STANDARD_IA"}, Object{StorageClass: Warm}, false},
		{map[string]string{"storage-class": "COLD"}, Object{StorageClass: Cold}, true},
		{map[string]string{"storage-class": "GLACIER"}, Object{StorageClass: Cold}, true},
		{map[string]string{"storage-class": "DEEP_ARCHIVE"}, Object{StorageClass: DeepArchive}, true},
		{map[string]string{"storage-class": "INTELLIGENT_TIERING"}, Object{StorageClass: "INTELLIGENT_TIERING"}, false},
		{map[string]string{"storage-class": "COLD", "restore": `ongoing-request="true"`}, Object{StorageClass: Cold, Restore: Restoring}, true},
		{map[string]string{"storage-class": "COLD", "restore": `ongoing-request="false", expiry-date="Sat, 13 Feb 2026 00:00:00 GMT"`},
			Object{StorageClass: Cold, Restore: Restored}, false},
		{map[string]string{"server-side-encryption": "kms", "server-side-encryption-kms-key-id": "x"}, Object{StorageClass: Standard, Encryption: "kms"}, false},
		{map[string]string{"server-side-encryption": "aws:kms"}, Object{StorageClass: Standard, Encryption: "kms"}, false},
		{map[string]string{"server-side-encryption": "AES256"}, Object{StorageClass: Standard, Encryption: "AES256"}, false},
		{map[string]string{"server-side-encryption-customer-algorithm": "AES256"}, Object{StorageClass: Standard, Encryption: "customer"}, false},
		{map[string]string{"version-id": "G001117FCE89978B0000401205D5DC9A"}, Object{StorageClass: Standard}, false},
		{map[string]string{"etag": "other", "meta-etag": "other", "meta-content-length": "5"}, Object{StorageClass: Standard}, false},
	} {
		styles(t, func(t *testing.T, f *fake) {
			s := f.put("k", 7)
			s.headers = c.headers
			want := c.want
			want.Key, want.Size, want.ETag, want.LastModified = "k", 7, s.etag, changed
			o, err := f.client().Head(t.Context(), f.bucket, "k")
			if err != nil || o != want || o.Archived() != c.archived {
				t.Errorf("%v: got %+v, %v", c.headers, o, err)
			}
		})
	}
}

func opened(t *testing.T, f *fake, size int) (*Client, *Reader) {
	t.Helper()
	f.put("k", size)
	c := f.client()
	o, err := c.Head(t.Context(), f.bucket, "k")
	if err != nil {
		t.Fatal(err)
	}
	return c, c.Reader(t.Context(), f.bucket, o)
}

func TestReadOfOneByteRequestsOneByte(t *testing.T) {
	f := newFake(t, false)
	_, r := opened(t, f, 1<<20)
	var p [1]byte
	if n, err := r.ReadAt(p[:], 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := f.requests[1]; !strings.HasSuffix(got, " bytes=0-0") {
		t.Errorf("sent %s", got)
	}
}

func TestReadAtFollowsReaderAt(t *testing.T) {
	f := newFake(t, false)
	_, r := opened(t, f, 10)
	for _, c := range []struct {
		off  int64
		size int
		n    int
		eof  bool
	}{{0, 10, 10, false}, {9, 1, 1, false}, {9, 2, 1, true}, {10, 1, 0, true}, {1 << 62, 1, 0, true}, {3, 0, 0, false}, {0, 1 << 20, 10, true}} {
		p := make([]byte, c.size)
		n, err := r.ReadAt(p, c.off)
		if n != c.n || (err == io.EOF) != c.eof || err != nil && !c.eof {
			t.Errorf("%+v: got %d, %v", c, n, err)
		}
		if n > 0 && !bytes.Equal(p[:n], f.objects["k"].data[c.off:c.off+int64(n)]) {
			t.Errorf("%+v: other bytes", c)
		}
	}
	_, err := r.ReadAt(make([]byte, 1), -1)
	wantKind(t, err, Setting)
	if sent := len(f.requests); sent != 1+4 {
		t.Errorf("%d requests", sent)
	}
}

func TestHeadRefusesAnswerWithoutAnObject(t *testing.T) {
	for name, answer := range map[string]func(http.Header) int{
		"no ETag":    func(h http.Header) int { h.Set("Content-Length", "1"); return 200 },
		"two ETags":  func(h http.Header) int { h.Set("Content-Length", "1"); h["Etag"] = []string{`"a"`, `"b"`}; return 200 },
		"no size":    func(h http.Header) int { h.Set("ETag", `"a"`); h.Set("Transfer-Encoding", "chunked"); return 200 },
		"no content": func(h http.Header) int { h.Set("ETag", `"a"`); return 204 },
		"partial":    func(h http.Header) int { h.Set("ETag", `"a"`); h.Set("Content-Length", "1"); return 206 },
		"strange class": func(h http.Header) int {
			h.Set("ETag", `"a"`)
			h.Set("Content-Length", "1")
			h.Set("X-Obs-Storage-Class", "C O")
			return 200
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				w.WriteHeader(answer(w.Header()))
				return true
			}
			_, err := f.client().Head(t.Context(), f.bucket, "k")
			wantKind(t, err, BadAnswer)
		})
	}
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	f := newFake(t, false)
	o := f.put("k", 1000)
	r := f.client().Reader(t.Context(), f.bucket, Object{Key: "k", Size: 1000, ETag: o.etag})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			p := make([]byte, 10)
			if _, err := r.ReadAt(p, int64(i)); err != nil || !bytes.Equal(p, o.data[i:i+10]) {
				t.Error(i, err)
			}
		})
	}
	wg.Wait()
}

func TestReadWithCanceledContextFails(t *testing.T) {
	f := newFake(t, false)
	o := f.put("k", 10)
	ctx, cancel := context.WithCancel(t.Context())
	r := f.client().Reader(ctx, f.bucket, Object{Key: "k", Size: 10, ETag: o.etag})
	cancel()
	_, err := r.ReadAt(make([]byte, 1), 0)
	wantKind(t, err, Unavailable)
	if !errors.Is(err, context.Canceled) || len(f.requests) != 0 {
		t.Errorf("%v after %d requests", err, len(f.requests))
	}
}
