package main

import (
	"context"
	"strings"

	"github.com/migplan/migplan/internal/obs"
	"github.com/migplan/migplan/internal/view"
	"github.com/migplan/migplan/pkg/backup"
)

// inBucket reports whether an argument names an object or a folder in OBS.
func inBucket(arg string) bool { return strings.HasPrefix(arg, "obs://") }

// bucketArgs connects to OBS where an argument is about it.
func (a *app) bucketArgs(ctx context.Context, args []string, s *settings, region string) (*obs.Client, error) {
	isRemote := false
	for _, arg := range args {
		if !inBucket(arg) {
			continue
		}
		isRemote = true
		if bucket, _ := bucketAndKey(arg); bucket == "" {
			return nil, usage{arg + " names no bucket", "write it as obs://BUCKET/KEY, or obs://BUCKET/PREFIX/ for a folder"}
		}
	}
	if !isRemote {
		return nil, nil
	}
	if region == "" {
		region = a.get("HW_REGION_NAME")
	}
	if region == "" && a.obsEndpoint(s) == "" {
		return nil, usage{"the region of the bucket is missing", "give --region, for example --region ap-southeast-3"}
	}
	return a.connectBucket(ctx, s, bucketRegion{region: region})
}

func bucketAndKey(arg string) (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(arg, "obs://"), "/")
	return bucket, key
}

// objectsOf is the object of a name, or all objects of a folder, as of a
// folder of files: hidden ones are passed over.
func objectsOf(ctx context.Context, c *obs.Client, arg string) []found {
	bucket, key := bucketAndKey(arg)
	store := bucketStore{c, bucket}
	if key != "" && !strings.HasSuffix(key, "/") {
		return []found{remoteFile(store, key)}
	}
	list, err := store.List(ctx, key)
	if err != nil {
		return []found{{path: store.Name(key), err: err}}
	}
	var all []found
	for _, o := range list {
		below := strings.TrimPrefix(o.Key, key)
		if !strings.HasSuffix(o.Key, "/") && !strings.HasPrefix(below, ".") && !strings.Contains(below, "/.") {
			all = append(all, remoteFile(store, o.Key))
		}
	}
	if len(all) == 0 {
		return []found{{path: store.Name(key), err: usage{"the folder has no object in it", "give a folder with backup files"}}}
	}
	return all
}

func remoteFile(store bucketStore, key string) found {
	name := store.Name(key)
	return found{path: name, read: func(ctx context.Context) (*backup.Media, []backup.Finding, error) {
		file, err := store.Open(ctx, key)
		if err != nil {
			return nil, nil, err
		}
		m, err := backup.Read(file, file.Object().Size)
		if err != nil || file.Object().Encryption != kms {
			return m, nil, err
		}
		return m, []backup.Finding{{
			ID: findKMS, Severity: backup.Warning, File: name, Summary: view.ObjectKMS, Action: view.UploadUnencrypted,
		}}, nil
	}}
}
