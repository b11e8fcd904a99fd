package main

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/migplan/migplan/internal/view"
)

// messages is stderr behind a queue. A write never waits: a terminal on
// hold, or a pipe that nobody reads, must not delay a create or its record.
type messages struct {
	to io.Writer

	mu      sync.Mutex
	waiting []message
	size    int   // bytes that wait
	dropped int   // lines of the log that found no room
	err     error // the first write that failed; nothing is tried after it
	stuck   bool  // a wait timed out, and nothing was written since
	closed  bool
	wake    chan struct{}
}

// message is a text, or somebody who waits until all before it is written.
type message struct {
	text []byte
	done chan struct{}
}

// maxWaiting is how many bytes may wait before lines of the log are dropped.
const maxWaiting = 1 << 20

func newMessages(to io.Writer) *messages {
	m := &messages{to: to, wake: make(chan struct{}, 1)}
	go m.carry()
	return m
}

// Write queues what a person has to see, however much waits.
func (m *messages) Write(p []byte) (int, error) {
	m.add(message{text: slices.Clone(p)}, false)
	return len(p), nil
}

// logLines queues lines of the log, as long as there is room.
type logLines struct{ *messages }

func (l logLines) Write(p []byte) (int, error) {
	l.add(message{text: slices.Clone(p)}, true)
	return len(p), nil
}

func (m *messages) add(what message, droppable bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return
	case droppable && m.size+len(what.text) > maxWaiting:
		m.dropped++
		return
	}
	m.waiting, m.size = append(m.waiting, what), m.size+len(what.text)
	m.wakeWriter()
}

// wakeWriter wakes the writer, unless it is already awake.
func (m *messages) wakeWriter() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// carry writes what waits, in order, until close.
func (m *messages) carry() {
	for range m.wake {
		for what, ok := m.take(); ok; what, ok = m.take() {
			if what.done != nil {
				close(what.done)
				continue
			}
			m.put(what.text)
		}
	}
}

// take is the next message, which counts as waiting until it is written.
func (m *messages) take() (message, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) == 0 {
		return message{}, false
	}
	what := m.waiting[0]
	m.waiting = m.waiting[1:]
	return what, true
}

// redirect sends what is written from now on elsewhere, and returns where it went.
func (m *messages) redirect(to io.Writer) io.Writer {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.to
	m.to = to
	return was
}

func (m *messages) put(text []byte) {
	to, err := m.target()
	if err == nil {
		_, err = to.Write(text)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err, m.stuck, m.size = err, false, m.size-len(text)
	if n := m.dropped; n > 0 {
		m.dropped = 0
		note := fmt.Appendf(nil, "warning: stderr was not read; %s of the log left out here\n", view.Counted(n, "line"))
		m.waiting, m.size = append(m.waiting, message{text: note}), m.size+len(note)
	}
}

func (m *messages) target() (io.Writer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.to, m.err
}

// settle waits until all that was said is written, at most for d, and not again
// while nothing moves.
func (m *messages) settle(d time.Duration) {
	m.mu.Lock()
	stuck := m.stuck
	m.mu.Unlock()
	if stuck {
		return
	}
	done := make(chan struct{})
	m.add(message{done: done}, false)
	select {
	case <-done:
	case <-time.After(d):
		m.mu.Lock()
		m.stuck = true
		m.mu.Unlock()
	}
}

// close waits for the end of the queue, at most for d, and says whether a write
// failed.
func (m *messages) close(d time.Duration) error {
	m.mu.Lock()
	m.stuck = false
	m.mu.Unlock()
	m.settle(d)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	close(m.wake)
	return m.err
}
