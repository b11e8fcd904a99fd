package drssim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseFaultReadsItsOwnText(t *testing.T) {
	for text, want := range map[string]Fault{
		"lost-after-accept@2":                             {Kind: "lost-after-accept", N: 2},
		"503-before-accept@all":                           {Kind: "503-before-accept"},
		"500-after-accept@25%":                            {Kind: "500-after-accept", Percent: 25},
		"429@3:retry-after=5":                             {Kind: "429", N: 3, Arg: "retry-after=5"},
		"429@3:retry-after=Fri, 31 Dec 9999 23:59:59 GMT": {Kind: "429", N: 3, Arg: "retry-after=Fri, 31 Dec 9999 23:59:59 GMT"},
		"list-lag@1:2s":                                   {Kind: "list-lag", N: 1, Arg: "2s"},
		"job-failed@1:a: b@2":                             {Kind: "job-failed", N: 1, Arg: "a: b@2"},
		"list-wrong-count@1:-3":                           {Kind: "list-wrong-count", N: 1, Arg: "-3"},
	} {
		got, err := ParseFault(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v %v, back as %s", text, got, err, got)
		}
	}
}

func TestParseFaultRefusesInvalidText(t *testing.T) {
	for text, want := range map[string]string{
		"": "KIND@N", "lost-after-accept": "KIND@N", "nonsense@1": `unknown fault "nonsense"`, "@1": "unknown fault",
		"401@0": "want N", "401@-1": "want N", "401@+1": "want N", "401@01": "want N", "401@": "want N", "401@x": "want N", "401@0%": "want N", "401@101%": "want N", "401@%": "want N",
		"401@1:x": "takes no argument", "delayed@1:": "no argument after", "delayed@1:2": "want a duration", "slow@1:2s": "want a number",
		"429@1:5": "want retry-after=VALUE", "job-failed@1:a\nb": "control character", "429@1:retry-after=1\r\nX: y": "control character",
	} {
		if _, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestFaultKindsAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range FaultKinds() {
		if seen[k.Name] || !strings.HasSuffix(k.Help, ".") || strings.ContainsAny(k.Name, "@: ") || !slices.Contains([]string{opCreate, opList, opShow, opJob}, k.Op) {
			t.Errorf("%+v", k)
		}
		if (k.serve == nil) == (k.strike == nil) || (k.Op == opJob) != (k.strike != nil) {
			t.Errorf("%s does nothing, or two things", k.Name)
		}
		seen[k.Name] = true
	}
}

func TestFaultsCountTheirOwnRequests(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "list-500@2", "503-before-accept@2", "show-502@1", "429@all")})
	var got []int
	for range 3 {
		got = append(got, d.Serve(create(full("ims.bak").body())).Status, d.Serve(get(jobsPath, nil)).Status, d.Serve(get(jobsPath+"/x", nil)).Status)
	}
	if want := []int{429, 200, 502, 503, 500, 400, 429, 200, 400}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFaultWithProbability(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "list-500@30%")})
	failed := 0
	for range 1000 {
		if d.Serve(get(jobsPath, nil)).Status == 500 {
			failed++
		}
	}
	if failed < 250 || failed > 350 {
		t.Errorf("%d of 1000, want about 300", failed)
	}
}

func TestLateCreateMakesJobWhenDue(t *testing.T) {
	d, k := sim(t, Config{Objects: chain(), Faults: parseFaults(t, "late-accept@2:10m"), RestoreTime: time.Minute})
	ended(t, d, k, full("ims.bak").body())
	sent := k.now
	d.Serve(create(incr("l1.bak").body()))
	k.add(10*time.Minute - 1)
	if n := len(d.Jobs()); n != 1 {
		t.Fatalf("%d jobs before it is due", n)
	}
	k.add(time.Hour) // no request arrived at the time when it took effect
	jobs := d.Jobs()
	if len(jobs) != 2 || !jobs[1].Created.Equal(sent.Add(10*time.Minute)) || jobs[1].Status != Success {
		t.Errorf("%+v", jobs)
	}
}

// Jobs that end and late creates are processed in time order: the log below needs
// the database that the full has restored by then.
func TestLateCreateRunsInTimeOrder(t *testing.T) {
	d, k := sim(t, Config{Faults: parseFaults(t, "late-accept@2:2m")})
	accepted(t, d, full("ims.bak").body())
	d.Serve(create(incr("log.bak").body()))
	k.add(time.Hour)
	if jobs := d.Jobs(); len(jobs) != 2 || jobs[1].Status != Success {
		t.Errorf("%+v", jobs)
	}
}

// A late create is checked when it takes effect.
func TestLateCreateIsCheckedWhenDue(t *testing.T) {
	d, k := sim(t, Config{UniqueNames: true, Faults: parseFaults(t, "late-accept@1:1m", "late-accept@3:1s")})
	d.Serve(create(full("ims.bak").body()))
	accepted(t, d, full("ims.bak").body())
	d.Serve(create([]byte("{}")))
	k.add(time.Hour)
	if n := len(d.Jobs()); n != 1 {
		t.Errorf("%d jobs of one name", n)
	}
}

// A request that is delayed in the network for longer than a signature is valid is
// refused when it arrives; one that passed the gateway in time is not.
func TestLateArrivalWithExpiredSignatureIsRefused(t *testing.T) {
	for fault, want := range map[string]int{"late-arrival@1:15m": 1, "late-arrival@1:16m": 0, "late-accept@1:16m": 1} {
		d, k := sim(t, Config{Faults: parseFaults(t, fault)})
		r := create(full("ims.bak").body())
		r.Header = http.Header{
			"Authorization": {"SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=0"}, "X-Sdk-Date": {"20270306T230000Z"},
			"Content-Type": {"application/json"},
		}
		d.Serve(r)
		k.add(time.Hour)
		if n := len(d.Jobs()); n != want {
			t.Errorf("%s: %d jobs, want %d", fault, n, want)
		}
	}
}

func TestLateCreateNeedsACredential(t *testing.T) {
	d, k := sim(t, Config{Faults: parseFaults(t, "late-accept@1", "late-arrival@2")})
	r := create(full("ims.bak").body())
	r.Header = http.Header{"Content-Type": {"application/json"}}
	if resp := d.Serve(r); resp.Status != 401 {
		t.Errorf("status %d", resp.Status)
	}
	d.Serve(r)
	k.add(time.Hour)
	if n := len(d.Jobs()); n != 0 {
		t.Errorf("%d jobs of nobody", n)
	}
}

func TestJobFaultsChangeTheResult(t *testing.T) {
	for fault, want := range map[string]struct {
		status  string
		text    string
		ends    time.Duration
		listed  time.Duration
		state   State
		deleted bool
	}{
		"slow@2:3":                 {Success, "", 3 * time.Minute, 0, Restoring, false},
		"slow@2":                   {Success, "", 10 * time.Minute, 0, Restoring, false},
		"slow@1":                   {Success, "", time.Minute, 0, Restoring, false},
		"slow-by@2:1h":             {Success, "", 61 * time.Minute, 0, Restoring, false},
		"list-lag@2:5m":            {Success, "", time.Minute, 5 * time.Minute, Restoring, false},
		"job-failed@2:why":         {Failed, "why", time.Minute, 0, Absent, false},
		"job-precheck-failed@2":    {PrecheckFailed, "Failed to restore the database.", time.Minute, 0, Absent, false},
		"job-failed-applied@2:why": {Failed, "why", time.Minute, 0, Restoring, false},
		"record-deleted@2":         {Success, "", time.Minute, 0, Restoring, true},
	} {
		d, k := sim(t, Config{Faults: parseFaults(t, fault)})
		accepted(t, d, full("other.bak").body())
		d.AddForeignJob(ForeignJob{Instance: instance, Name: "not counted"})
		accepted(t, d, full("ims.bak").body())
		k.add(24 * time.Hour)
		j := d.Jobs()[2]
		if j.Status != want.status || j.ErrorLog != want.text || j.Ends.Sub(j.Created) != want.ends || j.Listed.Sub(j.Created) != want.listed || j.Deleted != want.deleted {
			t.Errorf("%s: %+v", fault, j)
		}
		if got := d.Database(instance, "ims"); got != want.state {
			t.Errorf("%s: %s", fault, got)
		}
	}
}

// The log is shown as failed but was restored: sent again, it is not continuous.
func TestFailedButAppliedLogIsRestored(t *testing.T) {
	d, k := sim(t, Config{Objects: chain(), Faults: parseFaults(t, "job-failed-applied@2")})
	ended(t, d, k, full("ims.bak").body())
	ended(t, d, k, incr("l1.bak").body())
	if j := ended(t, d, k, incr("l1.bak").body()); !strings.Contains(j.ErrorLog, notContinuous) {
		t.Errorf("%s %q", j.Status, j.ErrorLog)
	}
	if j := ended(t, d, k, incr("l2.bak").body()); j.Status != Success {
		t.Errorf("%s %q", j.Status, j.ErrorLog)
	}
}

func TestListFaultsGiveWrongLists(t *testing.T) {
	d, k := some(t, 5, Config{Faults: parseFaults(t,
		"list-omits-newest@1:1h", "list-repeats@3", "list-repeats@4", "list-omits-new@5:150s", "list-wrong-count@7:-9")})
	page := func(offset string) string {
		names, count := listed(t, d, "sort_key=created_at&sort_dir=desc&limit=2&offset="+offset)
		return strings.ReplaceAll(strings.Join(names, " "), "job-0", "") + " of " + string(rune('0'+count))
	}
	for i, want := range []string{
		"3 2 of 4", "3 2 of 4", // still left out
		"3 2 3 of 4", "2 1 of 4", // once twice on the first page, once the page before again
		"2 1 of 3",             // 3 and 4 are young
		"3 2 of 4", "3 2 of 0", // only that list left 3 out
		"4 3 of 5",
	} {
		offset := "0"
		if i == 3 {
			offset = "2"
		}
		if i == 7 {
			k.add(2 * time.Hour)
		} else {
			k.add(time.Millisecond)
		}
		if got := page(offset); got != want {
			t.Errorf("list %d: %s, want %s", i+1, got, want)
		}
	}
}

func TestShowWrongIDGivesAnotherJob(t *testing.T) {
	d, _ := sim(t, Config{Faults: parseFaults(t, "show-wrong-id@2", "show-status@3:WAITING")})
	first, second := accepted(t, d, full("a.bak").body()), accepted(t, d, full("b.bak").body())
	var got []any
	for range 3 {
		m := decoded(t, d.Serve(get(jobsPath+"/"+second, url.Values{})))
		got = append(got, m["id"], m["status"])
	}
	if want := []any{second, Transferring, first, Transferring, second, "WAITING"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
