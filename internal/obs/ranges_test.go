package obs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
)

func TestObjectReplacedBetweenHeadAndTailIsChanged(t *testing.T) {
	styles(t, func(t *testing.T, f *fake) {
		_, r := opened(t, f, 100)
		if _, err := r.ReadAt(make([]byte, 10), 0); err != nil {
			t.Fatal(err)
		}
		f.objects["k"].etag = "ffff"
		n, err := r.ReadAt(make([]byte, 10), 90)
		wantKind(t, err, Changed)
		if n != 0 || len(f.requests) != 3 {
			t.Errorf("read %d bytes with %d requests", n, len(f.requests))
		}
	})
}

// A server that ignores If-Match shows the change by the ETag alone.
func TestObjectReplacedIsChangedWithoutIfMatch(t *testing.T) {
	f := newFake(t, false)
	_, r := opened(t, f, 100)
	f.first = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		f.objects["k"].etag = "ffff"
		r.Header.Set("If-Match", `"ffff"`)
		return false
	}
	_, err := r.ReadAt(make([]byte, 10), 90)
	wantKind(t, err, Changed)
}

// stored bytes may be packed by who uploaded them: then both answers say so.
func TestStoredContentEncodingIsReadAsStored(t *testing.T) {
	f := newFake(t, false)
	f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Encoding", "gzip")
		return false
	}
	_, r := opened(t, f, 100)
	p := make([]byte, 100)
	if _, err := r.ReadAt(p, 0); err != nil || !bytes.Equal(p, f.objects["k"].data) {
		t.Error(err)
	}
}

// TestWrongRangesAreErrors is long because it contains a table.
func TestWrongRangesAreErrors(t *testing.T) {
	part := func(w http.ResponseWriter, etag, contentRange string, body []byte) {
		w.Header().Set("ETag", etag)
		w.Header().Set("Content-Range", contentRange)
		w.WriteHeader(http.StatusPartialContent)
		w.Write(body)
	}
	for name, c := range map[string]struct {
		kind   Kind
		answer func(w http.ResponseWriter, f *fake, etag string)
	}{
		"range ignored": {BadAnswer, func(w http.ResponseWriter, f *fake, etag string) {
			w.Header().Set("ETag", etag)
			w.Write(f.objects["k"].data)
		}},
		"no content":   {BadAnswer, func(w http.ResponseWriter, _ *fake, _ string) { w.WriteHeader(204) }},
		"other range":  {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, e, "bytes 0-9/100", make([]byte, 10)) }},
		"other size":   {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, e, "bytes 90-99/101", make([]byte, 10)) }},
		"unknown size": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, e, "bytes 90-99/*", make([]byte, 10)) }},
		"longer range": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, e, "bytes 80-99/100", make([]byte, 20)) }},
		"no range": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Set("ETag", e)
			w.WriteHeader(http.StatusPartialContent)
			w.Write(make([]byte, 10))
		}},
		"two ranges": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Add("Content-Range", "bytes 0-9/100")
			part(w, e, "", nil)
		}},
		"right range in a 200": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Set("ETag", e)
			w.Header().Set("Content-Range", "bytes 90-99/100")
			w.Write(make([]byte, 10))
		}},
		"two ranges, the right one first": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header()["Content-Range"] = []string{"bytes 90-99/100", "bytes 0-9/100"}
			w.Header().Set("ETag", e)
			w.WriteHeader(http.StatusPartialContent)
			w.Write(make([]byte, 10))
		}},
		"short":        {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, e, "bytes 90-99/100", make([]byte, 9)) }},
		"long":         {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, e, "bytes 90-99/100", make([]byte, 11)) }},
		"no ETag":      {BadAnswer, func(w http.ResponseWriter, _ *fake, _ string) { part(w, "", "bytes 90-99/100", make([]byte, 10)) }},
		"weak ETag":    {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) { part(w, "W/"+e, "bytes 90-99/100", make([]byte, 10)) }},
		"another ETag": {Changed, func(w http.ResponseWriter, _ *fake, _ string) { part(w, `"ff"`, "bytes 90-99/100", make([]byte, 10)) }},
		"packed": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Set("Content-Encoding", "gzip")
			part(w, e, "bytes 90-99/100", make([]byte, 10))
		}},
		"short in chunks": {Unavailable, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Set("Transfer-Encoding", "chunked")
			part(w, e, "bytes 90-99/100", make([]byte, 9))
		}},
		"long in chunks": {BadAnswer, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Set("Transfer-Encoding", "chunked")
			part(w, e, "bytes 90-99/100", make([]byte, 1<<20))
		}},
		"cut": {Unavailable, func(w http.ResponseWriter, _ *fake, e string) {
			w.Header().Set("Content-Length", "10")
			part(w, e, "bytes 90-99/100", make([]byte, 9))
		}},
		"no answer":      {Unavailable, func(http.ResponseWriter, *fake, string) { panic(http.ErrAbortHandler) }},
		"archived":       {Archived, func(w http.ResponseWriter, _ *fake, _ string) { refuse(w, 403, "InvalidObjectState") }},
		"no range in it": {BadAnswer, func(w http.ResponseWriter, _ *fake, _ string) { refuse(w, 416, "InvalidRange") }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, false)
			_, r := opened(t, f, 100)
			f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				c.answer(w, f, `"`+f.objects["k"].etag+`"`)
				return true
			}
			n, err := r.ReadAt(make([]byte, 10), 90)
			wantKind(t, err, c.kind)
			if n != 0 || errors.Is(err, io.EOF) {
				t.Errorf("n is %d, %v", n, err)
			}
			wantRequests := 2
			if c.kind == Unavailable {
				wantRequests = 1 + maxTries
			}
			// net/http by itself sends a GET again over a connection that it had used
			// before and finds closed without an answer.
			if got := len(f.requests); got != wantRequests && (name != "no answer" || got != wantRequests+1) {
				t.Errorf("%d requests, want %d", got, wantRequests)
			}
		})
	}
}

// The whole object is 1 TiB here: the answer must be left, not read.
func TestAnswerThatIgnoresTheRangeIsNotRead(t *testing.T) {
	f := newFake(t, false)
	_, r := opened(t, f, 100)
	sent := make(chan int, 1)
	f.first = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("ETag", `"`+f.objects["k"].etag+`"`)
		w.Header().Set("Content-Length", fmt.Sprint(1<<40))
		total := 0
		for {
			n, err := w.Write(make([]byte, 64<<10))
			if total += n; err != nil {
				sent <- total
				return true
			}
		}
	}
	_, err := r.ReadAt(make([]byte, 10), 0)
	wantKind(t, err, BadAnswer)
	if total := <-sent; total > 32<<20 { // what fits into the buffers of two sockets
		t.Errorf("the server got rid of %d bytes", total)
	}
}
