package main

import (
	"errors"
	"io"

	"github.com/migplan/migplan/internal/credentials"
	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/internal/verify"
)

// What to do about an object that cannot be read, or that DRS cannot read.
const (
	restoreFirst = "restore the object in OBS, or change its storage class to Standard"
	withoutKey   = "upload it without encryption, which DRS does not support"
)

// storeError says what to do about an error of OBS.
func storeError(err error) *verify.Error {
	out := &verify.Error{Kind: verify.Unavailable, Problem: err.Error(), Remedy: "run it again later", Err: err}
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
		out.Kind, out.Remedy = verify.Missing, "check the bucket and the name, in upper and lower case"
	case obs.Denied:
		out.Kind, out.Remedy = verify.Denied, "check the access key; it needs "+permission(e.Op)+" (docs/permissions.md)"
	case obs.Archived:
		out.Kind, out.Remedy = verify.Archived, restoreFirst
	case obs.Changed:
		out.Kind, out.Remedy = verify.Changed, "it was replaced while it was read: run it again when the upload has ended"
	case obs.BadAnswer:
		out.Remedy = "OBS does not answer so: check the region, --obs-endpoint and the proxy"
	case obs.TooMany:
		out.Kind, out.Remedy = verify.Unusable, "give a longer prefix"
	case obs.Setting:
		out.Kind, out.Remedy = verify.Unusable, "check the name of the bucket and of the object"
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
	e := &verify.Error{Kind: verify.Archived, Problem: "it is archived, in storage class " + o.StorageClass, Remedy: restoreFirst}
	if o.Restore == obs.Restoring {
		e.Problem, e.Remedy = e.Problem+", and its restore has not finished", "wait until the restore in OBS has finished"
	}
	return e
}

// permission is what an operation takes, as docs/permissions.md grants it.
func permission(op string) string {
	if op == "list" {
		return "obs:bucket:ListBucket on the bucket"
	}
	return "obs:object:GetObject on the object"
}
