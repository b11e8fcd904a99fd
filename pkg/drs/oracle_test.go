package drs_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/drs/v5/model"

	"github.com/migplan/migplan/pkg/plan"
)

// Huawei's SDK knows every field in the requests of the example plans, and encodes
// them to the same JSON value again.
func TestHuaweiSDKReadsRequests(t *testing.T) {
	files, err := filepath.Glob("../../examples/plans/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	bodies := 0
	for _, file := range files {
		p, diagnostics, err := plan.LoadFile(file)
		if err != nil || p == nil {
			t.Fatalf("%s: %v %v", file, err, diagnostics)
		}
		steps, err := plan.Steps(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range steps {
			r, err := s.Request(1)
			if err != nil {
				t.Fatal(err)
			}
			compareWithSDK(t, filepath.Base(file), s, r.Body)
			bodies++
		}
	}
	t.Logf("%d bodies of %d plans", bodies, len(files))
}

func compareWithSDK(t *testing.T, file string, s plan.Step, body []byte) {
	t.Helper()
	var read model.CreateOfflineTaskReq
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&read); err != nil {
		t.Fatalf("%s, step %d: %v", file, s.Seq, err)
	}
	again, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	want := value(t, body)
	// The SDK omits an empty map (omitempty); the page's examples send it.
	if options := want["options"].(map[string]any); reflect.DeepEqual(options["reset_db_name_map"], map[string]any{}) {
		delete(options, "reset_db_name_map")
	}
	if got := value(t, again); !reflect.DeepEqual(got, want) {
		t.Errorf("%s, step %d:\nSDK  %s\nours %s", file, s.Seq, again, body)
	}
	if read.Options.IsLastBackup != s.Last {
		t.Errorf("%s, step %d: the SDK reads is_last_backup %t", file, s.Seq, read.Options.IsLastBackup)
	}
	last := s.Plan.Cutover != nil && s.Seq == len(s.Plan.Backups)
	if read.Options.IsLastBackup != last {
		t.Errorf("%s, step %d of %d: is_last_backup is %t", file, s.Seq, len(s.Plan.Backups), !last)
	}
}

func value(t *testing.T, b []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
