package obs

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// verify checks a request as obs_04_0010 "Using an Authorization Header" says:
//
//	Authorization: OBS AccessKeyID:Signature
//	Signature = Base64(HMAC-SHA1(SK, UTF-8-Encoding-Of(StringToSign)))
//	StringToSign = HTTP-Verb \n Content-MD5 \n Content-Type \n Date \n
//	               CanonicalizedHeaders CanonicalizedResource
//
// AWS signature V2 is the same with other names, and with the path as the
// resource where the bucket is in the path. It was written from the
// documentation and not from the SDK.
func verify(r *http.Request, scheme, prefix, bucket, id, secret string) error {
	want := scheme + " " + id + ":" + sign(r, prefix, bucket, secret)
	if got := r.Header.Get("Authorization"); got != want {
		return fmt.Errorf("Authorization is %q, want %q for %q", got, want, stringToSign(r, prefix, bucket))
	}
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil || time.Since(date).Abs() > 15*time.Minute {
		return fmt.Errorf("RequestTimeTooSkewed: %v", r.Header["Date"])
	}
	return nil
}

func sign(r *http.Request, prefix, bucket, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(stringToSign(r, prefix, bucket)))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// stringToSign takes a bucket that is in the host; with "", it is in the path.
// None of our queries has a subresource.
func stringToSign(r *http.Request, prefix, bucket string) string {
	var headers []string
	for name, values := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, prefix) {
			headers = append(headers, name+":"+strings.Join(values, ",")+"\n")
		}
	}
	slices.Sort(headers)
	resource, _, _ := strings.Cut(r.RequestURI, "?")
	if bucket != "" {
		resource = "/" + bucket + resource
	}
	return r.Method + "\n" + r.Header.Get("Content-MD5") + "\n" + r.Header.Get("Content-Type") + "\n" +
		r.Header.Get("Date") + "\n" + strings.Join(headers, "") + resource
}

// The examples are those of "Signing and authenticating REST requests" of
// Amazon S3, signature V2, with the key that the page uses.
func TestVerifierAgreesWithPublishedSignatures(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	for _, c := range []struct{ uri, date, want string }{
		{"/photos/puppy.jpg", "Tue, 27 Mar 2007 19:36:42 +0000", "bWq2s1WEIj+Ydj0vQ697zp+IXMU="},
		{"/?prefix=photos&max-keys=50&marker=puppy", "Tue, 27 Mar 2007 19:42:41 +0000", "htDYFYduRNen8P9ZfE/s9SuKy0U="},
	} {
		r := &http.Request{Method: "GET", RequestURI: c.uri, Header: http.Header{"Date": {c.date}}}
		if got := sign(r, "x-amz-", "johnsmith", secret); got != c.want {
			t.Errorf("%s: got %s, want %s", c.uri, got, c.want)
		}
	}
}
