package plan_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/migplan/migplan/pkg/plan"
)

func TestJobNamesAreValidAndUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		seen := map[string]bool{}
		for _, s := range compiled(t, p) {
			for _, attempt := range []int{1, 2, 3, 10, rapid.IntRange(11, 99_999).Draw(t, "attempt")} {
				name := s.JobName(attempt)
				if !jobNameForm.MatchString(name) || seen[strings.ToLower(name)] {
					t.Fatalf("job name %q (seen: %v)", name, seen[name])
				}
				seen[name] = true
			}
		}
	})
}

// The longest name and the last of 100,000 steps still fit.
func TestLongestJobNameFits(t *testing.T) {
	s := plan.Step{Plan: &plan.Plan{Name: strings.Repeat("x", 24), Generation: 9999}, Seq: 100_000}
	if name := s.JobName(999); !jobNameForm.MatchString(name) {
		t.Errorf("%q has %d characters", name, len(name))
	}
}

func TestDescriptionFitsAndEndsWithMarker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t)
		for _, s := range compiled(t, p) {
			r, err := s.Request(1)
			if err != nil {
				t.Fatal(err)
			}
			d := content(t, r).BaseInfo.Description
			if utf8.RuneCountInString(d) > 256 || strings.ContainsAny(d, `!=<>'&"\`) {
				t.Fatalf("description %q", d)
			}
			if !strings.HasPrefix(d, strings.TrimLeft(p.Description, " ")) {
				t.Fatalf("%q does not start with %q", d, p.Description)
			}
			if m, ok := plan.ParseMarker(d); !ok || m != s.Marker() {
				t.Fatalf("%q gives %v %v, want %v", d, m, ok, s.Marker())
			}
		}
	})
}

// The marker can be parsed between any texts that a person writes, including
// another marker before it.
func TestMarkerIsReadAsWritten(t *testing.T) {
	marker := rapid.Custom(func(t *rapid.T) plan.Marker {
		return plan.Marker{
			Chain: rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "chain"),
			Step:  rapid.IntRange(1, 999_999_999).Draw(t, "step"),
			Hash:  rapid.StringMatching(`[0-9a-f]{12}`).Draw(t, "hash"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		m, before := marker.Draw(t, "marker"), rapid.String().Draw(t, "before")
		if rapid.Bool().Draw(t, "forged") {
			before += marker.Draw(t, "other").String()
		}
		if got, ok := plan.ParseMarker(before + m.String()); !ok || got != m {
			t.Fatalf("got %v %v, want %v", got, ok, m)
		}
		after := rapid.StringMatching(`[^[]*`).Draw(t, "after")
		if got, ok := plan.ParseMarker(before + m.String() + after); !ok || got != m {
			t.Fatalf("got %v %v, want %v", got, ok, m)
		}
	})
	for _, text := range []string{"", "[migplan chain", "[migplan chain 0123456789abcdeF step 001 hash 0123456789ab]", "[migplan chain 0123456789abcdef step 01 hash 0123456789ab]"} {
		if m, ok := plan.ParseMarker(text); ok {
			t.Errorf("%q gives %v", text, m)
		}
	}
}

func TestMarkerInReturnsTheLastOfTheChain(t *testing.T) {
	all := steps(t, load(t, examples+"open-chain.yaml"))
	p, one, two := all[0].Plan, all[0].Marker(), all[1].Marker()
	other := plan.Marker{Chain: "0123456789abcdef", Step: 9, Hash: "0123456789ab"}
	for text, want := range map[string]plan.Marker{
		one.String():                             one,
		"a " + one.String() + " checked by Bob":  one,
		one.String() + "x" + two.String() + "\n": two,
		one.String() + " " + other.String():      one,
		other.String() + " " + one.String():      one,
		other.String():                           {},
		"":                                       {},
	} {
		if m, ok := p.MarkerIn(text); m != want || ok != (want != plan.Marker{}) {
			t.Errorf("%q gives %v, %t", text, m, ok)
		}
	}
}

func TestJobStepReadsStepFromName(t *testing.T) {
	all := steps(t, load(t, examples+"open-chain.yaml"))
	p := all[0].Plan
	for _, s := range all {
		for attempt := 1; attempt < 3; attempt++ {
			if seq, ok := p.JobStep(s.JobName(attempt)); !ok || seq != s.Seq {
				t.Errorf("%s: step %d, %t", s.JobName(attempt), seq, ok)
			}
		}
	}
	other := steps(t, load(t, examples+"window.yaml"))[0].JobName(1)
	for _, name := range []string{"", p.Name, p.Name + "-", p.Name + "-001", p.Name + "-001-aaaaaaaa", p.Name + "-one-" + all[0].JobName(1)[len(p.Name)+5:], other} {
		if _, ok := p.JobStep(name); ok {
			t.Errorf("%q is accepted", name)
		}
	}
}
