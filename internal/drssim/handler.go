package drssim

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxBody is the maximum size of a signed request, in bytes.
const maxBody = 12 << 20

// ServeHTTP serves the model over HTTP/1, including the Delivery of each answer. A
// stall ends when the client disconnects, the server is closed or Close is called.
func (d *DRS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, errQuery := url.ParseQuery(r.URL.RawQuery)
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil: // the client disconnected: the request is ignored
		hangUp(w, false)
	case len(body) > maxBody:
		d.deliver(w, r, d.refused(Refusal{413, "APIGW.0201", "The request is too large."}))
	case errQuery != nil:
		d.deliver(w, r, d.refused(Refusal{400, "APIGW.0106", "The request parameters are invalid."}))
	default:
		d.deliver(w, r, d.Serve(Request{
			Method: r.Method, Path: r.URL.Path, Query: query, Header: r.Header, Body: body, original: r,
		}))
	}
}

func (d *DRS) refused(refusal Refusal) Response {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refuse(refusal)
}

func (d *DRS) deliver(w http.ResponseWriter, r *http.Request, resp Response) {
	if !d.wait(r, resp) {
		hangUp(w, false)
		return
	}
	switch resp.Delivery {
	case Lost:
		hangUp(w, false)
	case Reset:
		hangUp(w, true)
	case Truncated:
		text := resp.bytes()
		sendRaw(w, text[:len(text)-len(resp.Body)+resp.CutAfter])
	case Doubled:
		sendRaw(w, bytes.Repeat(resp.bytes(), 2))
	default:
		send(w, resp)
	}
}

// wait delays an answer. It reports whether the client is still connected.
func (d *DRS) wait(r *http.Request, resp Response) bool {
	if resp.Delivery != Stalled && resp.Delay == 0 {
		return true
	}
	var due <-chan time.Time // never, for a stall
	if resp.Delivery != Stalled {
		timer := time.NewTimer(resp.Delay)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		return true
	case <-r.Context().Done():
	case <-d.closed:
	}
	return false
}

func send(w http.ResponseWriter, resp Response) {
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	if resp.Header.Get("Date") == "" {
		w.Header()["Date"] = nil // or net/http adds its own
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
	w.WriteHeader(resp.Status)
	_, _ = w.Write(resp.Body)
}

// bytes is a complete answer as sent over the connection.
func (r Response) bytes() []byte {
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "HTTP/1.1 %d %s\r\n", r.Status, http.StatusText(r.Status))
	h := r.Header.Clone()
	h.Set("Content-Length", strconv.Itoa(len(r.Body)))
	_ = h.Write(&buf) // a Buffer never fails
	buf.WriteString("\r\n")
	buf.Write(r.Body)
	return buf.Bytes()
}

func sendRaw(w http.ResponseWriter, text []byte) {
	conn := hijack(w)
	defer conn.Close()
	_, _ = conn.Write(text)
}

// hangUp closes the connection without an answer, with RST if reset is set.
func hangUp(w http.ResponseWriter, reset bool) {
	conn := hijack(w)
	inner := conn
	if tls, ok := conn.(interface{ NetConn() net.Conn }); ok {
		inner = tls.NetConn()
	}
	if tcp, ok := inner.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
		_ = tcp.Close()
	}
	_ = conn.Close()
}

// hijack takes over the connection. Where that is not possible, as in HTTP/2, it
// aborts the handler.
func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}
