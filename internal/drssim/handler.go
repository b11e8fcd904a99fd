package drssim

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxBody is far more than any request needs.
const maxBody = 16 << 20

// ServeHTTP serves the model over HTTP, and carries out what the network does
// with an answer.
func (d *DRS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client went away, or sent too much: nothing is taken
	}
	if d.config.Verify != nil {
		if refused := d.config.Verify(r, body); refused != nil {
			d.send(w, r, d.refused(*refused))
			return
		}
	}
	d.send(w, r, d.Serve(Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header, Body: body}))
}

func (d *DRS) refused(r Refusal) Response {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refuse(r)
}

func (d *DRS) send(w http.ResponseWriter, r *http.Request, resp Response) {
	if resp.Delay > 0 {
		select {
		case <-time.After(resp.Delay):
		case <-r.Context().Done():
			return
		}
	}
	switch resp.Delivery {
	case Stalled:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Lost:
		panic(http.ErrAbortHandler)
	case Reset:
		reset(w)
		return
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	if resp.Header.Get("Date") == "" {
		w.Header()["Date"] = nil // or net/http would set its own
	}
	if resp.Delivery == Truncated {
		w.Header().Set("Content-Length", strconv.Itoa(len(resp.Body)))
		resp.Body = resp.Body[:len(resp.Body)/2]
	}
	w.WriteHeader(resp.Status)
	_, _ = w.Write(resp.Body)
	if resp.Delivery == Truncated {
		panic(http.ErrAbortHandler)
	}
}

// reset closes the connection with RST instead of FIN.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
