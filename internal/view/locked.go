package view

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/pkg/plan"
)

// lockedLines say of each step what the plan's lock knows of its files: the
// LSNs, and up to when the target has the data once the step has succeeded.
func (m *Migration) lockedLines(show func(string) string) (out []string) {
	file := filepath.Base(verify.LockFile(m.File))
	switch {
	case m.LockProblem != nil:
		return []string{fmt.Sprintf("%s cannot be used: %s", show(file), Clean(m.LockProblem.Error()))}
	case m.Lock == nil:
		return nil
	}
	for _, s := range m.Plan.Steps {
		for _, key := range s.Backup.Keys {
			out = append(out, fmt.Sprintf("step %d, %s: %s", s.Seq, show(key), lockedText(m.Lock.Entry(key), show(file))))
		}
	}
	return out
}

func lockedText(e *verify.Entry, file string) string {
	switch {
	case e == nil:
		return "not in " + file
	case len(e.Sets) == 0:
		return "locked, its header could not be read"
	}
	var sets []string
	for _, s := range e.Sets {
		text := fmt.Sprintf("LSN %s to %s", s.FirstLSN, s.LastLSN)
		if s.Finished != "" {
			text += ", target current to " + Clean(s.Finished)
		}
		sets = append(sets, text)
	}
	return strings.Join(sets, " and ")
}

// locked are the entries of a step's files in the lock.
func (m *Migration) locked(b plan.Backup) (out []verify.Entry) {
	for _, key := range b.Keys {
		if e := m.Lock.Entry(key); e != nil {
			out = append(out, *e)
		}
	}
	return out
}
