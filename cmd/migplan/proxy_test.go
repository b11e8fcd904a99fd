package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestProxyThatCannotBeParsedIsAUsageError(t *testing.T) {
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		for value, ok := range map[string]bool{
			"": true, "http://proxy:3128": true, "https://u:p@proxy": true, "proxy:3128": true, "u:p@proxy:3128": true,
			"socks5://127.0.0.1:1080": true, "http://[::1]:3128": true,
			"http://u:" + canary + "%zz@proxy": false, "http://u:" + canary + "@proxy:port": false, "http://u:" + canary + "@[::1": false,
			canary + " proxy": false, "http://u:" + canary + "@": false, "http://" + canary + "@:3128": false,
			"ftp://u:" + canary + "@proxy": false, "://" + canary: false, canary + "\x7f": false,
		} {
			a := &app{env: func(name string) (string, bool) {
				if name != variable {
					return "", false
				}
				return value, true
			}}
			_, err := a.proxy()
			var u usage
			if (err == nil) != ok || !ok && !errors.As(err, &u) {
				t.Errorf("%s=%q: got %v", variable, value, err)
			}
			if !ok && (!strings.Contains(u.problem, variable) || strings.Contains(u.problem+u.remedy, canary)) {
				t.Errorf("%s: says %q, %q", variable, u.problem, u.remedy)
			}
		}
	}
}

func TestProxyIsUsedButNotForThisMachine(t *testing.T) {
	a := &app{env: func(name string) (string, bool) {
		value, ok := map[string]string{"https_proxy": "proxy:3128", "NO_PROXY": "inside.example.com"}[name]
		return value, ok
	}}
	choose, err := a.proxy()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://drs.example.com": "proxy:3128", "https://inside.example.com": "", "http://127.0.0.1:1": "",
	} {
		req, _ := http.NewRequest("GET", address, nil)
		got := ""
		if u, err := choose(req); err == nil && u != nil {
			got = u.Host
		}
		if got != want {
			t.Errorf("%s: proxy %q, want %q", address, got, want)
		}
	}
}
