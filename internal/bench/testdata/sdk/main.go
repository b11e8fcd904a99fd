// Command sdk does what bare does with Huawei's Go SDK.
//
//	sdk dry FILE              marshal the requests in FILE, a line each, and print them
//	sdk submit URL FILE POLL  submit them one after another, and wait for each job
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	drs "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/drs/v5"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/drs/v5/model"
)

const project = "054ba152d480d55b2f5dc0069e7ddef0"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if args[0] == "dry" {
		out := bufio.NewWriter(os.Stdout)
		defer out.Flush()
		return each(args[1], func(r *model.CreateOfflineTaskReq) error { return json.NewEncoder(out).Encode(r) })
	}
	poll, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	key, err := basic.NewCredentialsBuilder().WithAk("TESTACCESSKEYNOTREAL").WithSk("test-secret-key-not-real").WithProjectId(project).SafeBuild()
	if err != nil {
		return err
	}
	hc, err := drs.DrsClientBuilder().WithEndpoints([]string{args[1]}).WithCredential(key).SafeBuild()
	if err != nil {
		return err
	}
	client := drs.NewDrsClient(hc)
	return each(args[2], func(r *model.CreateOfflineTaskReq) error { return restore(client, r, poll) })
}

func each(file string, do func(*model.CreateOfflineTaskReq) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r model.CreateOfflineTaskReq
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		if err := do(&r); err != nil {
			return err
		}
	}
	return lines.Err()
}

func restore(client *drs.DrsClient, r *model.CreateOfflineTaskReq, poll time.Duration) error {
	made, err := client.CreateReplicationJob(&model.CreateReplicationJobRequest{Body: r})
	if err != nil {
		return err
	}
	for {
		time.Sleep(poll)
		job, err := client.ShowReplicationJob(&model.ShowReplicationJobRequest{JobId: *made.JobId})
		if err != nil {
			return err
		}
		if job.Status != nil && *job.Status == "SUCCESS" {
			return nil
		}
	}
}
