// Package credentialstest checks request signatures from the server's side.
//
// It follows the published description of SDK-HMAC-SHA256 (reference 3.2) and
// shares no code with the signer, so that each one checks the other.
package credentialstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "SDK-HMAC-SHA256"
	dateLayout = "20060102T150405Z"
)

// Verify checks that r, as a server received it, was signed with the secret that
// lookup returns for its access key id, over body and within skew of now. Host
// and X-Sdk-Date must be signed, and X-Project-Id and X-Security-Token if they
// are sent. Errors contain no secrets and no signatures.
func Verify(
	r *http.Request, body []byte,
	lookup func(ak string) (sk, securityToken string, ok bool),
	now time.Time, skew time.Duration,
) error {
	auth, err := parseAuthorization(r.Header.Values("Authorization"))
	if err != nil {
		return err
	}
	sk, token, ok := lookup(auth.access)
	if !ok {
		return errors.New("unknown access key id")
	}
	date, err := checkDate(r.Header.Values("X-Sdk-Date"), now, skew)
	if err != nil {
		return err
	}
	if err := checkHeaders(r, auth.signed, token); err != nil {
		return err
	}
	canonical, err := canonicalRequest(r, body, auth.signed)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(signature(sk, date, canonical)), []byte(auth.signature)) {
		return errors.New("the signature does not match the request")
	}
	return nil
}

type authorization struct {
	access    string
	signed    []string
	signature string
}

// parseAuthorization reads
// "SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=hex".
func parseAuthorization(values []string) (authorization, error) {
	if len(values) != 1 {
		return authorization{}, fmt.Errorf("%d Authorization headers", len(values))
	}
	rest, ok := strings.CutPrefix(values[0], algorithm+" ")
	parts := strings.Split(rest, ", ")
	if !ok || len(parts) != 3 {
		return authorization{}, errors.New("the Authorization header is malformed")
	}
	var value [3]string
	for i, name := range []string{"Access=", "SignedHeaders=", "Signature="} {
		if value[i], ok = strings.CutPrefix(parts[i], name); !ok || value[i] == "" {
			return authorization{}, errors.New("the Authorization header is malformed")
		}
	}
	return authorization{access: value[0], signed: strings.Split(value[1], ";"), signature: value[2]}, nil
}

func checkDate(values []string, now time.Time, skew time.Duration) (string, error) {
	if len(values) != 1 {
		return "", fmt.Errorf("%d X-Sdk-Date headers", len(values))
	}
	t, err := time.Parse(dateLayout, values[0])
	if err != nil {
		return "", errors.New("the X-Sdk-Date header is malformed")
	}
	if off := now.Sub(t).Abs(); off > skew {
		return "", fmt.Errorf("the signature date is %s off", off.Round(time.Second))
	}
	return values[0], nil
}

// checkHeaders requires the headers that bind a signature to one service, project
// and key.
func checkHeaders(r *http.Request, signed []string, token string) error {
	if !slices.IsSorted(signed) || len(slices.Compact(slices.Clone(signed))) != len(signed) {
		return errors.New("the signed headers are not sorted and unique")
	}
	required := []string{"host", "x-sdk-date"}
	for _, name := range []string{"x-project-id", "x-security-token"} {
		if len(r.Header.Values(name)) > 0 {
			required = append(required, name)
		}
	}
	for _, name := range required {
		if !slices.Contains(signed, name) {
			return fmt.Errorf("the header %s is not signed", name)
		}
	}
	sent := r.Header.Values("X-Security-Token")
	if token == "" && len(sent) == 0 {
		return nil
	}
	if len(sent) != 1 || !hmac.Equal([]byte(sent[0]), []byte(token)) {
		return errors.New("the security token does not belong to the access key")
	}
	return nil
}

func canonicalRequest(r *http.Request, body []byte, signed []string) (string, error) {
	rawPath, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	path, err := canonicalPath(rawPath)
	if err != nil {
		return "", err
	}
	query, err := canonicalQuery(rawQuery)
	if err != nil {
		return "", err
	}
	headers, err := canonicalHeaders(r, signed)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{r.Method, path, query, headers, strings.Join(signed, ";"), hashHex(body)}, "\n"), nil
}

// canonicalPath escapes each segment again and ends with a slash, which the path
// on the wire may not have.
func canonicalPath(raw string) (string, error) {
	segments := strings.Split(raw, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return "", errors.New("the path is malformed")
		}
		segments[i] = escape(plain)
	}
	path := strings.Join(segments, "/")
	if !strings.HasSuffix(path, "/") {
		path += "/"
	}
	return path, nil
}

// canonicalQuery sorts by key, then by value, and escapes again. A plus is a
// plus, as in RFC 3986.
func canonicalQuery(raw string) (string, error) {
	var pairs [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		plainKey, err := url.PathUnescape(key)
		plainValue, err2 := url.PathUnescape(value)
		if err != nil || err2 != nil {
			return "", errors.New("the query is malformed")
		}
		pairs = append(pairs, [2]string{plainKey, plainValue})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	lines := make([]string, len(pairs))
	for i, p := range pairs {
		lines[i] = escape(p[0]) + "=" + escape(p[1])
	}
	return strings.Join(lines, "&"), nil
}

func canonicalHeaders(r *http.Request, signed []string) (string, error) {
	var b strings.Builder
	for _, name := range signed {
		values := r.Header.Values(textproto.CanonicalMIMEHeaderKey(name))
		if name == "host" {
			values = []string{r.Host} // net/http moves it out of the headers
		}
		if name != strings.ToLower(name) || len(values) != 1 {
			return "", errors.New("a signed header is not in lower case, or not sent exactly once")
		}
		b.WriteString(name + ":" + strings.TrimSpace(values[0]) + "\n")
	}
	return b.String(), nil
}

// signature uses the secret key itself: no key is derived, unlike in AWS.
func signature(sk, date, canonical string) string {
	mac := hmac.New(sha256.New, []byte(sk))
	mac.Write([]byte(algorithm + "\n" + date + "\n" + hashHex([]byte(canonical))))
	return hex.EncodeToString(mac.Sum(nil))
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// escape leaves A-Z a-z 0-9 - _ . ~ and writes every other byte as %XX.
func escape(s string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(unreserved, s[i]) >= 0 {
			b.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}
