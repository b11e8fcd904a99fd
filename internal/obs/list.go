package obs

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"
)

// pageSize is the size of a requested page, and the largest that OBS allows.
const pageSize = 1000

// List returns the objects whose keys start with prefix, in OBS's order, which is
// that of the keys' bytes. More than limit objects are an error of the kind
// TooMany, not a shorter list. Errors are of type *Error.
func (c *Client) List(ctx context.Context, bucket, prefix string, limit int) ([]Object, error) {
	l := listing{client: c, what: target{"list", bucket, prefix}, limit: limit, seen: map[string]bool{}}
	for pages := 1; ; pages++ {
		more, err := l.next(ctx)
		switch {
		case err != nil:
			return nil, err
		case !more:
			return l.objects, nil
		case pages > 10+limit/100: // pages may be smaller than requested, but not that small
			return nil, newError(l.what, BadAnswer, "the list does not end")
		}
	}
}

// listing is a list that is being read.
type listing struct {
	client  *Client
	what    target
	limit   int
	objects []Object
	seen    map[string]bool // keys
	marker  string          // the next page starts after this key
}

// next adds a page and reports whether there is another.
func (l *listing) next(ctx context.Context) (more bool, err error) {
	var page *sdk.ListObjectsOutput
	var objects []Object
	err = l.client.do(ctx, l.what, func(t *try) error {
		input := sdk.ListObjectsInput{Bucket: l.what.bucket, Marker: l.marker}
		input.Prefix, input.MaxKeys = l.what.key, pageSize
		if page, err = t.ListObjects(&input, identity()); err != nil {
			return err
		}
		if objects, err = l.read(t, page); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	return l.add(page, objects)
}

func (l *listing) add(page *sdk.ListObjectsOutput, objects []Object) (more bool, err error) {
	l.objects = append(l.objects, objects...)
	if len(l.objects) > l.limit {
		return false, newError(l.what, TooMany, fmt.Sprintf("there are more than %d objects", l.limit))
	}
	for _, o := range objects {
		if l.seen[o.Key] {
			return false, newError(l.what, BadAnswer, "the list names an object twice")
		}
		l.seen[o.Key] = true
	}
	if !page.IsTruncated {
		return false, nil
	}
	next := page.NextMarker
	if next == "" && len(objects) > 0 {
		next = objects[len(objects)-1].Key
	}
	if next <= l.marker {
		return false, newError(l.what, BadAnswer, "the list does not go on where it stopped")
	}
	l.marker = next
	return true, nil
}

// read checks a page. What the SDK calls a success may be an empty body, or a
// list of something else.
func (l *listing) read(t *try, page *sdk.ListObjectsOutput) ([]Object, error) {
	switch {
	case t.exchange.answer.StatusCode != http.StatusOK || page.XMLName.Local != "ListBucketResult":
		return nil, t.bad(l.what, "the answer is not a list")
	case page.Name != "" && page.Name != l.what.bucket:
		return nil, t.bad(l.what, "the list is of another bucket")
	case page.EncodingType != "":
		return nil, t.bad(l.what, "the list is encoded, which was not asked for")
	case len(page.Contents) > pageSize:
		return nil, t.bad(l.what, "the list is longer than was asked for")
	case len(page.NextMarker) > maxKey:
		return nil, t.bad(l.what, "the list goes on behind a name that is none")
	}
	objects := make([]Object, 0, len(page.Contents))
	for _, entry := range page.Contents {
		o, problem := l.object(t, entry)
		if problem != "" {
			return nil, t.bad(l.what, problem)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

func (l *listing) object(t *try, entry sdk.Content) (Object, string) {
	o := Object{Key: entry.Key, Size: entry.Size, LastModified: entry.LastModified}
	var err error
	switch {
	case o.Key == "" || len(o.Key) > maxKey || !strings.HasPrefix(o.Key, l.what.key):
		return o, "the list has a name that was not asked for"
	case o.Size < 0:
		return o, "the list has a negative size"
	}
	if o.ETag, err = etag([]string{entry.ETag}); err != nil {
		return o, err.Error()
	}
	if o.StorageClass, err = storageClass(string(entry.StorageClass)); err != nil {
		return o, err.Error()
	}
	if t.repeats(o.Key, o.ETag, o.StorageClass) {
		return o, "the answer repeats the access key"
	}
	return o, ""
}
