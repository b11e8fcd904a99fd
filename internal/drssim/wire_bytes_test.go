package drssim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// raw sends a create over a raw connection and returns every byte of the answer.
func raw(t *testing.T, fault string) string {
	t.Helper()
	d, _ := sim(t, Config{Faults: parseFaults(t, fault)})
	conn, err := net.Dial("tcp", strings.TrimPrefix(serve(t, d), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := full("ims.bak").body()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: drs\r\nConnection: close\r\nX-Auth-Token: t\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", jobsPath, len(body), body)
	text, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFaultyAnswersOnTheWire(t *testing.T) {
	if twice := raw(t, "answer-twice@1"); len(twice)%2 != 0 || twice[:len(twice)/2] != twice[len(twice)/2:] || !strings.HasPrefix(twice, "HTTP/1.1 200 OK\r\n") {
		t.Errorf("not twice the same: %q", twice)
	}
	for n, arg := range map[int]string{0: "0", 5: "5", 48: "1000"} {
		head, body, _ := strings.Cut(raw(t, "truncated@1:"+arg), "\r\n\r\n")
		if len(body) != n || !strings.Contains(head, "Content-Length: 49") {
			t.Errorf("truncated:%s gives %d bytes: %q %q", arg, len(body), head, body)
		}
	}
	if half := raw(t, "half-json@1"); !strings.Contains(half, "Content-Length: 24") {
		t.Errorf("half of the JSON is not sent as complete: %q", half)
	}
}

// A stall ends when the client disconnects, and when the simulator is closed.
func TestStallEndsWithClientOrClose(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "stall-before-accept@all")})
	ended := make(chan struct{}, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.ServeHTTP(w, r)
		ended <- struct{}{}
	}))
	defer s.Close()
	if got := impatient(t, d, "POST", s.URL+jobsPath, full("ims.bak").body()); got.answer != "silence" {
		t.Errorf("got %s", got.answer)
	}
	<-ended
	time.AfterFunc(20*time.Millisecond, d.Close)
	if got := patient(t, "POST", s.URL+jobsPath, full("ims.bak").body()); got.answer != "closed" {
		t.Errorf("got %s", got.answer)
	}
	<-ended
	d.Close()
}

func TestInvalidHTTPRequestIsRefused(t *testing.T) {
	d, _ := sim(t, Config{})
	url := serve(t, d)
	if got := patient(t, "GET", url+jobsPath+"?name=%zz", nil); got.answer != "400" || !strings.Contains(got.body, "APIGW.0106") {
		t.Errorf("bad query: %s %s", got.answer, got.body)
	}
	if got := patient(t, "POST", url+jobsPath, bytes.Repeat([]byte(" "), maxBody+1)); got.answer != "413" {
		t.Errorf("huge body: %s %s", got.answer, got.body)
	}
	if got := patient(t, "GET", url+jobsPath+"/a%2Fb", nil); got.answer != "404" {
		t.Errorf("slash in an id: %s %s", got.answer, got.body)
	}
	if n := len(d.Jobs()); n != 0 {
		t.Errorf("%d jobs", n)
	}
}

// Over TLS a reset closes the TCP connection.
func TestResetOverTLSResetsTheConnection(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "reset-after-accept@1")})
	s := httptest.NewTLSServer(d)
	defer s.Close()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", s.URL+jobsPath, bytes.NewReader(full("ims.bak").body()))
	req.Header = headers()
	resp, err := s.Client().Do(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) || len(d.Jobs()) != 1 {
		t.Errorf("%v, %d jobs", err, len(d.Jobs()))
	}
}

// A signature covers the HTTP request: Verify sees host, path and query.
func TestVerifySeesOriginalRequest(t *testing.T) {
	var host, query, body string
	d, _ := sim(t, Config{Verify: func(r *http.Request, b []byte) *Refusal {
		again, _ := io.ReadAll(r.Body)
		host, query, body = r.Host, r.URL.RawQuery, string(b)+string(again)
		return nil
	}})
	url := serve(t, d)
	patient(t, "GET", url+jobsPath+"?status=PRECHECK%20FAILED", nil)
	if "http://"+host != url || query != "status=PRECHECK%20FAILED" {
		t.Errorf("host %q, query %q", host, query)
	}
	patient(t, "POST", url+jobsPath, []byte("{}"))
	if body != "{}{}" {
		t.Errorf("body %q", body)
	}
}
