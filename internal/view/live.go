package view

import (
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Live keeps one line per running step at the bottom of a terminal, and lets other
// text scroll above it. Show never waits for the terminal: one that is on hold must
// not delay a request or its record.
type Live struct {
	out   io.Writer
	bars  *mpb.Progress
	wake  chan struct{}
	ended chan struct{}

	mu    sync.Mutex
	want  map[string]Running // by plan: what is to be shown
	shown map[string]*mpb.Bar
}

// NewLive shows lines on a terminal. Close ends it.
func NewLive(terminal *os.File, refresh time.Duration) *Live {
	console := cupwriter.New(fromLineStart{terminal}, false)
	console.SetTermFd(int(terminal.Fd()))
	return newLive(terminal, mpb.WithConsoleWriter(console), mpb.WithAutoRefresh(), mpb.WithRefreshRate(refresh))
}

// fromLineStart moves the cursor to the start of its line before each write: a key
// that the terminal echoes, like the ^C of an interrupt, moves it away.
type fromLineStart struct{ io.Writer }

func (w fromLineStart) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(append([]byte{'\r'}, p...))
	return max(0, n-1), err
}

func newLive(out io.Writer, options ...mpb.ContainerOption) *Live {
	l := &Live{
		out: out, bars: mpb.New(options...), wake: make(chan struct{}, 1), ended: make(chan struct{}),
		want: map[string]Running{}, shown: map[string]*mpb.Bar{},
	}
	go l.follow()
	return l
}

// Show replaces what is shown.
func (l *Live) Show(running []Running) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.want)
	for _, r := range running {
		l.want[r.Plan] = r
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Write prints text above the lines.
func (l *Live) Write(p []byte) (int, error) {
	if n, err := l.bars.Write(p); err == nil {
		return n, nil
	}
	return l.out.Write(p) // after Close
}

// Close removes the lines. It waits at most for limit.
func (l *Live) Close(limit time.Duration) {
	l.Show(nil)
	close(l.wake)
	select {
	case <-l.ended:
	case <-time.After(limit):
	}
}

// follow adds and removes lines; it is the only one that waits for mpb.
func (l *Live) follow() {
	defer close(l.ended)
	for range l.wake {
		l.adjust()
	}
	l.adjust()
	l.bars.Wait()
}

func (l *Live) adjust() {
	l.mu.Lock()
	var gone []*mpb.Bar
	var added []string
	for name, bar := range l.shown {
		if _, still := l.want[name]; !still {
			gone = append(gone, bar)
			delete(l.shown, name)
		}
	}
	for name := range l.want {
		if l.shown[name] == nil {
			added = append(added, name)
		}
	}
	l.mu.Unlock()
	for _, bar := range gone {
		bar.Abort(true)
	}
	slices.Sort(added)
	for _, name := range added {
		bar, err := l.bars.Add(0, l.filler(name), mpb.BarFillerTrim())
		if err != nil {
			return
		}
		l.mu.Lock()
		l.shown[name] = bar
		l.mu.Unlock()
	}
}

// filler draws the line of a plan as it is now.
func (l *Live) filler(name string) mpb.BarFiller {
	return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
		l.mu.Lock()
		r, ok := l.want[name]
		l.mu.Unlock()
		if !ok {
			return nil
		}
		_, err := io.WriteString(w, r.Line(time.Now(), s.AvailableWidth))
		return err
	})
}
