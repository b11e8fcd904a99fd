package obs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"
)

// Reader reads an object that Head described, each ReadAt by one ranged
// request. All reads are of the same object: if it is replaced in between,
// ReadAt returns an *Error of the kind Changed. It is safe for concurrent use.
type Reader struct {
	ctx    context.Context // io.ReaderAt has no place for it
	client *Client
	bucket string
	object Object
}

// Reader reads o, which Head returned, until ctx ends.
func (c *Client) Reader(ctx context.Context, bucket string, o Object) *Reader {
	return &Reader{ctx, c, bucket, o}
}

// Size is the size of the object in bytes.
func (r *Reader) Size() int64 { return r.object.Size }

// ReadAt reads len(p) bytes from off, or to the end and then returns io.EOF. With
// any other error, n is 0 and p may have been written to.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	what := target{"read", r.bucket, r.object.Key}
	switch {
	case off < 0:
		return 0, newError(what, Setting, "negative offset")
	case len(p) == 0:
		return 0, nil
	case off >= r.object.Size:
		return 0, io.EOF
	}
	part := p[:min(int64(len(p)), r.object.Size-off)]
	if err := r.client.do(r.ctx, what, func(t *try) error { return r.read(t, what, part, off) }); err != nil {
		return 0, err
	}
	if len(part) < len(p) {
		return len(part), io.EOF
	}
	return len(part), nil
}

// read fills p from one answer.
func (r *Reader) read(t *try, what target, p []byte, off int64) error {
	last := off + int64(len(p)) - 1
	input := sdk.GetObjectInput{IfMatch: `"` + r.object.ETag + `"`}
	input.Bucket, input.Key = r.bucket, r.object.Key
	output, err := t.GetObject(&input, sdk.WithCustomHeader("Range", fmt.Sprintf("bytes=%d-%d", off, last)), identity())
	if err != nil {
		return err
	}
	defer output.Body.Close()
	if err := r.check(t, what, fmt.Sprintf("bytes %d-%d/%d", off, last, r.object.Size), int64(len(p))); err != nil {
		return err
	}
	return t.fill(what, p)
}

// check compares the answer with the request: it must have exactly that range of
// that object, as it is stored.
func (r *Reader) check(t *try, what target, contentRange string, length int64) error {
	answer := t.exchange.answer
	tag, err := etag(answer.Header.Values("Etag"))
	ranges := answer.Header.Values("Content-Range")
	switch {
	case answer.StatusCode != http.StatusPartialContent:
		return t.bad(what, "the server does not send the range that it was asked for")
	case err != nil:
		return t.bad(what, err.Error())
	case tag != r.object.ETag:
		return t.answered(what, Changed, "the object has changed", "")
	case len(ranges) != 1 || ranges[0] != contentRange:
		return t.bad(what, "the server sends another range than it was asked for")
	case answer.Header.Get("Content-Encoding") != r.object.contentEncoding:
		return t.bad(what, "the server, or a proxy, sends the object encoded")
	case answer.ContentLength >= 0 && answer.ContentLength != length:
		return t.bad(what, "the server announces another length than it was asked for")
	}
	return nil
}

// fill reads exactly p, and the end of the answer: so the connection can be used
// again.
func (t *try) fill(what target, p []byte) error {
	body := t.exchange.answer.Body
	if _, err := io.ReadFull(body, p); err != nil {
		return unanswered(what, err)
	}
	var extra [1]byte
	switch n, err := io.ReadFull(body, extra[:]); {
	case n > 0:
		return t.bad(what, "the server sends more than it was asked for")
	case !errors.Is(err, io.EOF):
		return unanswered(what, err)
	}
	return nil
}
