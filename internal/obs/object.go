package obs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/migplan/migplan/internal/lazy"
)

// The storage classes of OBS. Others are kept as OBS writes them.
const (
	Standard    = "STANDARD"
	Warm        = "WARM"
	Cold        = "COLD" // archive
	DeepArchive = "DEEP_ARCHIVE"
)

// Object is what OBS reports about one object.
type Object struct {
	Key          string
	Size         int64  // in bytes
	ETag         string // without its quotes
	StorageClass string
	LastModified time.Time // zero where it is not known

	// Only Head sets the fields below.
	Restore    Restore
	Encryption string // "", "kms", "AES256" (with OBS's key) or "customer" (with a key of the client)

	contentEncoding string // as set by the uploader; OBS does not compress or decompress
}

// Restore says whether an archived object was restored.
type Restore string

// The states of Restore.
const (
	NotRestored Restore = "" // also of an object that is not archived
	Restoring   Restore = "restoring"
	Restored    Restore = "restored"
)

// Archived reports an object whose data cannot be read before a restore.
func (o Object) Archived() bool {
	return (o.StorageClass == Cold || o.StorageClass == DeepArchive) && o.Restore != Restored
}

// Head returns the properties of an object. Errors are of type *Error.
func (c *Client) Head(ctx context.Context, bucket, key string) (Object, error) {
	what := target{"head", bucket, key}
	if strings.TrimSpace(key) == "" {
		return Object{}, newError(what, Setting, "not an object name")
	}
	var found Object
	err := c.do(ctx, what, func(t *try) error {
		_, err := t.HeadObject(&sdk.HeadObjectInput{Bucket: bucket, Key: key}, identity())
		if err == nil {
			found, err = t.object(what)
		}
		return err
	})
	return found, err
}

// identity keeps proxies from compressing the answer.
func identity() any { return sdk.WithCustomHeader("Accept-Encoding", "identity") }

// object reads the headers of the answer to HEAD.
func (t *try) object(what target) (Object, error) {
	h := t.exchange.answer.Header
	o := Object{
		Key: what.key, Size: t.exchange.answer.ContentLength,
		Restore: restore(header(h, "restore")), Encryption: encryption(h), contentEncoding: h.Get("Content-Encoding"),
	}
	var err error
	if t.exchange.answer.StatusCode != http.StatusOK || o.Size < 0 {
		return Object{}, t.bad(what, "the answer does not describe an object")
	}
	if o.ETag, err = etag(h.Values("Etag")); err != nil {
		return Object{}, t.bad(what, err.Error())
	}
	if o.StorageClass, err = storageClass(header(h, "storage-class")); err != nil {
		return Object{}, t.bad(what, err.Error())
	}
	if o.Encryption != "" && !plainText().MatchString(o.Encryption) {
		return Object{}, t.bad(what, "the answer has a header that OBS does not send")
	}
	if t.repeats(o.ETag, o.StorageClass, o.Encryption, o.contentEncoding) {
		return Object{}, t.bad(what, "the answer repeats the access key")
	}
	o.LastModified, _ = http.ParseTime(h.Get("Last-Modified"))
	return o, nil
}

// header is a header of OBS: its name depends on the signature.
func header(h http.Header, name string) string {
	if value := h.Get("X-Obs-" + name); value != "" {
		return value
	}
	return h.Get("X-Amz-" + name)
}

var plainText = lazy.Regexp(`^[A-Za-z0-9:/+=._-]{1,128}$`)

// etag removes the quotes. Without a strong ETag, nothing shows that two reads are
// of the same object.
func etag(values []string) (string, error) {
	if len(values) != 1 {
		return "", fmt.Errorf("the answer has %d ETags", len(values))
	}
	tag := strings.TrimSuffix(strings.TrimPrefix(values[0], `"`), `"`)
	if !plainText().MatchString(tag) || strings.HasPrefix(tag, "W/") {
		return "", errors.New("the answer has an ETag of an unknown form")
	}
	return tag, nil
}

// storageClass reads OBS's names and, under signature V2, those of S3. OBS
// omits the header for standard.
func storageClass(name string) (string, error) {
	switch name {
	case "":
		return Standard, nil
	case "STANDARD_IA":
		return Warm, nil
	case "GLACIER":
		return Cold, nil
	}
	if !plainText().MatchString(name) {
		return "", errors.New("the answer has a storage class of an unknown form")
	}
	return name, nil
}

// restore reads `ongoing-request="false", expiry-date="..."`.
func restore(value string) Restore {
	switch {
	case strings.Contains(value, `ongoing-request="true"`):
		return Restoring
	case strings.Contains(value, `ongoing-request="false"`):
		return Restored
	}
	return NotRestored
}

func encryption(h http.Header) string {
	switch kind := header(h, "server-side-encryption"); {
	case header(h, "server-side-encryption-customer-algorithm") != "":
		return "customer"
	case kind == "aws:kms":
		return "kms"
	default:
		return kind
	}
}
