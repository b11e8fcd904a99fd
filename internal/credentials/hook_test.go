package credentials

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func findHook(t *testing.T, vars map[string]string) (*Hook, error) {
	t.Helper()
	return FindHook(Options{Env: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}, "MIGPLAN_PING_URL", "MIGPLAN_PING_URL_FILE")
}

func TestHookIsReadFromVariableOrFile(t *testing.T) {
	for name, c := range map[string]struct {
		vars  map[string]string
		found bool
		err   string
	}{
		"nothing set":      {nil, false, ""},
		"variable":         {map[string]string{"MIGPLAN_PING_URL": "https://h/" + canary}, true, ""},
		"file":             {map[string]string{"MIGPLAN_PING_URL_FILE": write(t, "ping", "https://h/"+canary+"\n")}, true, ""},
		"both":             {map[string]string{"MIGPLAN_PING_URL": "https://h/", "MIGPLAN_PING_URL_FILE": "f"}, false, "set only one"},
		"missing file":     {map[string]string{"MIGPLAN_PING_URL_FILE": "absent"}, false, "absent"},
		"empty file":       {map[string]string{"MIGPLAN_PING_URL_FILE": write(t, "empty", "")}, false, "is empty"},
		"not an address":   {map[string]string{"MIGPLAN_PING_URL": canary}, false, "is not the address of a web page"},
		"another scheme":   {map[string]string{"MIGPLAN_PING_URL": "file:///" + canary}, false, "is not the address"},
		"not to be parsed": {map[string]string{"MIGPLAN_PING_URL": "https://" + canary + ":%zz/"}, false, "is not the address"},
	} {
		h, err := findHook(t, c.vars)
		if (h != nil) != c.found || (err != nil) != (c.err != "") {
			t.Errorf("%s: hook %v, error %v", name, h, err)
		}
		if err != nil && (!strings.Contains(err.Error()+err.(*Error).Remedy, c.err) || strings.Contains(err.Error(), canary)) {
			t.Errorf("%s: error %v", name, err)
		}
		if h != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", h, h, *h), canary) {
			t.Errorf("%s: the address is printed", name)
		}
	}
}

func TestHookSendsToItsAddress(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprintf("%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body))
	}))
	defer s.Close()
	h, err := findHook(t, map[string]string{"MIGPLAN_PING_URL": s.URL + "/a%2Fb/?key=1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{h.Get(t.Context(), ""), h.Get(t.Context(), "start"), h.Post(t.Context(), []byte("{}"))} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{"GET /a%2Fb/?key=1  ", "GET /a%2Fb/start?key=1  ", "POST /a%2Fb/?key=1 application/json {}"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
}

func TestHookFailuresNameTheSettingAndNotTheAddress(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"answered with status 404": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"answered with status 302": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+canary, http.StatusFound) },
		"without a usable answer": func(w http.ResponseWriter, r *http.Request) {
			c, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.Copy(c, bytes.NewReader([]byte(canary)))
			c.Close()
		},
	}
	for want, answer := range answers {
		s := httptest.NewServer(answer)
		checkHookError(t, s.URL+"/"+canary, want)
		s.Close()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	checkHookError(t, "http://"+address+"/"+canary, "cannot be reached: connection refused")
	tls := httptest.NewUnstartedServer(answers["answered with status 404"])
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	defer tls.Close()
	checkHookError(t, tls.URL+"/"+canary, "certificate that is signed by an unknown authority")
}

func checkHookError(t *testing.T, address, want string) {
	t.Helper()
	h, err := findHook(t, map[string]string{"MIGPLAN_PING_URL": address})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{h.Get(t.Context(), "start"), h.Post(t.Context(), []byte("{}"))} {
		switch {
		case err == nil:
			t.Errorf("no error, want %q", want)
		case !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "MIGPLAN_PING_URL"):
			t.Errorf("error %q, want %q", err, want)
		case strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "127.0.0.1"):
			t.Errorf("the address is in the error %q", err)
		}
	}
}

func TestHookStopsWithItsContext(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-hold }))
	defer s.Close()
	defer close(hold)
	h, err := findHook(t, map[string]string{"MIGPLAN_PING_URL": s.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Get(ctx, ""); err == nil || !strings.Contains(err.Error(), "the run was stopped") {
		t.Errorf("error %v", err)
	}
}
