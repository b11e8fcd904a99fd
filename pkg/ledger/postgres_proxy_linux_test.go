package ledger

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// pgProxy forwards connections to a server, and cuts some of them off.
type pgProxy struct {
	dir string
	// cut is asked about each message of a client. It says whether to cut the
	// connection, and whether the server gets the message before.
	cut func(message string) (cut, after bool)
}

func newProxy(t testing.TB, s *pgServer, cut func(string) (bool, bool)) *pgProxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "migplan-proxy-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &pgProxy{dir, cut}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, filepath.Join(s.dir, ".s.PGSQL.5432"))
		}
	}()
	return p
}

func (p *pgProxy) serve(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer server.Close()
	var mute atomic.Bool
	answered := make(chan bool, 1)
	go func() {
		b := make([]byte, 1<<16)
		for {
			n, err := server.Read(b)
			if mute.Load() {
				answered <- true
				return
			}
			if err != nil {
				client.Close()
				return
			}
			_, _ = client.Write(b[:n])
		}
	}()
	b := make([]byte, 1<<16)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		cut, after := p.cut(string(b[:n]))
		if cut && !after {
			return
		}
		mute.Store(cut)
		if _, err := server.Write(b[:n]); err != nil {
			return
		}
		if cut {
			<-answered
			return
		}
	}
}

func (p *pgProxy) through(address string) string {
	before, _, _ := strings.Cut(address, "?host=")
	return before + "?host=" + p.dir
}
