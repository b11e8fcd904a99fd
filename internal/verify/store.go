// Package verify compares a plan with its backup files: that each file is
// there, is whole and is what the plan says, and that the files of each
// database are a restore chain. It also writes and compares the lock of a
// plan, which names the files by their size, ETag and header.
//
// It reads files through a Store, so a folder and a bucket are checked in the same way.
package verify

import (
	"context"
	"errors"
	"io"
	"time"
)

// Store is where the files of a plan are: a folder or a bucket. Keys are whole
// object keys, with the prefix of the plan. Its errors are of type *Error. It
// is safe for concurrent use.
type Store interface {
	// Stat looks at an object without reading it; in a bucket, one HEAD.
	Stat(ctx context.Context, key string) (Object, error)
	// Open looks at an object and reads it within ctx; in a bucket, one HEAD,
	// and one GET for each ReadAt. All reads are of the object that Open saw: when
	// it was replaced in between, ReadAt fails with the kind Changed.
	Open(ctx context.Context, key string) (File, error)
	// List gives the objects whose keys start with prefix, ordered by the bytes
	// of their keys. Of those, Archived and Encryption may not be known.
	List(ctx context.Context, prefix string) ([]Object, error)
	// Name is how messages name an object: a path, or obs://BUCKET/KEY.
	Name(key string) string
}

// File is an open object.
type File interface {
	io.ReaderAt
	io.Closer
	Object() Object
}

// Object is what a store says of an object.
type Object struct {
	Key          string
	Size         int64     // in bytes
	ETag         string    // without quotes; "" where the store has none, as a folder
	StorageClass string    // in OBS's words, STANDARD for example; "" where the store has none
	Archived     bool      // its data cannot be read before it is restored from the archive
	Encryption   string    // "", "kms", "AES256" (with OBS's key) or "customer"
	LastModified time.Time // zero where it is not known
}

// Kind is the class of an Error.
type Kind string

// The kinds of Error.
const (
	Missing     Kind = "missing"     // there is no such object, or no such bucket
	Unusable    Kind = "unusable"    // something is there that is no object with data: a folder, a pipe
	Archived    Kind = "archived"    // it has to be restored from the archive before it can be read
	Changed     Kind = "changed"     // it was replaced while it was read
	Denied      Kind = "denied"      // the credentials, or the permissions, do not allow it
	Unavailable Kind = "unavailable" // no usable answer came; a later run may get one
)

// Error says why a store gave nothing.
type Error struct {
	Kind    Kind
	Problem string // in words, without the name of the object
	Remedy  string // what to do; "" for nothing in particular
	Err     error  // nil, or the cause
}

func (e *Error) Error() string { return e.Problem }

// Unwrap gives the cause for errors.Is.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the first Error in err's tree, Unavailable for any
// other error and "" for none.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return Unavailable
}
