package main

import (
	"bytes"
	"context"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
)

const (
	watchEvery  = 2 * time.Second        // status --watch reads the ledger again this often at most,
	watchShare  = 20                     // and takes at most this part of the time for it
	resizeEvery = 250 * time.Millisecond // a terminal may get another size
)

// frame is a text that becomes what a terminal shows.
type frame struct {
	bytes.Buffer
	width int
}

// Columns is how wide its tables may be: the last column of a terminal stays empty.
func (f *frame) Columns() int { return f.width - 1 }

// watch shows the status of plans until a signal ends it, and then ends with the
// code of what it has shown last.
func (a *app) watch(ctx context.Context, args []string, o statusOptions) error {
	terminal, err := a.watched(o)
	if err != nil {
		return err
	}
	screen := view.NewScreen(terminal)
	last := executor.OK
	for {
		width, height, err := term.GetSize(int(terminal.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			width, height = 80, 24
		}
		began := time.Now()
		text, class := a.frame(ctx, args, o, width)
		if ctx.Err() != nil { // it was cut short
			break
		}
		screen.Draw(text, width, height)
		last = class
		if !a.pause(ctx, terminal, max(watchEvery, watchShare*time.Since(began)), width, height) {
			break
		}
	}
	screen.Close()
	return exitWith(last)
}

// watched is the terminal that shows the status.
func (a *app) watched(o statusOptions) (*os.File, error) {
	if o.output != "text" {
		return nil, usage{"--watch with -o " + o.output, "remove one of them: --watch shows text on a terminal"}
	}
	if out, ok := a.stdout.(*output); ok && isTerminal(out) {
		if f, ok := out.Writer.(*os.File); ok {
			return f, nil
		}
	}
	return nil, usage{"--watch needs a terminal, and the output goes elsewhere", "leave --watch out, and run status again when you need it; -o json is for programs"}
}

// frame is what status says, errors included, and its class.
func (a *app) frame(ctx context.Context, args []string, o statusOptions, width int) (string, executor.Class) {
	errs, out := &frame{width: width}, &frame{width: width}
	inner := *a
	inner.stdout, inner.stderr = out, newMessages(errs)
	inner.log = inner.logger()
	view.Line(errs, "%s; Ctrl-C ends this", view.Stamp(time.Now()))
	view.Line(errs, "")
	class := inner.class(inner.status(ctx, args, o))
	_ = inner.stderr.close(lastWait) // memory cannot fail
	return errs.String() + out.String(), class
}

// pause waits until the text is due again, or the terminal has another size; false
// is the end of the run.
func (a *app) pause(ctx context.Context, terminal *os.File, long time.Duration, width, height int) bool {
	for until := time.Now().Add(long); time.Now().Before(until); {
		if !a.sleep(ctx, resizeEvery) {
			return false
		}
		if w, h, err := term.GetSize(int(terminal.Fd())); err == nil && (w != width || h != height) {
			return true
		}
	}
	return true
}
