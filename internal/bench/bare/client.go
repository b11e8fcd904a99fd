package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"
)

// get reads a JSON document.
func get(url string, into any) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	return do(req, into)
}

// do sends a request and decodes its answer.
func do(req *http.Request, into any) error {
	req.Header.Set("X-Auth-Token", "any")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", req.Method, req.URL, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// submit creates a job for each body and asks for its status until it has
// succeeded, every poll.
func submit(url, file string, poll time.Duration) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(lines.Bytes()))
		if err != nil {
			return err
		}
		var made struct {
			JobID string `json:"job_id"`
		}
		if err := do(req, &made); err != nil {
			return err
		}
		if err := await(url+"/"+made.JobID, poll); err != nil {
			return err
		}
	}
	return lines.Err()
}

func await(url string, poll time.Duration) error {
	for {
		time.Sleep(poll)
		var job struct{ Status string }
		if err := get(url, &job); err != nil {
			return err
		}
		switch job.Status {
		case "SUCCESS":
			return nil
		case "FAILED":
			return fmt.Errorf("%s has failed", url)
		}
	}
}
