package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestLedgerOnTmpfsIsWarnedAboutOnce(t *testing.T) {
	dir, err := os.MkdirTemp("/dev/shm", "migplan-test-")
	if err != nil {
		t.Skip("no tmpfs on /dev/shm")
	}
	defer os.RemoveAll(dir)
	const file = "../../examples/plans/open-chain.yaml"
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"hold", file, "--new", "--reason", "test", "--ledger", dir}, 1},
		{[]string{"apply", file, file, "--ledger", dir}, 1},
		{[]string{"status", file, "--ledger", dir}, 0},
	} {
		var out, errs bytes.Buffer
		run(c.args, &out, &errs)
		if got := strings.Count(errs.String(), "a restart of the machine loses it"); got != c.want {
			t.Errorf("%s: %d warnings, want %d: %s", c.args[0], got, c.want, errs.String())
		}
	}
}
