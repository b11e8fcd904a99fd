package plan

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/migplan/migplan/internal/lazy"
)

// isBucketName checks the form of a name. The length is checked apart: a counted
// repetition takes long to compile, and every start needs this one.
func isBucketName(s string) bool {
	return 3 <= len(s) && len(s) <= 63 && bucketForm().MatchString(s)
}

var bucketForm = lazy.Regexp(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`)

// checkBucket: page, table 6, bucket_name.
func checkBucket(c *checker) {
	if c.plan.Source.OBS == nil || c.plan.Source.OBS.Bucket == "" {
		return
	}
	bucket, at := c.plan.Source.OBS.Bucket, c.at("source", "obs", "bucket")
	if name, folder, ok := bucketAddress(bucket); ok {
		c.report(at, "bucket is an address, not the name of a bucket", writeBucket(name, folder))
	} else if _, err := netip.ParseAddr(bucket); err == nil {
		c.report(at, fmt.Sprintf("bucket %q is an IP address", bucket), "write the name of the bucket")
	} else if !isBucketName(bucket) || strings.Contains(bucket, "..") {
		c.report(at, fmt.Sprintf("bucket name %q is not valid", bucket),
			"use 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends")
	}
}

// checkPrefix: obs_path has no leading and one trailing slash in all examples.
func checkPrefix(c *checker) {
	n := child(child(child(c.root, "source"), "obs"), "prefix")
	if p := text(n); p != "" && p != folder(p) {
		c.report(n, fmt.Sprintf("prefix %q is read as the folder %q", p, folder(p)), "write it that way")
	}
}

// obsHost is the end of the host names of OBS, from the region on.
var obsHost = lazy.Regexp(`(^|\.)obs\.[a-z0-9-]+\.myhuaweicloud\.[a-z]+$`)

// bucketAddress reads the bucket and the folder from what the console, obsutil
// and browsers show instead of a name: obs://bucket/folder, the address with the
// bucket in the host name or in the path, and bucket/folder.
func bucketAddress(s string) (bucket, folder string, ok bool) {
	scheme, rest, hasScheme := strings.Cut(s, "://")
	if !hasScheme {
		scheme, rest = "", s
	}
	host, path, hasPath := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host[strings.LastIndex(host, "@")+1:], ":")
	path, _, _ = strings.Cut(path, "?")
	switch at := obsHost().FindStringIndex(host); {
	case at != nil && at[0] > 0:
		bucket = host[:at[0]]
	case at != nil:
		bucket, path, _ = strings.Cut(path, "/")
	case hasScheme && !strings.HasPrefix(scheme, "http") || !hasScheme && hasPath:
		bucket = host
	}
	return bucket, path, hasScheme || hasPath || obsHost().MatchString(host)
}

// writeBucket says what to write instead of an address. A name that is not one
// is not repeated: an address may contain a signature.
func writeBucket(name, folder string) string {
	if !isBucketName(name) {
		return "write only the name, as in bucket: zyy-obs"
	}
	if strings.Trim(folder, "/") == "" {
		return "write bucket: " + name
	}
	return fmt.Sprintf("write bucket: %s, and the folder as the prefix", name)
}

// checkPrefixTwice: the prefix is put before every key, so a key that begins
// with it names a folder in the folder.
func checkPrefixTwice(c *checker) {
	if c.plan.Source.OBS == nil || c.plan.Source.OBS.Prefix == "" {
		return
	}
	prefix := c.plan.Source.OBS.Prefix
	for _, o := range c.objects {
		if rest, ok := strings.CutPrefix(o.node.Value, prefix); ok && rest != "" {
			c.reportEach(o.node, fmt.Sprintf("the key begins with the prefix, so the object is %q", o.key),
				fmt.Sprintf("if it is %q, write %s: migplan puts the prefix before every key", o.node.Value, rest),
				fmt.Sprintf("unless there is such a folder, write the keys without %q: migplan puts the prefix before every key", prefix))
		}
	}
}
