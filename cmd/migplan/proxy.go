package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxy follows HTTPS_PROXY, HTTP_PROXY and NO_PROXY, for every HTTP client.
func (a *app) proxy() (func(*http.Request) (*url.URL, error), error) {
	var config httpproxy.Config
	for _, v := range []struct {
		into  *string
		names []string
	}{
		{&config.HTTPSProxy, []string{"HTTPS_PROXY", "https_proxy"}},
		{&config.HTTPProxy, []string{"HTTP_PROXY", "http_proxy"}},
	} {
		name, value := a.first(v.names...)
		if value != "" && !isProxy(value) {
			return nil, usage{name + " is not the address of a proxy", "write it as http://host:port, or remove it"}
		}
		*v.into = value
	}
	_, config.NoProxy = a.first("NO_PROXY", "no_proxy")
	choose := config.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
}

// proxyName is the variable that names the proxy for DRS, "" where none is set.
func (a *app) proxyName() string {
	name, _ := a.first("HTTPS_PROXY", "https_proxy")
	return name
}

// first is the first of these variables that is set.
func (a *app) first(names ...string) (name, value string) {
	for _, name := range names {
		if v := a.get(name); v != "" {
			return name, v
		}
	}
	return "", ""
}

// isProxy reports whether httpproxy would use the address. It takes one that it
// cannot read for no proxy at all, and an address without a scheme for http.
func isProxy(address string) bool {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}
