package obs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// givesAway fails the test when a text holds a part of the key or of what it
// signed.
func givesAway(t *testing.T, what, text string, more ...string) {
	t.Helper()
	for _, secret := range append(more, "canary", "OBS canary", "AWS canary") {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("%s gives the key away: %.300s", what, text)
			return
		}
	}
}

// echoes are the places of an answer where a server can put what it was sent, each
// written as %. It is long because it contains a table.
func echoes() map[string]string {
	const ok = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	const part = "HTTP/1.1 206 P\r\nConnection: close\r\nContent-Range: bytes 0-9/10\r\n"
	list := func(body string) string {
		return ok + "\r\n<ListBucketResult><Name>sql-backups</Name>" + body + "</ListBucketResult>"
	}
	fail := func(status, headers, body string) string {
		return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers + "\r\n" + body
	}
	return map[string]string{
		"status line":           "%\r\n\r\n",
		"HTTP version":          "HTTP/% 200 OK\r\n\r\n",
		"status code":           "HTTP/1.1 % OK\r\n\r\n",
		"reason":                fail("500 %", "", ""),
		"reason of a redirect":  fail("307 %", "Location: /\r\n", ""),
		"header without colon":  ok + "%\r\n\r\n",
		"header name":           ok + "%: x\r\n\r\n",
		"header with a control": ok + "X: %\x00\r\n\r\n",
		"content length":        ok + "Content-Length: %\r\n\r\n",
		"two content lengths":   ok + "Content-Length: 1\r\nContent-Length: %\r\n\r\n",
		"transfer encoding":     ok + "Transfer-Encoding: %\r\n\r\n",
		"location":              fail("307 No", "Location: http://%\x7f/%zz\r\n", ""),
		"location of a port":    fail("301 No", "Location: http://h:%/\r\n", ""),
		"request id":            fail("403 No", "X-Obs-Request-Id: %\r\n", ""),
		"error headers":         fail("403 No", "X-Obs-Error-Code: %\r\nX-Obs-Error-Message: %\r\nX-Reserved-Indicator: %\r\n", ""),
		"error XML":             fail("403 No", "", "<Error><Code>%</Code><Message>%</Message><RequestId>%</RequestId><HostId>%</HostId><StringToSign>%</StringToSign></Error>"),
		"error JSON":            fail("403 No", "Content-Type: application/json\r\n", `{"code":"%","message":"%","request_id":"%"}`),
		"error, no XML":         fail("502 No", "", "<html>%"),
		"a 101":                 "HTTP/1.1 101 No\r\nConnection: upgrade\r\nUpgrade: %\r\nX-Obs-Request-Id: %\r\n\r\n%",
		"an early answer":       "HTTP/1.1 103 %\r\nLink: %\r\n\r\n" + ok + "Content-Length: %\r\n\r\n",
		"not HTTP":              "220 % ready\r\n",
		"chunk":                 ok + "Transfer-Encoding: chunked\r\n\r\n%\r\n{}\r\n0\r\n\r\n",
		"behind the answer":     "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}%",
		"ETag":                  ok + "Content-Length: 10\r\nETag: \"%\"\r\n\r\n",
		"storage class":         ok + "Content-Length: 10\r\nETag: \"a\"\r\nX-Obs-Storage-Class: %\r\n\r\n",
		"version":               ok + "Content-Length: 10\r\nETag: \"a\"\r\nX-Obs-Version-Id: %\r\n\r\n",
		"encryption":            ok + "Content-Length: 10\r\nETag: \"a\"\r\nX-Obs-Server-Side-Encryption: %\r\n\r\n",
		"content encoding":      ok + "Content-Length: 10\r\nETag: \"a\"\r\nContent-Encoding: %\r\n\r\n",
		"other headers of HEAD": ok + "Content-Length: 10\r\nETag: \"a\"\r\nX-Obs-Restore: %\r\nLast-Modified: %\r\nX-Obs-Server-Side-Encryption-Customer-Algorithm: %\r\nX-Obs-Meta-%: %\r\n\r\n",
		"ETag of a part":        part + "Content-Length: 10\r\nETag: \"%\"\r\n\r\n",
		"encoding of a part":    part + "Content-Length: 10\r\nETag: \"a\"\r\nContent-Encoding: %\r\n\r\n",
		"range":                 "HTTP/1.1 206 P\r\nConnection: close\r\nContent-Range: %\r\nContent-Length: 10\r\nETag: \"a\"\r\n\r\n",
		"no XML":                ok + "\r\n%",
		"XML":                   ok + "\r\n<%>%</%>",
		"bucket":                ok + "\r\n<ListBucketResult><Name>%</Name></ListBucketResult>",
		"key":                   list(`<Contents><Key>k%</Key><ETag>"a"</ETag></Contents>`),
		"ETag of a list":        list(`<Contents><Key>k</Key><ETag>"%"</ETag></Contents>`),
		"class of a list":       list(`<Contents><Key>k</Key><ETag>"a"</ETag><StorageClass>%</StorageClass></Contents>`),
		"marker":                list("<IsTruncated>true</IsTruncated><NextMarker>k%</NextMarker>"),
		"date":                  list("<Contents><Key>k</Key><LastModified>%</LastModified></Contents>"),
		"size":                  list("<Contents><Key>k</Key><Size>%</Size></Contents>"),
		"encoding":              list("<EncodingType>%</EncodingType>"),
		"tag":                   list("<%"),
		"closed":                "",
	}
}

// answers serves every connection with spell, in which % is what give takes
// from the request.
func answers(t *testing.T, spell string, give func(*http.Request) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.WriteString(conn, strings.ReplaceAll(spell, "%", give(r)))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// said is everything that comes of one request of each kind.
func said(c *Client, bucket string) []string {
	o, err := c.Head(context.Background(), bucket, "k")
	list, listErr := c.List(context.Background(), bucket, "k", 10)
	n, readErr := c.Reader(context.Background(), bucket, Object{Key: "k", Size: 10, ETag: "a"}).ReadAt(make([]byte, 10), 0)
	texts := []string{fmt.Sprintf("%+v %#v", o, o), fmt.Sprintf("%+v", list), fmt.Sprint(n)}
	for _, err := range []error{err, listErr, readErr} {
		for ; err != nil; err = errors.Unwrap(err) {
			texts = append(texts, fmt.Sprintf("%v %+v %q", err, err, err.Error()))
		}
	}
	return texts
}

// TestErrorsContainNothingEchoedByServer is long because it contains a table.
func TestErrorsContainNothingEchoedByServer(t *testing.T) {
	log.SetOutput(io.Discard) // net/http logs what follows an answer; the command discards that log
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	signature := func(r *http.Request) string {
		_, signature, _ := strings.Cut(r.Header.Get("Authorization"), ":")
		return signature
	}
	for what, give := range map[string]func(*http.Request) string{
		"id":            func(*http.Request) string { return keyID },
		"secret":        func(*http.Request) string { return keySecret },
		"token":         func(r *http.Request) string { return r.Header.Get("X-Amz-Security-Token") },
		"authorization": func(r *http.Request) string { return r.Header.Get("Authorization") },
		"signature":     signature,
	} {
		for name, spell := range echoes() {
			t.Run(what+" in "+name, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var signed []string
				address := answers(t, spell, func(r *http.Request) string {
					mu.Lock()
					defer mu.Unlock()
					signed = append(signed, signature(r))
					return give(r)
				})
				c, err := New(Config{Endpoint: &url.URL{Scheme: "http", Host: address}, PathStyle: true, Credentials: canaries(), Backoff: 1})
				if err != nil {
					t.Fatal(err)
				}
				texts := said(c, "sql-backups")
				mu.Lock()
				defer mu.Unlock()
				if len(signed) < 3 {
					t.Fatalf("%d requests", len(signed))
				}
				for _, text := range texts {
					givesAway(t, name, text, signed...)
				}
			})
		}
	}
}

// A proxy is sent a password of its own, and sees the name of the host only.
func TestErrorsContainNothingEchoedByProxy(t *testing.T) {
	for name, spell := range map[string]string{
		"status": "HTTP/1.1 407 %\r\nContent-Length: 0\r\n\r\n", "garbage": "%\r\n\r\n", "closed": "", "no TLS": "HTTP/1.1 200 OK\r\n\r\n%",
	} {
		t.Run(name, func(t *testing.T) {
			address := answers(t, spell, func(r *http.Request) string { return r.Header.Get("Proxy-Authorization") + "canary" })
			proxy := &url.URL{Scheme: "http", Host: address, User: url.UserPassword("canaryuser", "canarypassword")}
			c, err := New(Config{Endpoint: &url.URL{Scheme: "https", Host: "obs.invalid"}, Proxy: http.ProxyURL(proxy), Credentials: canaries(), Backoff: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range said(c, "sql-backups") {
				givesAway(t, name, text)
			}
		})
	}
}

// The SDK's logger would write to the console or to a file.
func TestClientPrintsAndWritesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = out, out
	log.SetOutput(out)
	defer func() {
		os.Stdout, os.Stderr = stdout, stderr
		log.SetOutput(stderr)
	}()
	f := newFake(t, false)
	f.put("k", 10).etag = "a"
	good := said(f.client(), f.bucket)
	f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool { refuse(w, 500, "InternalError"); return true }
	bad := said(f.client(), f.bucket)
	printed, _ := os.ReadFile(out.Name())
	files, _ := os.ReadDir(dir)
	if len(printed) != 0 || len(files) != 0 || len(good) != 3 || len(bad) < 6 {
		t.Errorf("printed %q, wrote %v, after %d and %d results", printed, files, len(good), len(bad))
	}
}

func TestClientPrintsNoKey(t *testing.T) {
	f := newFake(t, false)
	c := f.client(func(config *Config) { config.Credentials = hidden{canaries} })
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%+v", c.Reader(context.Background(), "b", Object{}))} {
		givesAway(t, "the client", text)
	}
}

// hidden is how the caller's credentials print: without the key.
type hidden struct{ keys func() *pair }

func (h hidden) Key(ctx context.Context) (string, string, string, error) { return h.keys().Key(ctx) }
func (h hidden) Renew(ctx context.Context) (bool, error)                 { return h.keys().Renew(ctx) }
