package drs

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// flood writes the same piece until the given number of bytes is sent or the peer
// is gone.
func flood(conn net.Conn, piece string, total int64) {
	buffer := []byte(strings.Repeat(piece, 1+(32<<10)/len(piece)))
	for sent := int64(0); sent < total; sent += int64(len(buffer)) {
		if _, err := conn.Write(buffer); err != nil {
			return
		}
	}
}

// drip writes single bytes with pauses.
func drip(conn net.Conn, s string) {
	for i := range len(s) {
		if _, err := io.WriteString(conn, s[i:i+1]); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

const tenGB = 10 << 30

func bomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, `{"job_id":"`)
	z.Write(bytes.Repeat([]byte("a"), 8<<20))
	io.WriteString(z, `"}`)
	z.Close()
	return b.String()
}

// largeAnswers are answers that would use much memory.
func largeAnswers() map[string]func(net.Conn) {
	zipped := bomb()
	begin := func(start, piece string) func(net.Conn) {
		return func(conn net.Conn) {
			io.WriteString(conn, start)
			flood(conn, piece, tenGB)
		}
	}
	say := func(raw string) func(net.Conn) { return func(conn net.Conn) { io.WriteString(conn, raw) } }
	const ok, chunked = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	return map[string]func(net.Conn){
		"10 GB of blanks":          begin(ok+"Content-Length: 10737418240\r\n\r\n", " "),
		"10 GB until close":        begin(ok+"\r\n", "[0],"),
		"10 GB of one string":      begin(chunked, "8\r\n\"aaaaaaa\r\n"),
		"10 GB of an error":        begin("HTTP/1.1 400 Bad Request\r\nContent-Length: 10737418240\r\n\r\n"+`{"error_code":"DRS.M00200","x":"`, "a"),
		"10 GB of a 500":           begin("HTTP/1.1 500 No\r\nContent-Length: 10737418240\r\n\r\n", "a"),
		"a million headers":        begin(ok, "X-A: b\r\n"),
		"a header without an end":  begin(ok+"X-A: ", "b"),
		"a status without an end":  begin("HTTP/1.1 200 ", "O"),
		"a million continues":      begin("", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"),
		"trailers without an end":  begin(chunked+"2\r\n{}\r\n0\r\n", "X-A: b\r\n"),
		"a chunk's long extension": begin(chunked+"2;", "a"),
		"a chunk of 2^63-1":        begin(chunked+"7fffffffffffffff\r\n", "a"),
		"a gzip bomb":              say(answer(200, zipped, "Content-Encoding: gzip")),
		"gzip unannounced":         say(answer(200, zipped)),
		"a small body, zipped":     say(answer(400, zipped[:100], "Content-Encoding: gzip")),
		"very many empty jobs":     say(answer(200, `{"count":1,"jobs":[`+strings.Repeat("{},", 600_000)+`{}]}`)),
		"many small jobs":          say(answer(200, `{"count":99999999,"jobs":[`+strings.Repeat(`{"id":1},`, 20_000)+`{"id":2}]}`)),
		"nested without an end":    say(answer(200, strings.Repeat(`{"a":`, 100_000))),
		"lists in lists":           say(answer(200, strings.Repeat(`[`, 1_000_000))),
		"a million keys":           say(answer(200, "{"+strings.Repeat(`"":0,`, 200_000)+`"a":0}`)),
		"a length below nothing":   say(ok + "Content-Length: -1\r\n\r\n{}"),
		"a length beyond":          say(ok + "Content-Length: 99999999999999999999\r\n\r\n{}"),
		"closes":                   func(net.Conn) {},
	}
}

// slowAnswers are answers that would take long.
func slowAnswers() map[string]func(net.Conn) {
	return map[string]func(net.Conn){
		"headers, a byte now and then": func(conn net.Conn) { drip(conn, answer(200, acceptedBody, "X-A: "+strings.Repeat("b", 4096))) },
		"continues, now and then":      func(conn net.Conn) { drip(conn, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 1000)) },
		"a body, a byte now and then": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
			drip(conn, strings.Repeat(" ", 5000))
		},
		"a 500's body, now and then": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n")
			drip(conn, strings.Repeat(" ", 5000))
		},
		"a body that never comes": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
			io.Copy(io.Discard, conn)
		},
		"another protocol, and silence": func(conn net.Conn) { io.WriteString(conn, switching); io.Copy(io.Discard, conn) },
		"trailers that never come": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
			io.Copy(io.Discard, conn)
		},
	}
}

// peak watches the heap until stop is called; stop returns its growth.
func peak() (stop func() int64) {
	runtime.GC()
	debug.FreeOSMemory()
	read := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64() + s[1].Value.Uint64())
	}
	start, highest := read(), int64(0)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			highest = max(highest, read()-start)
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() int64 { close(done); <-ended; return highest }
}

// tryHostileAnswer sends a create and two reads to a server with this answer.
func tryHostileAnswer(t *testing.T, ca authority, hostile func(net.Conn), scheme string) {
	t.Helper()
	s := &recorder{}
	serve := s.answering(func(conn net.Conn, _ exchange) bool { hostile(conn); return false })
	if scheme == "https://" {
		serve = overTLS(&tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil)}}, serve)
	}
	cl := client(t, scheme+listen(t, serve), shortTimeouts(), func(c *Config) { c.RootCAs = ca.pool })
	began := time.Now()
	if out := create(cl); out.Kind != InDoubt || out.Err == nil || out.JobID != "" {
		t.Errorf("create: %+v", out)
	}
	if _, requests := s.seen(); len(requests) != 1 {
		t.Errorf("%d requests of one create", len(requests))
	}
	if j, err := cl.ShowReplicationJob(context.Background(), "j"); err == nil {
		t.Errorf("show: %+v", j)
	}
	if l, err := cl.ListReplicationJobs(context.Background(), "i"); err == nil && l.Complete {
		t.Errorf("list: %d jobs, complete", len(l.Jobs))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestHostileAnswerIsBounded: for any answer the call ends in time, uses little
// memory, and misreads nothing.
func TestHostileAnswerIsBounded(t *testing.T) {
	const most = 64 << 20
	ca := newAuthority(t)
	highest, all := int64(0), largeAnswers()
	for name, largeAnswer := range all {
		for _, over := range []string{"http://", "https://"} {
			t.Run(over+name, func(t *testing.T) {
				stop := peak()
				tryHostileAnswer(t, ca, largeAnswer, over)
				grown := stop()
				highest = max(highest, grown)
				if grown > most {
					t.Errorf("the heap grew by %d MiB", grown>>20)
				}
			})
		}
	}
	t.Logf("%d large answers, with and without TLS; the heap grew by %d MiB at most", len(all), highest>>20)
	for name, slowAnswer := range slowAnswers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tryHostileAnswer(t, ca, slowAnswer, "http://")
		})
	}
}

// shortTimeouts end a slow answer soon, but allow slow connections.
func shortTimeouts() timeouts {
	return timeouts{dial: 5 * time.Second, handshake: 5 * time.Second, header: 300 * time.Millisecond, create: 600 * time.Millisecond, read: 300 * time.Millisecond}
}

// A redirect is not followed: the other host sees no connection.
func TestRedirectIsNotFollowed(t *testing.T) {
	other := &recorder{}
	elsewhere := listen(t, other.alwaysAnswer(answer(200, acceptedBody)))
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		s := &recorder{}
		cl := client(t, "http://"+listen(t, s.alwaysAnswer(answer(status, acceptedBody, "Location: http://"+elsewhere+"/v5"))), longTimeouts(), nil)
		if out := create(cl); out.Kind != InDoubt || !out.Answered {
			t.Errorf("%d: %+v", status, out)
		}
		if _, err := cl.ShowReplicationJob(context.Background(), "j"); err == nil {
			t.Errorf("%d: no error", status)
		}
		if _, requests := s.seen(); len(requests) != 2 {
			t.Errorf("%d: %d requests", status, len(requests))
		}
	}
	if conns, _ := other.seen(); conns != 0 {
		t.Errorf("the other host saw %d connections", conns)
	}
}

// An endless list of large pages stops at its limits.
func TestEndlessListStops(t *testing.T) {
	n := 0
	s := &recorder{}
	large := strings.Repeat("x", 1<<20)
	cl := client(t, "http://"+listen(t, s.answering(func(conn net.Conn, _ exchange) bool {
		n++
		begin := fmt.Sprintf(`{"count":1000000000,"jobs":[{"id":"%d","error_log":"`, n)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(begin)+len(large)+4, begin)
		io.WriteString(conn, large)
		_, err := io.WriteString(conn, `"}]}`)
		return err == nil
	})), longTimeouts(), nil)
	stop := peak()
	if l, err := cl.ListReplicationJobs(context.Background(), "i"); err == nil {
		t.Errorf("%d jobs", len(l.Jobs))
	}
	if grown := stop(); grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	} else {
		t.Logf("%d pages; the heap grew by %d MiB", n, grown>>20)
	}
}

// A server that is not a proxy may answer a plain request itself. Its answer is
// read as strictly as one from DRS, and the request is sent once.
func TestAnswerFromProxyIsReadStrictly(t *testing.T) {
	for raw, want := range map[string]OutcomeKind{
		answer(200, "<html>welcome</html>"): InDoubt, answer(407, ""): InDoubt, answer(403, "<html>forbidden</html>"): InDoubt, answer(502, ""): InDoubt, answer(403, `{"error":"denied"}`): InDoubt,
	} {
		s := &recorder{}
		address := listen(t, s.alwaysAnswer(raw))
		out := create(client(t, "http://drs.invalid", longTimeouts(), func(c *Config) { c.Proxy = toProxy(address) }))
		if _, requests := s.seen(); out.Kind != want || len(requests) != 1 {
			t.Errorf("%.40q: %+v, %d requests", raw, out, len(requests))
		}
	}
}
