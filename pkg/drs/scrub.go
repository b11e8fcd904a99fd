package drs

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const redacted = "[redacted]"

// scrub removes the request's credentials from a body: a server may echo what it
// received, and its text goes into the ledger and to the terminal. Short values
// are removed only from errors, where a name that matches does not matter.
func scrub(resp *http.Response, body []byte) []byte {
	least := 16
	if resp.StatusCode != http.StatusOK {
		least = 6
	}
	for _, secret := range proofs(resp) {
		if len(secret) >= least {
			body = redact(body, secret)
		}
	}
	return body
}

// scrubHeader does the same for the only header that is shown.
func scrubHeader(resp *http.Response) {
	id := resp.Header.Get("X-Request-Id")
	for _, secret := range proofs(resp) {
		if len(secret) >= 6 {
			id = strings.ReplaceAll(id, secret, redacted)
		}
	}
	if id != "" {
		resp.Header.Set("X-Request-Id", id)
	}
}

// proofs are the credentials in the request's headers, longest first: one may be
// part of another.
func proofs(resp *http.Response) []string {
	if resp.Request == nil {
		return nil
	}
	h := resp.Request.Header
	signed := h.Get("Authorization")
	_, signature, _ := strings.Cut(signed, "Signature=")
	out := []string{signed, signature, h.Get("X-Auth-Token"), h.Get("X-Security-Token")}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// redact replaces a secret everywhere in a body, also where it is written with
// JSON escapes: \u002b may be the plus sign of a token.
func redact(body []byte, secret string) []byte {
	if !bytes.ContainsRune(body, '\\') {
		return bytes.ReplaceAll(body, []byte(secret), []byte(redacted))
	}
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		if n := spells(body, secret); n > 0 {
			out, body = append(out, redacted...), body[n:]
			continue
		}
		_, n := character(body)
		out, body = append(out, body[:n]...), body[n:]
	}
	return out
}

// spells returns the number of bytes at the start of body that spell the secret,
// 0 if they do not.
func spells(body []byte, secret string) int {
	at := 0
	for i := range len(secret) {
		c, n := character(body[at:])
		if n == 0 || c != rune(secret[i]) {
			return 0
		}
		at += n
	}
	return at
}

// character reads one byte, or one escape of a JSON string, and returns its size
// in bytes. Secrets are ASCII, so this is enough.
func character(b []byte) (c rune, size int) {
	switch {
	case len(b) == 0:
		return 0, 0
	case b[0] != '\\' || len(b) == 1:
		return rune(b[0]), 1
	case b[1] != 'u' || len(b) < 6:
		return rune(b[1]), 2
	}
	code, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return rune(b[1]), 2
	}
	return rune(code), 6
}
