package obs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	benchSize   = 1 << 30
	benchWindow = 64 << 10
)

// benchServer has one object of 1 GiB.
func benchServer(b *testing.B) string {
	b.Helper()
	window := make([]byte, benchWindow)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		if r.Method == http.MethodHead {
			w.Header().Set("Content-Length", fmt.Sprint(benchSize))
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %s/%d", strings.TrimPrefix(r.Header.Get("Range"), "bytes="), benchSize))
		w.Header().Set("Content-Length", fmt.Sprint(len(window)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(window)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// BenchmarkHeadAndTwoReads is what one backup with one set takes, with the
// server's share on this machine too.
func BenchmarkHeadAndTwoReads(b *testing.B) {
	for name, token := range map[string]string{"permanent key": "", "security token of 2 KiB": strings.Repeat("t", 2048)} {
		b.Run(name, func(b *testing.B) {
			endpoint, _ := url.Parse(benchServer(b))
			c, err := New(Config{Endpoint: endpoint, PathStyle: true, Credentials: &pair{id: keyID, secret: keySecret, token: token}})
			if err != nil {
				b.Fatal(err)
			}
			p := make([]byte, benchWindow)
			b.ReportAllocs()
			for b.Loop() {
				o, err := c.Head(b.Context(), "sql-backups", "FULL/ims.bak")
				if err != nil {
					b.Fatal(err)
				}
				r := c.Reader(b.Context(), "sql-backups", o)
				for _, off := range []int64{0, o.Size - benchWindow} {
					if _, err := r.ReadAt(p, off); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkFloor is the same with nothing but net/http, against the same
// server, unsigned and unchecked.
func BenchmarkFloor(b *testing.B) {
	address := benchServer(b) + "/sql-backups/FULL/ims.bak"
	p := make([]byte, benchWindow)
	exchange := func(method, window string) {
		req, _ := http.NewRequestWithContext(context.Background(), method, address, nil)
		req.Header.Set("Range", window)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.ReadFull(resp.Body, p)
		resp.Body.Close()
	}
	b.ReportAllocs()
	for b.Loop() {
		exchange(http.MethodHead, "")
		exchange(http.MethodGet, "bytes=0-65535")
		exchange(http.MethodGet, "bytes=1073676288-1073741823")
	}
}
