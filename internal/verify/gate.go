package verify

import (
	"context"
	"fmt"

	"github.com/migplan/migplan/pkg/plan"
)

// GateError keeps a step back: one of its files is not as it was locked, or
// could not be looked at.
type GateError struct {
	Key     string
	Kind    GateKind
	Problem string
	Err     error // nil, or the cause
}

// GateKind is the class of a GateError.
type GateKind string

// The kinds of GateError.
const (
	FileChanged     GateKind = "changed"     // it is another than the locked one, or gone
	FileNotLocked   GateKind = "not-locked"  // the lock does not have it
	FileDenied      GateKind = "denied"      // it could not be looked at: permissions
	FileUnavailable GateKind = "unavailable" // it could not be looked at
)

func (e *GateError) Error() string { return fmt.Sprintf("%s: %s", e.Key, e.Problem) }

// Unwrap gives the cause for errors.Is.
func (e *GateError) Unwrap() error { return e.Err }

// Gate looks at the files of a step right before it is sent, one Stat for
// each, and compares size and ETag with the lock. Its error is a *GateError.
func (l *Lock) Gate(ctx context.Context, s Store, step plan.Step) error {
	for _, key := range step.Backup.Keys {
		e := l.Entry(key)
		if e == nil {
			return &GateError{Key: key, Kind: FileNotLocked, Problem: "the lock does not have it"}
		}
		o, err := s.Stat(ctx, key)
		if err != nil {
			return gateError(key, err)
		}
		if what := e.differs(Entry{Size: o.Size, ETag: o.ETag, Sets: e.Sets}); what != "" {
			return &GateError{Key: key, Kind: FileChanged, Problem: "it is not the file that was locked: " + what}
		}
	}
	return nil
}

func gateError(key string, err error) *GateError {
	e := &GateError{Key: key, Kind: FileUnavailable, Problem: err.Error(), Err: err}
	switch KindOf(err) {
	case Missing, Unusable:
		e.Kind = FileChanged
		e.Problem = "it is gone: " + err.Error()
	case Denied:
		e.Kind = FileDenied
	}
	return e
}
