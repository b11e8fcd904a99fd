package credentials

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

const canary = "cAnArY-7f3q2xa"

// everyWayToPrint returns v as printed by Go, zerolog and slog in every way.
func everyWayToPrint(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p", "%t", "%08.3f", "% x"} {
		fmt.Fprintf(&b, verb+"\n", v)
		fmt.Fprintf(&b, verb+"\n", []any{v, &v})
		fmt.Fprintf(&b, verb+"\n", struct{ inner any }{v})
	}
	fmt.Fprintln(&b, v)
	_ = json.NewEncoder(&b).Encode(v)
	_ = xml.NewEncoder(&b).Encode(v)
	z := zerolog.New(&b)
	z.Info().Interface("v", v).Any("w", v).Msgf("%v", v)
	zc := zerolog.New(zerolog.ConsoleWriter{Out: &b, NoColor: true})
	zc.Info().Interface("v", v).Msg("")
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	if s, ok := v.(fmt.Stringer); ok {
		z.Info().Stringer("s", s).Msg("")
	}
	if e, ok := v.(error); ok {
		z.Err(e).Msg(e.Error())
	}
	return b.String()
}

// silent fails the test if any way of printing v contains the canary or its
// hexadecimal form.
func silent(t *testing.T, what string, v any) {
	t.Helper()
	text := everyWayToPrint(v)
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary)} {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("%s leaks the secret: ...%s", what, text[max(0, i-60):i+len(form)])
		}
	}
}

func TestSecretPrintsRedacted(t *testing.T) {
	s := newSecret(canary)
	type exported struct{ S secret }
	type hidden struct{ s secret }
	type pointer struct{ s *secret }
	for what, v := range map[string]any{
		"the secret": s, "its address": &s, "an exported field": exported{s}, "an unexported field": hidden{s},
		"a pointer field": pointer{&s}, "a slice": []secret{s}, "a map": map[string]secret{"k": s},
		"a map key's neighbour": map[string]any{"k": hidden{s}}, "an error around it": fmt.Errorf("x %v", hidden{s}),
	} {
		silent(t, what, v)
	}
	if s.reveal() != canary || s.empty() || !newSecret("").empty() || (secret{}).reveal() != "" {
		t.Error("a secret does not keep what it was given")
	}
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%x %#v", s, &s), s.String(), s.GoString(), fmt.Sprint(secret{})} {
		if !strings.Contains(printed, "[redacted]") {
			t.Errorf("got %q", printed)
		}
	}
	if !s.equal(newSecret(canary)) || s.equal(secret{}) || s.equal(newSecret(canary+"x")) {
		t.Error("Equal is wrong")
	}
}

// broken are answers that net/http refuses or that are of no use. % is replaced by
// the whole request.
func broken() []string {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	return []string{
		"%\r\n\r\n",
		"HTTP/% 200 OK\r\n\r\n",
		"HTTP/1.1 % OK\r\n\r\n",
		"HTTP/1.1 401 %\r\nLocation: http://h/\r\nConnection: close\r\n\r\n%",
		"HTTP/1.1 500 %\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n%\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: %\x00\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: %\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: %\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: %\r\n%\r\n\r\n",
		"HTTP/1.1 307 No\r\nLocation: http://h:%/\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 503 No\r\nRetry-After: %\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 %\r\nConnection: upgrade\r\nUpgrade: %\r\n\r\n%",
		"HTTP/1.1 103 %\r\nLink: %\r\n\r\n%",
		"HTTP/1.1 201 OK\r\nX-Subject-Token: %\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}%",
		chunked + "%\r\n{}\r\n0\r\n\r\n",
		chunked + "2;%\r\n{}\r\n0\r\n\r\n",
		chunked + "2\r\n{}%\r\n0\r\n\r\n",
		chunked + "2\r\n{}\r\n0\r\n%\r\n\r\n",
		chunked + "2\r\n{}\r\n0\r\nX: %\r\n\r\n",
	}
}

// echo repeats the whole request in a broken answer, after some correct answers.
func echo(t *testing.T, honest int, form string, next http.HandlerFunc) *fake {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if honest--; honest >= 0 {
			next(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		all := strings.NewReplacer("\n", " ", "\r", " ").Replace(fmt.Sprint(canary, r.Header, string(body)))
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, strings.ReplaceAll(form, "%", all))
	})
}

// canaryVars are complete and broken settings, each with the canary as the secret.
func canaryVars(t *testing.T) []map[string]string {
	file := func(text string) string { return write(t, "f", text) }
	return []map[string]string{
		{"MIGPLAN_AUTH_TOKEN": canary},
		{"MIGPLAN_AUTH_TOKEN": canary + "\n"},
		{"MIGPLAN_AUTH_TOKEN_FILE": file(canary)},
		{"MIGPLAN_AUTH_TOKEN_FILE": file(canary + " " + canary)},
		{"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": canary, "HUAWEICLOUD_SDK_SECURITY_TOKEN": canary},
		{"HUAWEICLOUD_SDK_SK": canary},
		{"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": canary + " "},
		{"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": canary, "HW_SECURITY_TOKEN": canary},
		{"HW_SECURITY_TOKEN": canary},
		{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file("[basic]\nak=a\nsk=" + canary + "\nsecurity_token=" + canary)},
		{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file("[basic]\nsk=" + canary)},
		{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file("[basic]\n" + canary + "\n")},
		{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file("[" + canary)},
		{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": file("[basic]\nak=a\nsk=\"\"\"" + canary)},
		{"HW_USER_PASSWORD": canary},
		{"HW_USER_NAME": "u", "HW_USER_PASSWORD": canary + "\xff", "HW_DOMAIN_NAME": "d"},
		{"HW_USER_NAME": "u", "HW_USER_PASSWORD": canary, "HW_DOMAIN_NAME": "d", "HW_AUTH_URL": "https://u:" + canary + "@h/"},
		{"HW_USER_NAME": "u", "HW_USER_PASSWORD": canary, "HW_DOMAIN_NAME": "d", "HW_AUTH_URL": "https://u:" + canary + "@h:%zz/"},
		{"HC_CONTAINER_CREDENTIALS_FULL_URI": "https://u:" + canary + "@h/", "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": file(canary)},
	}
}

func TestNoOutputContainsSecretForAnySetting(t *testing.T) {
	capture := captureStandardStreams(t)
	for _, vars := range canaryVars(t) {
		c, err := tryResolve(t, Options{Env: environ(vars)})
		checkCredentials(t, fmt.Sprint(len(vars)), c, err)
		c, err = ResolveKey(t.Context(), Options{Env: environ(vars), ProjectID: "p1", MetadataURL: nobody(t).URL})
		checkCredentials(t, fmt.Sprint(len(vars)), c, err)
	}
	_, err := Endpoint("x", "https://u:"+canary+"@h/", environ(nil))
	silent(t, "an endpoint", err)
	_, err = Endpoint("x", "", environ(map[string]string{"MIGPLAN_ENDPOINT": "https://u:" + canary + "@h:%zz"}))
	silent(t, "an endpoint", err)
	_, err = OBSEndpoint("x", "", environ(map[string]string{"MIGPLAN_OBS_ENDPOINT": "https://u:" + canary + "@h:%zz"}))
	silent(t, "an endpoint", err)
	if text := capture(); text != "" {
		t.Errorf("something was printed: %q", text)
	}
}

func TestNoOutputContainsSecretEchoedByServer(t *testing.T) {
	capture := captureStandardStreams(t)
	later := func() time.Time { return start().Add(24 * time.Hour) }
	honest := iam(t, canary, later)
	forms := broken()
	for i := range 3 * len(forms) {
		good, form := i/len(forms), forms[i%len(forms)]
		service := echo(t, good, form, honest.Config.Handler.ServeHTTP)
		c, err := tryResolve(t, Options{Env: environ(map[string]string{
			"HW_USER_NAME": "ann", "HW_USER_PASSWORD": canary, "HW_DOMAIN_NAME": "corp", "HW_AUTH_URL": service.URL,
		})})
		checkCredentials(t, "iam", c, err)
		service = echo(t, 1, form, honest.Config.Handler.ServeHTTP) // the sign-in is good, the exchange is not
		c, err = ResolveKey(t.Context(), Options{ProjectID: "p1", Now: start, Env: environ(map[string]string{
			"HW_USER_NAME": "ann", "HW_USER_PASSWORD": canary, "HW_DOMAIN_NAME": "corp", "HW_AUTH_URL": service.URL,
		})})
		checkCredentials(t, "key", c, err)
		service = echo(t, good, form, pod(t, later()).Config.Handler.ServeHTTP)
		c, err = tryResolve(t, Options{Env: environ(map[string]string{
			"HC_CONTAINER_CREDENTIALS_FULL_URI":     service.URL + "/v1/credentials",
			"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": write(t, "account", canary),
		})})
		checkCredentials(t, "pod", c, err)
		service = echo(t, good, form, ecs(t, true, later).Config.Handler.ServeHTTP)
		c, err = tryResolve(t, Options{Env: environ(nil), MetadataURL: service.URL})
		checkCredentials(t, "metadata", c, err)
	}
	if text := capture(); text != "" {
		t.Errorf("something was printed: %q", text)
	}
}

// captureStandardStreams returns a function that returns the text written to stdout
// and stderr since the call: libraries must not print.
func captureStandardStreams(t *testing.T) func() string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	restore := func() { os.Stdout, os.Stderr = stdout, stderr }
	t.Cleanup(restore)
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	return func() string {
		restore()
		w.Close()
		return <-text
	}
}
