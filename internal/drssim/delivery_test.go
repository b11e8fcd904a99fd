package drssim

import (
	"fmt"
	"testing"
	"time"
)

// TestEveryFaultInMemory compares the Delivery of Serve with what
// TestEveryFaultOverHTTP receives: faults are the same in memory and over HTTP.
func TestEveryFaultInMemory(t *testing.T) {
	fates := map[Delivery]string{Lost: "closed", Reset: "reset", Stalled: "silence"}
	want := effects()
	for _, k := range FaultKinds() {
		e := want[k.Name]
		d, clock := sim(t, Config{Faults: []Fault{{Kind: k.Name, N: 1, Arg: e.arg}}})
		resp := d.Serve(requestOf(t, d, k.Op))
		heard, hears := fates[resp.Delivery]
		if !hears {
			heard = fmt.Sprint(resp.Status)
		}
		if resp.Delivery == Truncated {
			heard += " cut"
		}
		if heard != e.answer {
			t.Errorf("%s: %s %d, want %s", k.Name, resp.Delivery, resp.Status, e.answer)
		}
		if n := len(d.Jobs()); n != e.jobs {
			t.Errorf("%s: %d jobs, want %d", k.Name, n, e.jobs)
		}
		clock.add(time.Hour)
		if n := len(d.Jobs()); n != max(e.jobs, e.later) {
			t.Errorf("%s: %d jobs an hour later, want %d", k.Name, n, max(e.jobs, e.later))
		}
	}
}

// requestOf is a request that a kind affects; a list and a detail have a job to
// show.
func requestOf(t *testing.T, d *DRS, op string) Request {
	body := full("ims.bak").body()
	switch op {
	case opList:
		accepted(t, d, body)
		return get(jobsPath, nil)
	case opShow:
		return get(jobsPath+"/"+accepted(t, d, body), nil)
	}
	return create(body)
}
