package view

import "testing"

// A command repeats the flags of this run, those that it takes.
func TestCommandRepeatsFlags(t *testing.T) {
	m := &Migration{File: "p.yaml", Run: Run{Flags: Flags{Ledger: "/l", Endpoint: "https://e", CAFile: "c a.pem"}}}
	for verb, want := range map[string]string{
		"apply":   "migplan apply p.yaml REST --ledger /l --endpoint https://e --ca-file 'c a.pem'",
		"history": "migplan history p.yaml REST --ledger /l",
		"whoami":  "migplan whoami p.yaml REST --endpoint https://e --ca-file 'c a.pem'",
	} {
		if got := m.Command(verb, "REST"); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}

// An endpoint with a password is refused, and the command after it must not print it.
func TestWithoutUser(t *testing.T) {
	for arg, want := range map[string]string{
		"https://user:swordfish@drs.example.com":            "https://drs.example.com",
		"https://user:sword@fish@drs.example.com":           "https://drs.example.com",
		"--endpoint=HTTP://user:swordfish@drs.example.com/": "--endpoint=HTTP://drs.example.com/",
		"https:user:swordfish@drs.example.com":              "https:drs.example.com",
		"postgres://migplan@db/migplan":                     "postgres://migplan@db/migplan",
		"ims-prod@3f2a9c0d11e4":                             "ims-prod@3f2a9c0d11e4",
	} {
		if got := WithoutUser(arg); got != want {
			t.Errorf("%s: %s, want %s", arg, got, want)
		}
	}
}

func TestFileNameInACommandIsNotReadAsAFlag(t *testing.T) {
	m := &Migration{File: "-v.yaml"}
	if got := m.Command("apply", ""); got != "migplan apply ./-v.yaml" {
		t.Error(got)
	}
}
