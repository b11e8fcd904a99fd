package drs

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// exchangeKind is one kind of exchange.
type exchangeKind struct {
	name   string
	answer string      // what the server answers
	makes  bool        // whether it makes the job before it answers
	whole  OutcomeKind // what the whole answer means
	token  string      // a request header of the client
	secure bool
}

func exchangeKinds() []exchangeKind {
	large := "X-Padding: " + strings.Repeat("p", 1500)
	token := strings.Repeat("t", 1500)
	return []exchangeKind{
		{name: "200, small headers", answer: answer(200, acceptedBody), makes: true, whole: Accepted},
		{name: "200, large headers", answer: answer(200, acceptedBody, large), makes: true, whole: Accepted, token: token},
		{name: "200, chunked", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n" + acceptedBody[:16] + "\r\n" + fmt.Sprintf("%x\r\n", len(acceptedBody)-16) + acceptedBody[16:] + "\r\n0\r\n\r\n", makes: true, whole: Accepted},
		{name: "200, ended by close", answer: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + acceptedBody, makes: true, whole: Accepted},
		{name: "502 although made", answer: answer(502, "<html>Bad Gateway</html>"), makes: true, whole: InDoubt},
		{name: "400 name exists although made", answer: answer(400, coded("DRS.M00277")), makes: true, whole: InDoubt},
		{name: "400 refused", answer: answer(400, coded("DRS.M00200")), whole: Refused},
		{name: "429 throttled", answer: answer(429, coded("APIGW.0308")), whole: Throttled},
		{name: "TLS, 200, small headers", answer: answer(200, acceptedBody), makes: true, whole: Accepted, secure: true},
		{name: "TLS, 200, large headers", answer: answer(200, acceptedBody, large), makes: true, whole: Accepted, token: token, secure: true},
		{name: "TLS, 400 refused", answer: answer(400, coded("DRS.M00200")), whole: Refused, secure: true},
	}
}

// cutServer repeats one kind of exchange, one connection at a time.
type cutServer struct {
	exchangeKind
	client *Client
	conns  chan net.Conn
	tls    *tls.Config
	start  int // raw bytes that come before the request
}

func (s exchangeKind) cutServer(t *testing.T, ca authority, cert tls.Certificate) *cutServer {
	t.Helper()
	st := &cutServer{exchangeKind: s, conns: make(chan net.Conn, 16), tls: &tls.Config{Certificates: []tls.Certificate{cert}}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			st.conns <- conn
		}
	}()
	t.Cleanup(func() { l.Close() })
	scheme := "http://"
	if s.secure {
		scheme = "https://"
	}
	change := func(c *Config) {
		c.RootCAs = ca.pool
		if s.token != "" {
			c.Authorizer = &fakeAuthorizer{headers: map[string]string{"X-Security-Token": s.token}}
		}
	}
	st.client = client(t, scheme+l.Addr().String(), longTimeouts(), change)
	return st
}

// result is what both sides know after one create.
type result struct {
	out   Outcome
	made  bool // the server made the job
	conn  *cutConn
	start int // raw bytes written before the answer
}

// serveOnce serves one connection with the given cut and checks nothing. The
// client gives up as soon as the server stalls.
func (st *cutServer) serveOnce(c cut, keep bool) result {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conn := &cutConn{cut: c, stalled: cancel, gaveUp: make(chan struct{}), keep: keep}
	served := make(chan result, 1)
	go func() { served <- st.serve(<-st.conns, conn) }()
	out := st.client.CreateReplicationJob(ctx, Create{Body: []byte(createBody), SignedAt: signedAt(), ListedAt: Uptime()})
	close(conn.gaveUp)
	tk := <-served
	tk.out = out
	return tk
}

// serve reads the request to its end, makes the job, and answers.
func (st *cutServer) serve(raw net.Conn, below *cutConn) (tk result) {
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(30 * time.Second))
	below.Conn, tk.conn = raw, below
	var conn net.Conn = below
	if st.secure {
		conn = tls.Server(below, st.tls)
	}
	x, err := readRequest(bufio.NewReader(conn))
	if err != nil || x.body != createBody {
		return tk
	}
	tk.made, tk.start = st.makes, below.wrote
	io.WriteString(conn, st.answer)
	return tk
}

// tally is what TestWire counts.
type tally struct {
	cases, made, wrong      atomic.Int64
	neverSent, calledUnsent atomic.Int64
}

// closeNotify is the length of a TLS 1.3 record with an alert.
const closeNotify = 24

// check compares the client's outcome with what the server did.
func (sc *tally) check(t *testing.T, st *cutServer, c cut, tk result) {
	sc.cases.Add(1)
	request := tk.conn.read > st.start
	if st.secure { // an aborted handshake sends an alert, which is no request
		request = tk.conn.read > st.start+closeNotify
	}
	none := slices.Contains([]OutcomeKind{Unsent, Throttled, Refused, Denied}, tk.out.Kind)
	if tk.made {
		sc.made.Add(1)
	}
	switch {
	case tk.made && none, tk.out.Kind == Accepted && !tk.made, tk.out.Kind == Unsent && request:
		sc.wrong.Add(1)
		t.Errorf("%s, %s after %d read, %d written: made %t, but %s: %v", st.name, c.cutKind, c.read, c.write, tk.made, tk.out.Kind, tk.out.Err)
	case !request:
		sc.neverSent.Add(1)
		if tk.out.Kind == Unsent {
			sc.calledUnsent.Add(1)
		}
	}
}

// places are the points at which a direction is cut: every byte, or every stride-th
// byte and around each TLS record if there are too many.
func places(raw []byte, from, every, stride int, secure bool) (at []int) {
	for i := range len(raw) + 1 {
		if i >= from && i%every == 0 || i%stride == 0 {
			at = append(at, i)
		}
	}
	if secure {
		for i := 0; i+5 <= len(raw); i += 5 + int(raw[i+3])<<8 + int(raw[i+4]) {
			at = append(at, i, i+1, i+4, i+5)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// requestStart is where the request starts in what a TLS client sent: after its
// first encrypted record, the Finished.
func requestStart(raw []byte) int {
	const applicationData = 23
	for i := 0; i+5 <= len(raw); {
		kind := raw[i]
		i += 5 + int(raw[i+3])<<8 + int(raw[i+4])
		if kind == applicationData {
			return i
		}
	}
	return 0
}

// cuts are all cuts of an exchange; one uncut exchange gives their number.
func (st *cutServer) cuts(t *testing.T) (all []cut) {
	whole := st.serveOnce(cut{read: -1, write: -1}, true)
	if st.secure {
		st.start = requestStart(whole.conn.reads)
	}
	if whole.out.Kind != st.whole || whole.made != st.makes {
		t.Fatalf("%s, uncut: %+v", st.name, whole.out)
	}
	every, stride := 1, 7
	if st.secure && st.token != "" {
		every = 5
	}
	if raceEnabled {
		every, stride = 61, 197
	}
	for m := range manners {
		for _, at := range places(whole.conn.reads, st.start, every, stride, st.secure) {
			all = append(all, cut{read: at, write: -1, cutKind: m})
		}
		for _, at := range places(whole.conn.writes, whole.start, every, stride, st.secure) {
			all = append(all, cut{read: -1, write: at, cutKind: m})
		}
	}
	return all
}

// TestWire cuts the connection after every byte of request and answer. The client
// must never report that there is no job if the server created one.
func TestWire(t *testing.T) {
	ca := newAuthority(t)
	cert := ca.issue(t, nil)
	began := time.Now()
	total := &tally{}
	for _, s := range exchangeKinds() {
		sc := &tally{}
		s.run(t, ca, cert, sc)
		t.Logf("%-30s %6d cuts, %6d made a job, %d wrong; %d never sent, %d of them called unsent",
			s.name, sc.cases.Load(), sc.made.Load(), sc.wrong.Load(), sc.neverSent.Load(), sc.calledUnsent.Load())
		total.cases.Add(sc.cases.Load())
		total.made.Add(sc.made.Load())
		total.wrong.Add(sc.wrong.Load())
		total.neverSent.Add(sc.neverSent.Load())
		total.calledUnsent.Add(sc.calledUnsent.Load())
	}
	t.Logf("in all %d cuts, %d made a job, %d called unsent, throttled or refused although made; %d of %d never-sent cases recognised (%.0f %%); %.1f s",
		total.cases.Load(), total.made.Load(), total.wrong.Load(), total.calledUnsent.Load(), total.neverSent.Load(),
		100*float64(total.calledUnsent.Load())/float64(total.neverSent.Load()), time.Since(began).Seconds())
}

// run makes every cut of an exchange, on several servers at once.
func (s exchangeKind) run(t *testing.T, ca authority, cert tls.Certificate, sc *tally) {
	first := s.cutServer(t, ca, cert)
	all := first.cuts(t)
	todo := make(chan cut)
	var wg sync.WaitGroup
	for range 8 {
		st := s.cutServer(t, ca, cert)
		st.start = first.start
		wg.Go(func() {
			for c := range todo {
				sc.check(t, st, c, st.serveOnce(c, false))
			}
		})
	}
	for _, c := range all {
		todo <- c
	}
	close(todo)
	wg.Wait()
}
