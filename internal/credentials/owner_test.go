package credentials

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const annsID, bobsID = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"

// registry is an IAM that knows the owners of tokens: "ID METHODS" by token.
func registry(t *testing.T, tokens map[string]string) *fake {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("X-Subject-Token")
		entry, known := tokens[token]
		if r.Method != "GET" || r.RequestURI != "/v3/auth/tokens?nocatalog=1" || r.Header.Get("X-Auth-Token") != token || !known {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		id, methods, _ := strings.Cut(entry, " ")
		fmt.Fprintf(w, `{"token":{"methods":[%s],"user":{"id":%q,"name":"%s"}}}`, methods, id, canary)
	})
}

func tokenVars(service *fake, token string) map[string]string {
	return map[string]string{"MIGPLAN_AUTH_TOKEN": token, "HW_AUTH_URL": service.URL + "/v3"}
}

func TestTokenPrincipalIsItsOwner(t *testing.T) {
	service := registry(t, map[string]string{
		"anns": annsID + ` "password"`, "anns-second": annsID + ` "password","totp"`, "bobs": bobsID + ` "password"`,
		"agency": annsID + ` "assume_role"`, "federated": "LdQTDSC7zmJVIic3yaCbLBXDxPAdDxLg " + `"mapped"`,
		"long": canary + ` "password"`, annsID: annsID + ` "password"`, "x" + annsID + "y": annsID + ` "password"`,
	})
	for token, want := range map[string]string{
		"anns": "token:" + annsID, "anns-second": "token:" + annsID, "bobs": "token:" + bobsID,
		"agency": "token", "federated": "token", "long": "token", annsID: "token", "x" + annsID + "y": "token",
	} {
		c := resolve(t, Options{Env: environ(tokenVars(service, token))})
		if c.Principal != want || proof(t, c) != token {
			t.Errorf("%s: principal %q, want %q", token, c.Principal, want)
		}
		silent(t, token, c)
	}
}

// Without HW_AUTH_URL, or if IAM does not give the owner, the principal is the same
// for every token.
func TestTokenPrincipalOfUnknownOwnerIsConstant(t *testing.T) {
	c := resolve(t, Options{Env: environ(map[string]string{"MIGPLAN_AUTH_TOKEN": "x"}), Region: "cn-north-4"})
	if c.Principal != "token" {
		t.Errorf("not asked: %q", c.Principal)
	}
	for _, status := range []int{403, 404} {
		service := refusing(t, status)
		if c := resolve(t, Options{Env: environ(tokenVars(service, "x"))}); c.Principal != "token" {
			t.Errorf("status %d: %q", status, c.Principal)
		}
	}
}

// An IAM that is named must answer: otherwise one token could have two principals.
func TestTokenIsNotUsedIfIAMDoesNotAnswer(t *testing.T) {
	for status, kind := range map[int]Kind{401: Refused, 400: Unavailable, 500: Unavailable, 503: Unavailable, 307: Unavailable, 204: Unavailable} {
		service := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(status)
		})
		_, err := tryResolve(t, Options{Env: environ(tokenVars(service, canary))})
		wantKind(t, err, kind)
		silent(t, fmt.Sprint(status), err)
	}
	for _, body := range []string{"", "null", "{}", `{"token":null}`, `{"token":{"user":{"id":1}}}`, canary} {
		service := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		_, err := tryResolve(t, Options{Env: environ(tokenVars(service, canary))})
		wantKind(t, err, Unavailable)
		silent(t, body, err)
	}
	_, err := tryResolve(t, Options{Env: environ(map[string]string{"MIGPLAN_AUTH_TOKEN": "x", "HW_AUTH_URL": "http://iam.example.com"})})
	wantKind(t, err, Setting)
}

func TestTokenOwnerIsRequestedOnce(t *testing.T) {
	service := registry(t, map[string]string{"anns": annsID + ` "password"`, "bobs": bobsID + ` "password"`})
	signIns := NewSignIns()
	for range 6 {
		resolve(t, Options{Env: environ(tokenVars(service, "anns")), SignIns: signIns})
	}
	if got := service.asked.Load(); got != 1 {
		t.Errorf("asked %d times, want 1", got)
	}
	path := write(t, "token", "anns")
	c := resolve(t, Options{Env: environ(map[string]string{"MIGPLAN_AUTH_TOKEN_FILE": path, "HW_AUTH_URL": service.URL}), SignIns: signIns})
	rewrite(t, path, "bobs")
	ok, err := c.Renew(t.Context())
	if wantKind(t, err, Setting); ok || proof(t, c) != "anns" {
		t.Error("somebody else's token was taken in the middle of a run")
	}
}
