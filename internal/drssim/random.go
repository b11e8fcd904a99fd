package drssim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// RandomFaults is a schedule of n faults, always the same for a seed. Every
// kind occurs but those that break what any client must assume: that no hop
// sends a request again, that nobody deletes records, that the server's clock
// is right, that a job which is gone or has failed is so, and that a job once
// listed stays listed. No request is taken later than 10 minutes after it
// reached the gateway; no job is listed later than 5 minutes after it was
// accepted.
func RandomFaults(seed uint64, n int) []Fault {
	r := rand.New(rand.NewPCG(seed, 0x6661756c74))
	kinds := slices.DeleteFunc(FaultKinds(), beyondAssumptions)
	out := make([]Fault, 0, n)
	for range n {
		k := kinds[r.IntN(len(kinds))]
		f := Fault{Kind: k.Name, N: 1 + r.IntN(most(k.Op)), Arg: randomArgument(r, k)}
		if r.IntN(10) == 0 {
			f.N, f.Percent = 0, 1+r.IntN(20)
		}
		out = append(out, f)
	}
	return out
}

func beyondAssumptions(k FaultKind) bool {
	switch k.Name {
	case "twice", "record-deleted", "job-failed-applied", "show-not-found", "list-omits-newest":
		return true
	}
	return strings.HasSuffix(k.Name, "date-jump")
}

// most is how far into a run a fault may lie.
func most(op string) int {
	if op == opCreate || op == opJob {
		return 6
	}
	return 20
}

func randomArgument(r *rand.Rand, k FaultKind) string {
	switch {
	case k.argument == noArgument || r.IntN(3) == 0 && k.argument != duration:
		return ""
	case k.argument == duration:
		return randomDuration(r, k.Name)
	case k.argument == number:
		return strconv.Itoa(1 + r.IntN(30))
	case k.argument == retryAfter:
		values := hostileRetryAfter()
		return retryAfterPrefix + values[r.IntN(len(values))]
	case k.Op == opJob:
		return "The LSN of the incremental backup file is not continuous with that of the previous backup file."
	}
	return "WAITING FOR RESOURCES"
}

// randomDuration keeps within what a client may assume.
func randomDuration(r *rand.Rand, kind string) string {
	seconds := map[string]int{"list-lag": 5 * 60, "list-omits-new": 5 * 60, "delayed": 60, "list-delayed": 60, "show-delayed": 60, "late-arrival": 40 * 60, "slow-by": 3600}[kind]
	if seconds == 0 {
		seconds = 10 * 60
	}
	s := 1 + r.IntN(seconds)
	return fmt.Sprintf("%ds", s)
}

// hostileRetryAfter are values that broke clients.
func hostileRetryAfter() []string {
	return []string{
		"0", "1", "5", "20", "86400", "-1", "-9223372036854775808", "9223372036854775807", "99999999999999999999",
		"1.5", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
	}
}
