package drssim

import (
	"testing"
)

// Without a manifest, log backups are consecutive in the order of their first
// accepted use.
func TestObjectsExistWithoutManifest(t *testing.T) {
	for name, scenes := range map[string][]scene{
		"in order": {
			{full("a/ims.bak"), Success, "", Restoring}, {incr("a/ims_l1.bak"), Success, "", Restoring},
			{incr("a/ims_l2.bak").theLast(), Success, "", Online},
		},
		"repeated":        {{full("ims.bak"), Success, "", Restoring}, {incr("ims_1.bak"), Success, "", Restoring}, {incr("ims_1.bak"), PrecheckFailed, notContinuous, Restoring}},
		"named":           {{full("x.bak").of("ims"), Success, "", Restoring}, {incr("y.bak").of("ims"), Success, "", Restoring}},
		"the only one":    {{full("ims.bak"), Success, "", Restoring}, {incr("log.bak"), Success, "", Restoring}},
		"log before full": {{incr("ims.bak"), PrecheckFailed, notRestoring, Absent}},
		"full as log":     {{full("ims.bak"), Success, "", Restoring}, {incr("ims.bak"), PrecheckFailed, "is a full", Restoring}},
		"again from the full": {
			{full("ims.bak"), Success, "", Restoring}, {incr("ims_1.bak"), Success, "", Restoring}, {incr("ims_2.bak"), Success, "", Restoring},
			{full("ims.bak").covering(), Success, "", Restoring}, {incr("ims_2.bak"), PrecheckFailed, notContinuous, Restoring},
			{incr("ims_1.bak"), Success, "", Restoring}, {incr("ims_2.bak"), Success, "", Restoring},
		},
		"a newer full": {
			{full("ims.bak"), Success, "", Restoring}, {incr("ims_1.bak"), Success, "", Restoring}, {full("ims2.bak").of("ims").covering(), Success, "", Restoring},
			{incr("ims_1.bak").of("ims"), PrecheckFailed, notContinuous, Restoring}, {incr("ims_2.bak").of("ims"), Success, "", Restoring},
		},
	} {
		t.Run(name, func(t *testing.T) { play(t, Config{}, scenes) })
	}
}

// The log that is accepted first is the first one, even if both run at the same
// time.
func TestDefaultLogsFollowOrderOfAcceptance(t *testing.T) {
	d, k := sim(t, Config{})
	ended(t, d, k, full("ims.bak").body())
	second := accepted(t, d, incr("ims_b.bak").body())
	first := accepted(t, d, incr("ims_a.bak").body())
	d.Delete(second)
	k.add(d.config.RestoreTime)
	for _, id := range []string{second, first} {
		if j, _ := d.Job(id); j.Status != Success {
			t.Errorf("%s: %s %s", j.Files, j.Status, j.ErrorLog)
		}
	}
	if j := ended(t, d, k, incr("ims_b.bak").body()); j.Status != PrecheckFailed {
		t.Errorf("the one used first, again: %s", j.Status)
	}
}
