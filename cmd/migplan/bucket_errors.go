package main

import (
	"errors"
	"io"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
)

// storeError says what to do about an error of OBS.
func storeError(err error) *verify.Error {
	out := &verify.Error{Kind: verify.Unavailable, Problem: err.Error(), Remedy: view.TryLater, Err: err}
	var own *credentials.Error
	var e *obs.Error
	switch {
	case errors.As(err, &own):
		out.Problem, out.Remedy = own.Error(), own.Remedy
		if own.Kind != credentials.Unavailable {
			out.Kind = verify.Denied
		}
	case errors.As(err, &e):
		out.Problem = e.Why()
		explainOBS(e, out)
	}
	return out
}

func explainOBS(e *obs.Error, out *verify.Error) {
	switch e.Kind {
	case obs.NotFound:
		out.Kind, out.Remedy = verify.Missing, view.CheckObjectName
	case obs.Denied:
		out.Kind, out.Remedy = verify.Denied, view.GrantRead(e.Op == "list")
	case obs.Archived:
		out.Kind, out.Remedy = verify.Archived, view.RestoreObject
	case obs.Changed:
		out.Kind, out.Remedy = verify.Changed, view.AwaitUpload
	case obs.BadAnswer:
		out.Remedy = view.CheckOBSEndpoint
	case obs.TooMany:
		out.Kind, out.Remedy = verify.Unusable, view.GiveLongerPrefix
	case obs.Setting:
		out.Kind, out.Remedy = verify.Unusable, view.CheckBucketName
	case obs.Unavailable:
	}
}

// readError is storeError for a read, nil at the end of an object.
func readError(err error) *verify.Error {
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return storeError(err)
}

func archived(o obs.Object) *verify.Error {
	restoring := o.Restore == obs.Restoring
	e := &verify.Error{Kind: verify.Archived, Problem: view.ObjectArchived(o.StorageClass, restoring), Remedy: view.RestoreObject}
	if restoring {
		e.Remedy = view.AwaitRestore
	}
	return e
}
