package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/migplan/migplan/internal/backuptest"
	"github.com/migplan/migplan/internal/obstest"
)

// BenchmarkVerify1000Objects is `migplan verify` of a full backup and 999 logs in a
// bucket on loopback. The time has the server's share.
func BenchmarkVerify1000Objects(b *testing.B) {
	bucket := obstest.New("zyy-obs")
	defer bucket.Close()
	var entries strings.Builder
	put(b, bucket, "p/ims.bak", backuptest.Sample())
	for i := range 999 {
		key := fmt.Sprintf("LOG/%04d.bak", i)
		put(b, bucket, "p/"+key, logBackup(i))
		fmt.Fprintf(&entries, "  - incremental: %s\n", key)
	}
	file := filepath.Join(b.TempDir(), "ims.yaml")
	if err := os.WriteFile(file, []byte(verifiedPlan+entries.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.Setenv("MIGPLAN_OBS_ENDPOINT", bucket.URL)
	b.Setenv("HUAWEICLOUD_SDK_AK", obstest.AccessKeyID)
	b.Setenv("HUAWEICLOUD_SDK_SK", obstest.SecretAccessKey)
	before := len(bucket.Requests())
	b.ReportAllocs()
	for b.Loop() {
		var errors bytes.Buffer
		if code := run([]string{"verify", file}, io.Discard, &errors); code != 0 {
			b.Fatalf("exit %d: %s", code, errors.String())
		}
	}
	b.ReportMetric(float64(len(bucket.Requests())-before)/float64(b.N*1000), "requests/object")
}

const verifiedPlan = `version: 1
name: ims-prod
target: {region: ap-southeast-3, project_id: "054ba152d480d55b2f5dc0069e7ddef0", instance_id: "0a3182607bc549bcb46cc9a8755761a6in04"}
source: {obs: {bucket: zyy-obs, prefix: p/}}
databases: [ims]
backups:
  - full: ims.bak
`

func put(b *testing.B, bucket *obstest.Server, key string, f backuptest.File) {
	b.Helper()
	if err := bucket.Put(key, f.Plain()); err != nil {
		b.Fatal(err)
	}
}

// logBackup is the i-th log backup after the sample.
func logBackup(i int) backuptest.File {
	f := backuptest.Sample()
	s := &f.Sets[0]
	for _, h := range []*backuptest.Header{&s.Front, &s.Tail} {
		h.Letter, h.Database = 'L', "ims"
		h.First, h.Last = backuptest.LSN{42, 8530 + 10*i, 1}, backuptest.LSN{42, 8540 + 10*i, 1}
		h.BackupGUID, h.BaseGUID, h.Backup, h.Base = s.SetGUID, s.SetGUID, h.Checkpoint, h.Checkpoint
	}
	s.SetGUID, s.Pages = fmt.Sprintf("%08X-0000-0000-0000-000000000001", i+1), 0
	return f
}
