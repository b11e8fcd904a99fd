package credentials

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// allVars sets every source except the metadata service.
func allVars(t *testing.T) map[string]string {
	never := func() time.Time { return start().Add(24 * time.Hour) }
	vars := userVars(iam(t, "pw", never))
	maps.Copy(vars, map[string]string{
		"MIGPLAN_AUTH_TOKEN": "static", "HUAWEICLOUD_SDK_AK": "SDKAK", "HUAWEICLOUD_SDK_SK": "sk",
		"HW_ACCESS_KEY": "TFAK", "HW_SECRET_KEY": "sk", "HW_SECURITY_TOKEN": "st",
		"HUAWEICLOUD_SDK_CREDENTIALS_FILE":      write(t, "credentials", "[basic]\nak = PROFILE\nsk = sk\n"),
		"HC_CONTAINER_CREDENTIALS_FULL_URI":     pod(t, never()).URL + "/v1/credentials",
		"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": write(t, "account", "account\n"),
	})
	return vars
}

// TestSourcePrecedence removes one source after the other.
func TestSourcePrecedence(t *testing.T) {
	vars := allVars(t)
	metadata := ecs(t, true, func() time.Time { return start().Add(time.Hour) })
	steps := []struct {
		principal, source, proof string
		token, network           bool
		without                  []string
	}{
		{"token", "environment MIGPLAN_AUTH_TOKEN", "static", true, false, []string{"MIGPLAN_AUTH_TOKEN"}},
		{"ak:SDKAK", "environment HUAWEICLOUD_SDK_AK", "SDKAK ", false, false, []string{"HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"}},
		{"temporary-key", "environment HW_ACCESS_KEY", "TFAK st", false, false, []string{"HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"}},
		{"user:corp/ann", "environment HW_USER_NAME, token from ", "token1", true, true, []string{"HW_USER_NAME", "HW_USER_PASSWORD"}},
		{"ak:PROFILE", "profile ", "PROFILE ", false, false, []string{"HUAWEICLOUD_SDK_CREDENTIALS_FILE"}},
		{"pod-identity", "pod identity", "POD for-account", false, true,
			[]string{"HC_CONTAINER_CREDENTIALS_FULL_URI", "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"}},
		{"ecs-agency", "ECS agency", "HST1 st1", false, true, nil},
	}
	for _, s := range steps {
		before := metadata.asked.Load()
		c := resolve(t, Options{Env: environ(vars), MetadataURL: metadata.URL})
		if c.Principal != s.principal || !strings.HasPrefix(c.Source, s.source) || c.TokenAuth != s.token || proof(t, c) != s.proof {
			t.Errorf("got %v, token %v, proof %q; want %+v", c, c.TokenAuth, proof(t, c), s)
		}
		if !s.network && !c.ExpiresAt().IsZero() {
			t.Errorf("%s: ends at %s, which nobody said", c, c.ExpiresAt())
		}
		if asked := metadata.asked.Load() - before; s.principal != "ecs-agency" && asked != 0 {
			t.Errorf("%s: asked the metadata service %d times", s.principal, asked)
		}
		for _, name := range s.without {
			delete(vars, name)
		}
	}
}

func TestCompleteEnvironmentUsesNoNetwork(t *testing.T) {
	silent := nobody(t)
	for _, vars := range []map[string]string{
		{"MIGPLAN_AUTH_TOKEN": "x"},
		{"HUAWEICLOUD_SDK_AK": "a", "HUAWEICLOUD_SDK_SK": "s"},
		{"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s", "HW_DOMAIN_NAME": "corp"},
	} {
		if vars["MIGPLAN_AUTH_TOKEN"] == "" { // with a token IAM is asked for the owner
			vars["HW_AUTH_URL"] = silent.URL
		}
		proof(t, resolve(t, Options{Env: environ(vars), MetadataURL: silent.URL}))
	}
}

func TestIncompleteSourceIsAnError(t *testing.T) {
	profileWithoutSK := write(t, "credentials", "[basic]\nak = x\n")
	tests := []struct {
		vars  map[string]string
		place string
	}{
		{map[string]string{"HUAWEICLOUD_SDK_AK": "x"}, "HUAWEICLOUD_SDK_SK"},
		{map[string]string{"HUAWEICLOUD_SDK_SK": "x"}, "HUAWEICLOUD_SDK_AK"},
		{map[string]string{"HUAWEICLOUD_SDK_SECURITY_TOKEN": "x"}, "HUAWEICLOUD_SDK_AK"},
		{map[string]string{"HUAWEICLOUD_SDK_AK": "x", "HUAWEICLOUD_SDK_SK": ""}, "HUAWEICLOUD_SDK_SK"},
		{map[string]string{"HUAWEICLOUD_SDK_AK": "x", "HUAWEICLOUD_SDK_SK": "a b"}, "HUAWEICLOUD_SDK_SK"},
		{map[string]string{"HUAWEICLOUD_SDK_AK": "x\r", "HUAWEICLOUD_SDK_SK": "s"}, "HUAWEICLOUD_SDK_AK"},
		{map[string]string{"HUAWEICLOUD_SDK_AK": "x", "HUAWEICLOUD_SDK_SK": "s", "HUAWEICLOUD_SDK_SECURITY_TOKEN": "é"}, "HUAWEICLOUD_SDK_SECURITY_TOKEN"},
		{map[string]string{"HUAWEICLOUD_SDK_AK": "x", "HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"}, "HUAWEICLOUD_SDK_SK"},
		{map[string]string{"HUAWEICLOUD_SDK_IDP_ID": "x", "HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "s"}, "HUAWEICLOUD_SDK_IDP_ID"},
		{map[string]string{"HW_ACCESS_KEY": "x"}, "HW_SECRET_KEY"},
		{map[string]string{"HW_SECRET_KEY": "x"}, "HW_ACCESS_KEY"},
		{map[string]string{"HW_SECURITY_TOKEN": "x"}, "HW_ACCESS_KEY"},
		{map[string]string{"HW_USER_NAME": "x"}, "HW_USER_PASSWORD"},
		{map[string]string{"HW_USER_PASSWORD": "x"}, "HW_USER_NAME"},
		{map[string]string{"HW_USER_NAME": "x", "HW_USER_PASSWORD": "x"}, "HW_DOMAIN_NAME"},
		{map[string]string{"HW_USER_NAME": "x", "HW_USER_PASSWORD": "\xff", "HW_DOMAIN_NAME": "d"}, "HW_USER_NAME, HW_USER_PASSWORD or HW_DOMAIN_NAME"},
		{map[string]string{"HW_USER_NAME": "x", "HW_USER_PASSWORD": "x", "HW_DOMAIN_NAME": "d", "HW_AUTH_URL": "http://iam.example.com"}, "HW_AUTH_URL"},
		{map[string]string{"HW_USER_NAME": "x", "HW_USER_PASSWORD": "x", "HW_DOMAIN_NAME": "d", "HW_AUTH_URL": "https://iam.example.com/v2"}, "HW_AUTH_URL"},
		{map[string]string{"MIGPLAN_AUTH_TOKEN": "x", "MIGPLAN_AUTH_TOKEN_FILE": "y"}, "MIGPLAN_AUTH_TOKEN"},
		{map[string]string{"MIGPLAN_AUTH_TOKEN": "x\ny"}, "MIGPLAN_AUTH_TOKEN"},
		{map[string]string{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": profileWithoutSK}, profileWithoutSK + ": sk"},
		{map[string]string{"HC_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/"}, "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE"},
		{map[string]string{"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "x"}, "HC_CONTAINER_CREDENTIALS_FULL_URI"},
		{map[string]string{"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "x", "HC_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"}, "HC_CONTAINER_CREDENTIALS_FULL_URI"},
		{map[string]string{"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "x", "HC_CONTAINER_CREDENTIALS_FULL_URI": "http://8.8.8.8/"}, "HC_CONTAINER_CREDENTIALS_FULL_URI"},
		{map[string]string{"HC_CONTAINER_AUTHORIZATION_TOKEN_FILE": "x", "HC_CONTAINER_CREDENTIALS_FULL_URI": "https://u:p@example.com/"}, "HC_CONTAINER_CREDENTIALS_FULL_URI"},
	}
	for _, tt := range tests {
		_, err := tryResolve(t, Options{Env: environ(tt.vars)})
		if e := wantKind(t, err, Setting); e.Place != tt.place || e.Remedy == "" {
			t.Errorf("%v: got %q, remedy %q; want it to name %s", tt.vars, e, e.Remedy, tt.place)
		}
	}
}

func TestMissingCredentialListsEverySource(t *testing.T) {
	gone := serve(t, func(http.ResponseWriter, *http.Request) {})
	gone.Close()
	vars := map[string]string{"HOME": t.TempDir(), "HUAWEICLOUD_SDK_AK": "", "HW_DOMAIN_NAME": "corp"}
	_, err := tryResolve(t, Options{Env: environ(vars), MetadataURL: gone.URL})
	e := wantKind(t, err, NotFound)
	for _, part := range []string{
		"MIGPLAN_AUTH_TOKEN_FILE", "HUAWEICLOUD_SDK_AK", "HW_ACCESS_KEY", "HW_USER_NAME", "~/.huaweicloud/credentials",
		"HC_CONTAINER_CREDENTIALS_FULL_URI", "metadata service: cannot be reached at ",
	} {
		if !strings.Contains(strings.Join(e.Looked, "\n"), part) {
			t.Errorf("%q does not name %s", e.Looked, part)
		}
	}
	if len(e.Looked) != len(places()) {
		t.Errorf("%d places are listed of %d", len(e.Looked), len(places()))
	}
}

func TestInvalidOptionsAreErrors(t *testing.T) {
	for _, o := range []Options{{Region: "evil.example.com/"}, {Region: "x@y"}, {ProjectID: "a\r\nX-Evil: 1"}} {
		_, err := tryResolve(t, o)
		wantKind(t, err, Setting)
	}
}

func TestRenewRereadsTokenFile(t *testing.T) {
	path := write(t, "token", "one\n")
	clock := &clock{now: start()}
	c := resolve(t, Options{Env: environ(map[string]string{"MIGPLAN_AUTH_TOKEN_FILE": path}), Now: clock.Now})
	if got := proof(t, c); got != "one" || !c.TokenAuth || c.Principal != "token" {
		t.Fatalf("got %q, %v", got, c)
	}
	if renew(t, c) {
		t.Error("an unchanged file was called a new token")
	}
	rewrite(t, path, "two")
	if !renew(t, c) || proof(t, c) != "two" {
		t.Error("the new token was not taken")
	}
	clock.advance(time.Minute)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	ok, err := c.Renew(t.Context())
	if wantKind(t, err, Setting); ok || proof(t, c) != "two" {
		t.Error("a file that is gone took the token away")
	}
}

func TestUnsafeCredentialFileIsRefused(t *testing.T) {
	open := write(t, "open", "x")
	if err := os.Chmod(open, 0o620); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "x"), "folder": t.TempDir(), "device": "/dev/zero",
		"empty": write(t, "t", " \n"), "two words": write(t, "t", "a b"), "not ASCII": write(t, "t", "é"),
		"large": write(t, "t", strings.Repeat("a", maxFile+1)), "writable by others": open,
	} {
		for _, variable := range []string{"MIGPLAN_AUTH_TOKEN_FILE", "HUAWEICLOUD_SDK_CREDENTIALS_FILE"} {
			_, err := tryResolve(t, Options{Env: environ(map[string]string{variable: path})})
			if e := wantKind(t, err, Setting); e.Remedy == "" {
				t.Errorf("%s, %s: no remedy in %v", variable, name, e)
			}
		}
	}
}

func TestProfileIsRereadAndKeepsItsPrincipal(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".huaweicloud"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, ".huaweicloud", "credentials")
	rewrite(t, path, "; note\n[global]\nak = OTHER\nsk = x\n[basic]\nproject_id = p\nak = AK1\nsk = s%(ak)s\n")
	clock := &clock{now: start()}
	c := resolve(t, Options{Env: environ(map[string]string{"HOME": home}), Now: clock.Now})
	if c.Principal != "ak:AK1" || c.Source != "profile "+path || c.get().secret.reveal() != "s%(ak)s" {
		t.Fatalf("got %v with %q", c, c.get().secret.reveal())
	}
	rewrite(t, path, "[basic]\nak = AK1\nsk = new\n")
	if !renew(t, c) || c.get().secret.reveal() != "new" {
		t.Error("the new secret of the same key was not taken")
	}
	clock.advance(time.Minute)
	rewrite(t, path, "[basic]\nak = AK2\nsk = new\n")
	ok, err := c.Renew(t.Context())
	if wantKind(t, err, Setting); ok || proof(t, c) != "AK1 " {
		t.Error("the key of somebody else was taken in the middle of a run")
	}
}

func TestTemporaryKeyProfileKeepsItsPrincipal(t *testing.T) {
	path := write(t, "credentials", "[basic]\nak=A1\nsk=s\nsecurity_token=t1\n")
	c := resolve(t, Options{Env: environ(map[string]string{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": path})})
	rewrite(t, path, "[basic]\nak=A2\nsk=s\nsecurity_token=t2\n")
	if !renew(t, c) || proof(t, c) != "A2 t2" || c.Principal != "temporary-key" {
		t.Errorf("got %v, %q", c, proof(t, c))
	}
}

func TestProfileWithoutKeyIsSkippedOrRefused(t *testing.T) {
	for text, wanted := range map[string]bool{
		"": true, "[other]\nak=a\nsk=s\n": true, "[basic]\n": true,
		"[basic]\nidp_id = x\n": false, "[basic]\nak\n": false, "[basic": false, "\x00": false,
	} {
		home := t.TempDir()
		path := filepath.Join(home, ".huaweicloud", "credentials")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		rewrite(t, path, text)
		vars := map[string]string{"HOME": home}
		metadata := ecs(t, false, func() time.Time { return start().Add(time.Hour) })
		c, err := tryResolve(t, Options{Env: environ(vars), MetadataURL: metadata.URL})
		if passedOver := err == nil && c.Principal == "ecs-agency"; passedOver != wanted {
			t.Errorf("%q passed over: %v (%v)", text, passedOver, err)
		}
		vars["HUAWEICLOUD_SDK_CREDENTIALS_FILE"] = path
		_, err = tryResolve(t, Options{Env: environ(vars), MetadataURL: metadata.URL})
		wantKind(t, err, Setting)
	}
}

// If there are two values, it is unknown which one is meant.
func TestDuplicateInProfileIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"[basic]\nak=a\nsk=" + canary + "\n[global]\nak=b\n[basic]\nak=b\nsk=" + canary + "\n":        "has a duplicate section [basic] on line 6",
		"[basic]\nak=a\nsk=" + canary + "\n[basic]\n":                                                 "has a duplicate section [basic] on line 4",
		"# [basic]\n[basic]\nak = " + canary + "\nsk=s\n\n  ak : " + canary + "\n":                    "has a duplicate ak on line 6",
		"[basic]\nak=a\nsk=" + canary + "\nsk=" + canary + "\n":                                       "has a duplicate sk on line 4",
		"[basic]\nak=a\nsk=s\nsecurity_token=" + canary + "\n; note\nsecurity_token=" + canary + "\n": "has a duplicate security_token on line 6",
		"[basic]\nak=a\nsk=s\n\"ak\"=" + canary + "\n":                                                "has a duplicate ak on line 4",
		"[basic]\nidp_id=" + canary + "\nidp_id=" + canary + "\n":                                     "has a duplicate idp_id on line 3",
		"[global]\nak=a\nak=b\n[basic]\nak=a\nsk=s\n":                                                 "",
		"[basic]\nak=a\nsk=s\nregion=x\nregion=y\n":                                                   "",
	} {
		path := write(t, "credentials", text)
		_, err := tryResolve(t, Options{Env: environ(map[string]string{"HUAWEICLOUD_SDK_CREDENTIALS_FILE": path})})
		silent(t, want, err)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if e := wantKind(t, err, Setting); e.Place != path || !strings.Contains(e.Problem, want) || e.Remedy == "" {
			t.Errorf("%q: got %q, want %q in it", text, e, want)
		}
	}
}
