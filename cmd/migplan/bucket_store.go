package main

import (
	"context"

	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/internal/verify"
	"github.com/migplan/migplan/internal/view"
)

// maxObjects is how many objects below a prefix are listed at most.
const maxObjects = 10_000

// bucketStore is a bucket in OBS as a verify.Store.
type bucketStore struct {
	client *obs.Client
	bucket string
}

func (s bucketStore) Name(key string) string { return "obs://" + s.bucket + "/" + key }

func (s bucketStore) Stat(ctx context.Context, key string) (verify.Object, error) {
	o, err := s.client.Head(ctx, s.bucket, key)
	if err != nil {
		return verify.Object{}, storeError(err)
	}
	return storeObject(o), nil
}

func (s bucketStore) List(ctx context.Context, prefix string) ([]verify.Object, error) {
	list, err := s.client.List(ctx, s.bucket, prefix, maxObjects)
	if err != nil {
		return nil, storeError(err)
	}
	out := make([]verify.Object, len(list))
	for i, o := range list {
		out[i] = storeObject(o)
	}
	return out, nil
}

// Open does not ask for the data of an object that OBS will not give.
func (s bucketStore) Open(ctx context.Context, key string) (verify.File, error) {
	o, err := s.client.Head(ctx, s.bucket, key)
	switch {
	case err != nil:
		return nil, storeError(err)
	case o.Archived():
		return nil, archived(o)
	case o.Encryption == "customer":
		return nil, &verify.Error{Kind: verify.Unusable,
			Problem: view.ObjectClientKey, Remedy: view.UploadUnencrypted}
	}
	return bucketFile{s.client.Reader(ctx, s.bucket, o), storeObject(o)}, nil
}

// bucketFile reads an object, each ReadAt by one ranged request.
type bucketFile struct {
	reader *obs.Reader
	object verify.Object
}

func (f bucketFile) Object() verify.Object { return f.object }

func (bucketFile) Close() error { return nil }

func (f bucketFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.reader.ReadAt(p, off)
	e := readError(err)
	if e != nil && e.Kind == verify.Denied && f.object.Encryption == kms {
		e.Problem, e.Remedy = view.ObjectKMS+": "+e.Problem, view.UploadUnencrypted
	}
	if e != nil {
		return n, e
	}
	return n, err
}

// kms is what Object.Encryption is with a key in KMS.
const kms = "kms"

func storeObject(o obs.Object) verify.Object {
	return verify.Object{
		Key: o.Key, Size: o.Size, ETag: o.ETag, StorageClass: o.StorageClass,
		Archived: o.Archived(), Encryption: o.Encryption, LastModified: o.LastModified,
	}
}
