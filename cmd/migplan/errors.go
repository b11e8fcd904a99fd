package main

import (
	"errors"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/executor"
)

// denied is a credential that was refused, or that is not there.
type denied struct {
	problem, remedy string
	looked          []string // the places that were searched
}

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
	case credentials.Refused, credentials.NotFound, credentials.NoKey:
		return denied{e.Error(), e.Remedy, e.Looked}
	case credentials.Unavailable:
		return away{e.Error(), e.Remedy}
	}
	return usage{e.Error(), e.Remedy}
}

// classified is the class of an error outside of a pass.
func (a *app) classified(err error) executor.Class {
	if _, remedy, class, ok := problemOf(err); ok {
		view.Error(a.stderr, err.Error(), remedy, placesOf(err)...)
		return class
	}
	return a.class(err)
}

// setupError is why a plan cannot be run.
func setupError(err error) *view.SetupError {
	if problem, remedy, class, ok := problemOf(err); ok {
		return &view.SetupError{Class: class, Err: errors.New(problem), Remedy: remedy, Looked: placesOf(err)}
	}
	return &view.SetupError{Class: executor.LedgerStop(err).Class(), Err: err}
}

// placesOf are the places that were searched for credentials, in vain.
func placesOf(err error) []string {
	var d denied
	if errors.As(err, &d) {
		return d.looked
	}
	return nil
}

// problemOf takes apart an error that has its own remedy; ok is false for others.
func problemOf(err error) (problem, remedy string, class executor.Class, ok bool) {
	var u usage
	var d denied
	var w away
	var file *verify.Error
	switch {
	case errors.As(err, &file):
		return file.Problem, file.Remedy, fileClass(file.Kind), true
	case errors.As(err, &u):
		return u.problem, u.remedy, badUsage, true
	case errors.As(err, &d):
		return d.problem, d.remedy, executor.Denied, true
	case errors.As(err, &w):
		return w.problem, w.remedy, executor.TryAgain, true
	}
	return "", "", executor.ClassError, false
}

// fileClass is the class of a file or an object that could not be read.
func fileClass(k verify.Kind) executor.Class {
	switch k {
	case verify.Denied:
		return executor.Denied
	case verify.Changed, verify.Unavailable:
		return executor.TryAgain
	case verify.Missing, verify.Unusable, verify.Archived:
	}
	return executor.Invalid
}
