package drs

import (
	"bytes"
	"net/http"
	"strings"
)

// scrub takes from a body what the request bore as a proof of identity: a
// server may give back what it was sent, and its words reach the ledger and
// the terminal. Short values are looked for only where names do not matter.
func scrub(resp *http.Response, body []byte) []byte {
	if resp.Request == nil {
		return body
	}
	least := 16
	if resp.StatusCode != http.StatusOK {
		least = 6
	}
	for _, secret := range proofs(resp.Request.Header) {
		if len(secret) >= least {
			body = bytes.ReplaceAll(body, []byte(secret), []byte("[redacted]"))
			id := resp.Header.Get("X-Request-Id")
			resp.Header.Set("X-Request-Id", strings.ReplaceAll(id, secret, "[redacted]"))
		}
	}
	return body
}

// proofs are the values of the headers that prove who asks.
func proofs(h http.Header) []string {
	signed := h.Get("Authorization")
	_, signature, _ := strings.Cut(signed, "Signature=")
	return []string{signed, signature, h.Get("X-Auth-Token"), h.Get("X-Security-Token")}
}
