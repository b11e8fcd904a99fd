package drssim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"testing"
)

// Many clients and people at once, half of the clients over HTTP: every answered
// create is a job, and there are no others.
func TestConcurrentUseLosesNoJob(t *testing.T) {
	d := New(Config{Seed: 1})
	address := serve(t, d)
	const clients, creates = 8, 10
	ids := make([][]string, clients)
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			for i := range creates {
				body := jobSpec{name: fmt.Sprintf("job-%d-%d", c, i), keys: []string{"ims.bak"}, cover: true}.body()
				ids[c] = append(ids[c], createSomehow(t, d, address, body, c%2 == 0))
				meddle(d, ids[c][i], i)
			}
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for _, own := range ids {
		for _, id := range own {
			if j, ok := d.Job(id); !ok || seen[id] || j.Status != Success {
				t.Errorf("job %q: %t %s", id, ok, j.Status)
			}
			seen[id] = true
		}
	}
	if made := len(d.Jobs()); made != clients*creates || len(d.Requests()) != 3*made {
		t.Errorf("%d jobs after %d requests", made, len(d.Requests()))
	}
}

func createSomehow(t *testing.T, d *DRS, address string, body []byte, network bool) string {
	var answer struct {
		ID string `json:"job_id"`
	}
	var text string
	if network {
		text = patient(t, "POST", address+jobsPath, body).body
	} else {
		text = string(d.Serve(create(body)).Body)
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Errorf("%v: %q", err, text)
	}
	return answer.ID
}

// meddle does what other people do at the same time.
func meddle(d *DRS, id string, i int) {
	d.Serve(get(jobsPath, url.Values{"limit": {"5"}}))
	d.Serve(get(jobsPath+"/"+id, nil))
	d.Database(instance, "ims")
	d.PutObject(Object{Bucket: "bucket", Key: fmt.Sprint(i)})
	d.SetDescription(id, "seen")
	if i%3 == 0 {
		d.Delete(id)
	}
}
