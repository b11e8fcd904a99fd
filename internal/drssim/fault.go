package drssim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fault is one planned misbehavior: what, when, and for some kinds how.
type Fault struct {
	Kind    string
	N       int    // at the Nth request of the kind's operation, or the Nth job; 0: every one
	Percent int    // with this probability for each one instead of N; 0: N counts
	Arg     string // a duration, a number or a text, depending on the kind; "": the kind's default
}

// String is the form that ParseFault reads.
func (f Fault) String() string {
	s := f.Kind + "@"
	switch {
	case f.Percent > 0:
		s += strconv.Itoa(f.Percent) + "%"
	case f.N == 0:
		s += "all"
	default:
		s += strconv.Itoa(f.N)
	}
	if f.Arg != "" {
		s += ":" + f.Arg
	}
	return s
}

// ParseFault reads KIND@N, KIND@all or KIND@P%, followed by :ARGUMENT for the kinds
// that take one. N counts from 1: the requests of the kind's operation, or the
// accepted jobs for kinds about jobs.
func ParseFault(s string) (Fault, error) {
	kind, rest, ok := strings.Cut(s, "@")
	if !ok {
		return Fault{}, fmt.Errorf("fault %q is not KIND@N or KIND@N:ARGUMENT", s)
	}
	when, arg, hasArg := strings.Cut(rest, ":")
	f := Fault{Kind: kind, Arg: arg}
	if err := f.parseWhen(when); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", s, err)
	}
	kinds := FaultKinds()
	i := indexKind(kinds, kind)
	if i < 0 {
		return Fault{}, fmt.Errorf("unknown fault %q", kind)
	}
	if hasArg {
		if err := kinds[i].argument.check(arg); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", s, err)
		}
	}
	return f, nil
}

func (f *Fault) parseWhen(when string) error {
	if when == "all" {
		return nil
	}
	number, percent := strings.CutSuffix(when, "%")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || number[0] == '+' || number[0] == '0' || percent && n > 100 {
		return fmt.Errorf("want N from 1, all, or P%% from 1%% to 100%%, not %q", when)
	}
	if percent {
		f.Percent = n
	} else {
		f.N = n
	}
	return nil
}

// armed is a fault with its kind.
type armed struct {
	Fault
	kind *FaultKind
}

// arm finds the kinds of faults.
func arm(faults []Fault) []armed {
	if len(faults) == 0 {
		return nil
	}
	var out []armed
	kinds := FaultKinds()
	for _, f := range faults {
		if i := indexKind(kinds, f.Kind); i >= 0 {
			out = append(out, armed{f, &kinds[i]})
		}
	}
	return out
}

func indexKind(kinds []FaultKind, name string) int {
	return slices.IndexFunc(kinds, func(k FaultKind) bool { return k.Name == name })
}

// planned is the first fault that is due at the current request.
func (d *DRS) planned(op string) *armed {
	var first *armed
	for i := range d.faults {
		f := &d.faults[i]
		if f.kind.serve != nil && f.kind.Op == op && d.due(f.Fault, d.counts[op]) && first == nil {
			first = f
		}
	}
	return first
}

// strike applies the due faults about jobs to a new job.
func (d *DRS) strike(j *Job) {
	for i := range d.faults {
		f := &d.faults[i]
		if f.kind.strike != nil && d.due(f.Fault, d.counts[opJob]) {
			f.kind.strike(d, j, f.Arg)
		}
	}
}

// due draws a random number for each fault with a probability, so that the draws
// for one fault do not depend on other faults.
func (d *DRS) due(f Fault, n int) bool {
	if f.Percent > 0 {
		return d.random.IntN(100) < f.Percent
	}
	return f.N == 0 || f.N == n
}
