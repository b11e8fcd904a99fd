package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// serveAsDRS puts a handler where the script's plans look for DRS.
func serveAsDRS(ts *testscript.TestScript, h http.Handler) {
	server := httptest.NewServer(h)
	ts.Defer(func() { server.CloseClientConnections(); server.Close() })
	ts.Setenv("MIGPLAN_ENDPOINT", server.URL)
}

// drsRefuse serves something that is not DRS.
func drsRefuse(ts *testscript.TestScript, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	serveAsDRS(ts, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", args[1])
		w.WriteHeader(status)
		_, _ = io.WriteString(w, args[2])
	}))
}

// drsFront lets answers be rewritten while the address stays: a plan's
// endpoint is part of its identity.
func drsFront(ts *testscript.TestScript, _ []string) {
	behind, err := url.Parse(ts.Getenv("MIGPLAN_ENDPOINT"))
	ts.Check(err)
	w := worldOf(ts)
	proxy := httputil.NewSingleHostReverseProxy(behind)
	proxy.ModifyResponse = func(resp *http.Response) error {
		body, err := io.ReadAll(resp.Body)
		if r := w.disguise.Load(); r != nil {
			body = []byte(r.Replace(string(body)))
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
		return err
	}
	serveAsDRS(ts, proxy)
}

func drsDisguise(ts *testscript.TestScript, args []string) {
	worldOf(ts).disguise.Store(strings.NewReplacer(args[0], args[1]))
}
