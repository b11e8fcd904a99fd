package main

import (
	"errors"

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
