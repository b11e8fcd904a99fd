package main

import (
	"bytes"
	"io"
	"sync"

	"github.com/migplan/migplan/pkg/executor"
)

// said is what a pass over a plan prints. It is kept until the pass has ended, since
// the lines of two plans must not mix; with --wait until the fleet hears of it.
type said struct{ out, errs buffer }

// buffer is what was written and not printed yet.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// take empties the buffer.
func (b *buffer) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := bytes.Clone(b.text.Bytes())
	b.text.Reset()
	return text
}

func (s *said) print(a *app) {
	for _, part := range []struct {
		from *buffer
		to   io.Writer
	}{{&s.errs, a.stderr}, {&s.out, a.stdout}} {
		if text := part.from.take(); len(text) > 0 {
			_, _ = part.to.Write(text) // both remember what was lost
		}
	}
}

// follow makes the passes over a plan say what they do when they do it: a pass that
// searches for the job of a lost answer takes a minute. Nothing here blocks.
func (f *fleet) follow(run *planRun) {
	if run.runner == nil {
		return
	}
	run.runner.Changed = func(c executor.Change) {
		f.sayChange(run, c, f.o)
		run.current.Store(&shown{})
		f.wake()
	}
	run.runner.Doubted = func(step int) {
		run.current.Store(&shown{run.searching(step, f.now())})
		f.wake()
	}
}

func (f *fleet) wake() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// sayNews prints what passes under way have found.
func (f *fleet) sayNews() {
	if !f.o.wait {
		return
	}
	for _, run := range f.runs {
		if run.underWay && run.said != nil {
			run.said.print(f.app)
		}
	}
	f.show(f.runs)
}
