package main

import (
	"bytes"
	"io"
	"sync"

	"github.com/migplan/migplan/pkg/executor"
)

// said is what a pass over a plan prints, in order. It is kept until the pass has
// ended, since the lines of two plans must not mix; with --wait until the fleet hears
// of it.
type said struct {
	mu    sync.Mutex
	parts []part
}

// part is a text for stdout or stderr.
type part struct {
	onStderr bool
	text     []byte
}

// stream appends what is written to it.
type stream struct {
	*said
	onStderr bool
}

func (s stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts = append(s.parts, part{s.onStderr, bytes.Clone(p)})
	return len(p), nil
}

// take is what was not printed yet.
func (s *said) take() []part {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := s.parts
	s.parts = nil
	return parts
}

func (s *said) print(a *app) {
	for _, p := range s.take() {
		to := a.stdout
		if p.onStderr {
			to = a.stderr
		}
		_, _ = to.Write(p.text) // both remember what was lost
	}
}

// streams are where a pass over a plan prints.
func (a *app) streams(run *planRun) (out, errs io.Writer) {
	if run.said != nil {
		return stream{run.said, false}, stream{run.said, true}
	}
	return a.stdout, a.stderr
}

// follow makes the passes over a plan say what they do when they do it: a pass that
// searches for the job of a lost answer takes a minute. Nothing here blocks.
func (f *fleet) follow(run *planRun) {
	if run.runner == nil {
		return
	}
	run.runner.Note = note(f.log.Output(f.logTo(errsOf{f, run})), run.Plan.Name)
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

// errsOf is what a plan says on stderr.
type errsOf struct {
	f   *fleet
	run *planRun
}

func (e errsOf) Write(p []byte) (int, error) {
	_, errs := e.f.streams(e.run)
	defer e.f.wake()
	return errs.Write(p)
}

func (f *fleet) wake() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// sayNews prints what passes under way have found. With one pass for each of several
// plans, they are printed in the order of the call.
func (f *fleet) sayNews() {
	if !f.o.wait && len(f.runs) > 1 {
		return
	}
	for _, run := range f.runs {
		if run.underWay && run.said != nil {
			run.said.print(f.app)
		}
	}
	f.show(f.runs)
}
