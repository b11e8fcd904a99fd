package main

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/migplan/migplan/pkg/executor"
)

func TestREADMEListsEveryExitCode(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "| exit code | meaning |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	sorted := slices.Clone(exitCodes)
	slices.SortFunc(sorted, func(a, b struct {
		class executor.Class
		code  int
	}) int {
		return cmp.Compare(a.code, b.code)
	})
	want := ""
	for _, e := range sorted {
		want += fmt.Sprintf("%d %s\n", e.code, e.class)
	}
	got := ""
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]*) \| [^|]+ \|$`).FindAllStringSubmatch(table, -1) {
		got += row[1] + "\n"
	}
	if got != want {
		t.Errorf("README.md lists\n%s\nand exit.go has\n%s", got, want)
	}
}

func TestWorstOfSeveralClassesIsTheFirstInTheContract(t *testing.T) {
	order := []executor.Class{"in-doubt", "conflict", "failed", "cutover-held", "invalid", "denied", "usage", "error", "try-again", "pending", "ok"}
	if len(order) != len(exitCodes) {
		t.Errorf("%d classes have a code, want %d", len(exitCodes), len(order))
	}
	for i, a := range order {
		for j, b := range order {
			if got, want := worst(a, b), order[min(i, j)]; got != want {
				t.Errorf("worst(%s, %s) is %s, want %s", a, b, got, want)
			}
		}
	}
	if got := worst(); got != executor.OK {
		t.Errorf("the worst of no class is %s, want ok", got)
	}
}

func TestClassWithoutExitCodeIsAnError(t *testing.T) {
	if got := exitCode("unheard-of"); got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
}
