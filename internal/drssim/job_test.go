package drssim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestJobRunsAndEnds(t *testing.T) {
	d, k := sim(t, Config{RestoreTime: time.Hour})
	id := accepted(t, d, full("ims.bak").body())
	k.add(time.Hour - 1)
	if j, _ := d.Job(id); j.Status != Transferring || d.Database(instance, "ims") != Absent || !j.Finished.IsZero() {
		t.Errorf("before its end: %s, %s", j.Status, d.Database(instance, "ims"))
	}
	k.add(1)
	j, _ := d.Job(id)
	if j.Status != Success || d.Database(instance, "ims") != Restoring || !j.Finished.Equal(j.Created.Add(time.Hour)) {
		t.Errorf("at its end: %s, %s", j.Status, d.Database(instance, "ims"))
	}
	if string(j.Body) != string(full("ims.bak").body()) || j.Instance != instance || j.Files[0] != "ims.bak" || j.Mode != "full" || j.Last {
		t.Errorf("the job is not what was accepted: %+v", j)
	}
	if _, there := d.Job("other"); there {
		t.Error("a job that does not exist was found")
	}
}

func TestTwoJobsRunOnOneInstance(t *testing.T) {
	d, k := sim(t, Config{Objects: chain(), RestoreTime: time.Hour})
	ended(t, d, k, full("ims.bak").body())
	accepted(t, d, incr("l1.bak").body())
	k.add(time.Minute)
	accepted(t, d, incr("l2.bak").body())
	k.add(24 * time.Hour) // there was no request in between, and yet they end in order
	for _, j := range d.Jobs() {
		if j.Status != Success {
			t.Errorf("%s: %s %s", j.Files, j.Status, j.ErrorLog)
		}
	}
}

func TestSwitchesRefuseSecondJob(t *testing.T) {
	other := edited(t, full("ims.bak").body(), "base_info.name", "job-2")
	elsewhere := edited(t, other, "target_db_info.target_instance_id", "1b4293718cd650cdd57dd0b9866872b7in04")
	folded := edited(t, full("ims.bak").body(), "base_info.name", "JOB-1")
	for _, c := range []struct {
		name   string
		config Config
		body   []byte
		code   string
	}{
		{"same name", Config{}, folded, ""},
		{"same name, unique", Config{UniqueNames: true}, folded, "DRS.M00277"},
		{"other name, unique", Config{UniqueNames: true}, other, ""},
		{"busy", Config{}, other, ""},
		{"busy, one at a time", Config{OneAtATime: true}, other, "DRS.M06020"},
		{"other instance, one at a time", Config{OneAtATime: true}, elsewhere, ""},
	} {
		d, k := sim(t, c.config)
		id := accepted(t, d, full("ims.bak").body())
		resp := d.Serve(create(c.body))
		if resp.code != c.code || c.code != "" && resp.Status != 422 {
			t.Errorf("%s: %d %q, want %q", c.name, resp.Status, resp.code, c.code)
		}
		d.Delete(id)
		k.add(time.Hour)
		if resp := d.Serve(create(c.body)); c.code != "" && resp.code != "" {
			t.Errorf("%s: %s after the first was deleted and ended", c.name, resp.code)
		}
	}
}

func TestJobCanBeRenamedAndDeleted(t *testing.T) {
	d, k := sim(t, Config{})
	id := accepted(t, d, full("ims.bak").body())
	foreign := d.AddForeignJob(ForeignJob{Instance: instance, Name: "x y!", Description: "<theirs>", Databases: []string{"ims"}, Running: time.Hour})
	done := d.AddForeignJob(ForeignJob{Instance: instance, Name: "done"})
	if !d.Rename(id, "other") || !d.SetDescription(id, "changed") {
		t.Error("the job was not found")
	}
	j, _ := d.Job(id)
	if j.Name != "other" || j.Description != "changed" {
		t.Errorf("%q %q", j.Name, j.Description)
	}
	if f, _ := d.Job(foreign); !f.Foreign || f.Status != Transferring || f.Name != "x y!" {
		t.Errorf("%+v", f)
	}
	if f, _ := d.Job(done); f.Status != Success {
		t.Errorf("%+v", f)
	}
	if !d.Delete(id) || d.Delete(id) || d.Rename(id, "x") || d.Delete("none") {
		t.Error("a deleted job can be changed")
	}
	k.add(time.Hour)
	if j, _ := d.Job(id); !j.Deleted || j.Status != Success || d.Database(instance, "ims") != Restoring {
		t.Errorf("the restore of a deleted record did not continue: %+v", j)
	}
	if f, _ := d.Job(foreign); f.Status != Success {
		t.Errorf("%+v", f)
	}
}

// The same seed gives the same ids, request ids and random faults.
func TestSameSeedGivesSameHistory(t *testing.T) {
	history := func(seed uint64) string {
		var b strings.Builder
		d, k := sim(t, Config{Seed: seed, Faults: parseFaults(t, "500-after-accept@30%", "list-empty@50%", "late-accept@2:1m", "truncated@3")})
		for i := range 20 {
			for _, r := range []Request{create(jobSpec{name: fmt.Sprintf("job-%d", i), keys: []string{"ims.bak"}}.body()), get(jobsPath, nil)} {
				resp := d.Serve(r)
				fmt.Fprintln(&b, resp.Status, resp.Header, string(resp.Body), resp.Delivery, resp.Delay, resp.CutAfter)
			}
			k.add(7 * time.Second)
		}
		return b.String() + logged(d)
	}
	first := history(1)
	if again := history(1); again != first {
		t.Error("one seed, two histories")
	}
	if first == history(2) {
		t.Error("two seeds, one history")
	}
}

func BenchmarkServe(b *testing.B) {
	body := full("ims.bak").body()
	list, show := get(jobsPath, map[string][]string{"limit": {"100"}}), Request{}
	for b.Loop() {
		d := New(Config{RestoreTime: time.Minute})
		resp := d.Serve(create(body))
		show = get(jobsPath+"/"+string(resp.Body[11:len(resp.Body)-2]), nil)
		d.Serve(list)
		if d.Serve(show).Status != 200 {
			b.Fatal("not found")
		}
	}
}

// A server that restarts may have another record of a job, or show undocumented
// statuses.
func TestSetStatusChangesTheRecord(t *testing.T) {
	d, k := sim(t, Config{Objects: chain(), RestoreTime: time.Hour, Faults: parseFaults(t, "job-failed@1")})
	id := ended(t, d, k, full("ims.bak").body()).ID
	start := k.now
	if j, _ := d.Job(id); j.Status != Failed || !j.Restored.IsZero() {
		t.Fatalf("%s, restored %s", j.Status, j.Restored)
	}
	k.add(time.Minute)
	d.SetStatus(id, Success)
	if j, _ := d.Job(id); j.Status != Success || j.Restored.IsZero() || d.Database(instance, "ims") != Restoring {
		t.Errorf("%s, restored %s", j.Status, j.Restored)
	}
	k.add(time.Minute)
	d.ShowStatus(id, "PAUSED", time.Minute)
	if got := decoded(t, d.Serve(get(jobsPath+"/"+id, nil)))["status"]; got != "PAUSED" {
		t.Errorf("shown as %s", got)
	}
	k.add(time.Minute)
	d.SetStatus(id, Failed)
	j, _ := d.Job(id)
	for after, want := range map[time.Duration]string{-90 * time.Minute: Transferring, 0: Failed, 61 * time.Second: Success, 2*time.Minute + 1: "PAUSED", 3 * time.Minute: Failed} {
		if got := j.StatusAt(start.Add(after)); got != want {
			t.Errorf("%s after its end it was %s, want %s", after, got, want)
		}
	}
	if !j.Since(Failed).Equal(start) || !j.Since(Success).Equal(start.Add(time.Minute)) || !j.Since(PrecheckFailed).IsZero() {
		t.Errorf("FAILED since %s, SUCCESS since %s", j.Since(Failed), j.Since(Success))
	}
	if j.Restored.IsZero() {
		t.Error("another record removed the backup from the database")
	}
	log := accepted(t, d, incr("l1.bak").body())
	d.Cancel(log, "CANCELED")
	k.add(2 * time.Hour)
	if j, _ := d.Job(log); j.Status != "CANCELED" || !j.Restored.IsZero() {
		t.Errorf("%s, restored %s", j.Status, j.Restored)
	}
}
