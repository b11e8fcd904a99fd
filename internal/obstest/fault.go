package obstest

import (
	"fmt"
	"net/http"
	"strings"
)

// Fault is something that goes wrong with requests.
type Fault struct {
	Method string // "" is every method
	Kind   FaultKind
}

// FaultKind says what goes wrong.
type FaultKind string

// The kinds of faults.
const (
	Denied      FaultKind = "denied"      // 403 AccessDenied
	Unavailable FaultKind = "unavailable" // 503 ServiceUnavailable
	Whole       FaultKind = "whole"       // Range is ignored
	Short       FaultKind = "short"       // one byte less than the range
	Replaced    FaultKind = "replaced"    // another object with this name after the first range
	Silent      FaultKind = "silent"      // no answer while the client waits
)

func (f Fault) on(r *http.Request) bool { return f.Method == "" || f.Method == r.Method }

// before acts before the answer, and reports whether it was the answer.
func (f Fault) before(s *Server, w http.ResponseWriter, r *http.Request, key string) bool {
	switch f.Kind {
	case Denied:
		refuse(w, http.StatusForbidden, "AccessDenied")
	case Unavailable:
		refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable")
	case Silent:
		<-r.Context().Done()
	case Short:
		s.answerShort(w, r, key)
	case Whole:
		r.Header.Del("Range")
		return false
	case Replaced:
		if !strings.HasPrefix(r.Header.Get("Range"), "bytes=0-") {
			_ = s.Put(key, []byte("another"))
		}
		return false
	default:
		panic("obstest: no such fault: " + string(f.Kind))
	}
	return true
}

// answerShort says in Content-Range that it sends the whole range.
func (s *Server) answerShort(w http.ResponseWriter, r *http.Request, key string) {
	var first, last int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last); err != nil {
		panic("obstest: short answers are for ranges: " + err.Error())
	}
	w.Header().Set("ETag", s.etag(key))
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, s.size(key)))
	w.Header().Set("Content-Length", fmt.Sprint(last-first))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(make([]byte, last-first))
}

func (s *Server) size(key string) int64 {
	o, err := s.objects.HeadObject(s.bucket, key)
	if err != nil {
		return 0
	}
	defer o.Contents.Close()
	return o.Size
}
