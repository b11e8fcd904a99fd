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

func TestCommandTakesAFileForNoFlag(t *testing.T) {
	m := &Migration{File: "-v.yaml"}
	if got := m.Command("apply", ""); got != "migplan apply ./-v.yaml" {
		t.Error(got)
	}
}
