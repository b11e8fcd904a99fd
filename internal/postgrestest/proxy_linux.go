package postgrestest

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Proxy forwards connections to a server, and cuts some of them off.
type Proxy struct {
	dir string
	// cut is asked about each message of a client. It says whether to cut the
	// connection, and whether the server gets the message before.
	cut func(message string) (cut, after bool)
	// Edit changes what the server gets, to as many bytes; nil: nothing.
	Edit func([]byte) []byte
	hung atomic.Bool
}

// Hang makes the proxy accept connections and answer nothing more: the server
// seems to be there, and to hang.
func (p *Proxy) Hang() { p.hung.Store(true) }

// NewProxy listens on a socket.
func NewProxy(t testing.TB, s *Server, cut func(string) (bool, bool)) *Proxy {
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
	p := &Proxy{dir: dir, cut: cut}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, filepath.Join(s.Dir, ".s.PGSQL.5432"))
		}
	}()
	return p
}

// forward gives the client what the server says until the connection ends, or
// until the server has answered while mute is set.
func forward(server, client net.Conn, mute *atomic.Bool) bool {
	defer client.Close()
	b := make([]byte, 1<<16)
	for {
		n, err := server.Read(b)
		if err != nil || mute.Load() {
			return true
		}
		_, _ = client.Write(b[:n])
	}
}

func (p *Proxy) serve(client net.Conn, to string) {
	defer client.Close()
	server, err := net.Dial("unix", to)
	if err != nil {
		return
	}
	defer server.Close()
	var mute atomic.Bool
	answered := make(chan bool, 1)
	go func() { answered <- forward(server, client, &mute) }()
	b := make([]byte, 1<<16)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		if p.hung.Load() {
			continue
		}
		cut, after := p.cut(string(b[:n]))
		if cut && !after {
			return
		}
		mute.Store(cut)
		message := b[:n]
		if p.Edit != nil {
			message = p.Edit(message)
		}
		if _, err := server.Write(message); err != nil {
			return
		}
		if cut {
			<-answered
			return
		}
	}
}

// Through is an address of the server through the proxy.
func (p *Proxy) Through(address string) string {
	before, _, _ := strings.Cut(address, "?host=")
	return before + "?host=" + p.dir
}
