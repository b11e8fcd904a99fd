package verify

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Folder is a Store on a local disk. It takes the place of the prefix of a plan: the
// object PREFIX/LOG/a.bak is the file LOG/a.bak in it.
type Folder struct {
	Path   string
	Prefix string // of the plan's source, with its trailing slash
}

// Name is the path of the object's file.
func (f Folder) Name(key string) string {
	return filepath.Join(f.Path, filepath.FromSlash(strings.TrimPrefix(key, f.Prefix)))
}

// standsFor is what the folder is in place of.
func (f Folder) standsFor() string {
	if f.Prefix == "" {
		return "the bucket"
	}
	return "the prefix " + f.Prefix
}

// Stat looks at a file.
func (f Folder) Stat(_ context.Context, key string) (Object, error) {
	info, err := os.Stat(f.Name(key))
	if err != nil {
		return Object{}, fileError(err)
	}
	return fileObject(key, info)
}

// Open opens a file. What is no regular file is not opened: a pipe would wait
// for its writer.
func (f Folder) Open(ctx context.Context, key string) (File, error) {
	if _, err := f.Stat(ctx, key); err != nil {
		return nil, err
	}
	file, err := os.Open(f.Name(key))
	if err != nil {
		return nil, fileError(err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fileError(err)
	}
	o, err := fileObject(key, info)
	if err != nil {
		file.Close()
		return nil, err
	}
	return openFile{file, o}, nil
}

type openFile struct {
	*os.File
	object Object
}

func (f openFile) Object() Object { return f.object }

// List gives the files below prefix. Hidden files and folders are passed over,
// and links to folders are not followed.
func (f Folder) List(ctx context.Context, prefix string) ([]Object, error) {
	var all []Object
	err := fs.WalkDir(os.DirFS(f.Path), ".", func(name string, e fs.DirEntry, err error) error {
		switch key := f.Prefix + name; {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return fs.SkipDir
			}
		case !e.IsDir() && strings.HasPrefix(key, prefix):
			if o, err := f.Stat(ctx, key); err == nil {
				all = append(all, o)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fileError(err)
	}
	slices.SortFunc(all, func(a, b Object) int { return cmp.Compare(a.Key, b.Key) })
	return all, nil
}

func fileObject(key string, info fs.FileInfo) (Object, error) {
	if !info.Mode().IsRegular() {
		return Object{}, &Error{Kind: Unusable, Problem: "it is not a regular file", Remedy: "put the backup file there"}
	}
	return Object{Key: key, Size: info.Size(), LastModified: info.ModTime()}, nil
}

// fileError leaves out the path, which the caller names.
func fileError(err error) *Error {
	e := &Error{Kind: Unavailable, Problem: err.Error(), Err: err}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		e.Problem = inner.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Kind, e.Problem = Missing, "no such file"
	case errors.Is(err, fs.ErrPermission):
		e.Kind, e.Remedy = Denied, "check its permissions"
	}
	return e
}
