package drs

import (
	"io"
	"net"
)

// cutKind is how a connection is cut.
type cutKind int

const (
	fin   cutKind = iota // sends nothing more, and reads and discards the rest
	rst                  // the peer gets RST
	stall                // nothing happens until the client has given up; then the server goes on
	manners
)

func (m cutKind) String() string { return [...]string{"FIN", "RST", "stall"}[m] }

// cut says where a server's raw connection is cut: after that many bytes read
// or written. -1 is never.
type cut struct {
	read, write int
	cutKind     cutKind
}

// cutConn is a server's connection that is cut. It counts raw bytes, below TLS.
type cutConn struct {
	net.Conn
	cut
	stalled func()        // called when a stall begins
	gaveUp  chan struct{} // closed when the client has given up
	read    int
	wrote   int
	reads   []byte // what was read, and
	writes  []byte // written, where keep is set
	keep    bool
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.cut.read >= 0 {
		if c.read == c.cut.read {
			if err := c.now(); err != nil {
				return 0, err
			}
		} else {
			p = p[:min(len(p), c.cut.read-c.read)]
		}
	}
	n, err := c.Conn.Read(p)
	c.read += n
	if c.keep {
		c.reads = append(c.reads, p[:n]...)
	}
	return n, err
}

func (c *cutConn) Write(p []byte) (int, error) {
	if c.cut.write >= 0 && c.wrote+len(p) > c.cut.write {
		n, _ := c.Conn.Write(p[:c.cut.write-c.wrote])
		c.wrote += n
		if err := c.now(); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:])
		return n + m, err
	}
	n, err := c.Conn.Write(p)
	c.wrote += n
	if c.keep {
		c.writes = append(c.writes, p[:n]...)
	}
	return n, err
}

// now cuts the connection. A stall ends when the client has given up: what it sent
// is still in the socket, and the server continues normally.
func (c *cutConn) now() error {
	c.cut.read, c.cut.write = -1, -1
	switch c.cutKind {
	case fin:
		c.Conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c.Conn)
		return io.EOF
	case rst:
		reset(c.Conn)
		return io.EOF
	}
	c.stalled()
	<-c.gaveUp
	return nil
}
