package main

import (
	"errors"
	"strings"
	"unicode"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/pkg/executor"
)

// denied is a credential that was refused, or that is not there.
type denied struct{ problem, remedy string }

func (d denied) Error() string { return d.problem }

// away is something on the network that did not answer.
type away struct{ problem, remedy string }

func (w away) Error() string { return w.problem }

// settingError gives an error about credentials or the endpoint its class.
func settingError(err error) error {
	var e *credentials.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Kind {
	case credentials.Refused, credentials.NotFound:
		return denied{e.Error(), e.Remedy}
	case credentials.Unavailable:
		return away{e.Error(), e.Remedy}
	}
	return usage{e.Error(), e.Remedy}
}

// classified is the code of an error outside of a pass.
func (a *app) classified(err error) executor.Code {
	var d denied
	var w away
	switch {
	case errors.As(err, &d):
		a.sayError(err.Error(), d.remedy)
		return executor.Denied
	case errors.As(err, &w):
		a.sayError(err.Error(), w.remedy)
		return executor.TryAgain
	}
	return a.code(err)
}

// clean takes from a server's text what could steer a terminal or forge a log
// line, and bounds its length.
func clean(s string) string {
	const most = 2048
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if b.Len() > most {
			b.WriteString(" …")
			break
		}
		switch {
		case r == '\n', r == '\t', r == '\r':
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
