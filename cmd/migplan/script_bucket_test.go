package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/migplan/migplan/internal/obstest"
)

// bucketCommand serves and changes the bucket of a script:
//
//	start [NAME]           serves it, sets MIGPLAN_OBS_ENDPOINT and an access key
//	stop                   ends it; nothing listens there any more
//	put KEY FILE           stores an object
//	delete KEY             removes it
//	set KEY HEADER VALUE   gives it a header of OBS: storage-class, restore, server-side-encryption
//	fail KEY METHOD FAULT  adds a fault of package obstest; KEY - is the listing, METHOD any is all
//	requests N [KEY]       wants N requests since the last time; with KEY, about it
func bucketCommand(ts *testscript.TestScript, neg bool, args []string) {
	commands := map[string]func(*testscript.TestScript, []string){
		"start": bucketStart, "put": bucketPut, "requests": bucketRequests,
		"stop":   func(ts *testscript.TestScript, _ []string) { bucketOf(ts).Close() },
		"delete": func(ts *testscript.TestScript, a []string) { ts.Check(bucketOf(ts).Delete(a[0])) },
		"set":    func(ts *testscript.TestScript, a []string) { bucketOf(ts).Set(a[0], a[1], a[2]) },
		"fail":   bucketFail,
	}
	least := map[string]int{"put": 2, "delete": 1, "set": 3, "fail": 3, "requests": 1}
	if neg || len(args) == 0 || commands[args[0]] == nil || len(args)-1 < least[args[0]] {
		ts.Fatalf("bucket %q is not known", args)
	}
	commands[args[0]](ts, args[1:])
}

func bucketOf(ts *testscript.TestScript) *obstest.Server {
	s := worldOf(ts).bucket
	if s == nil {
		ts.Fatalf("there is no bucket: bucket start")
	}
	return s
}

func bucketStart(ts *testscript.TestScript, args []string) {
	s := obstest.New(append(args, "zyy-obs")[0])
	worldOf(ts).bucket = s
	ts.Defer(s.Close)
	ts.Setenv("MIGPLAN_OBS_ENDPOINT", s.URL)
	ts.Setenv("HUAWEICLOUD_SDK_AK", obstest.AccessKeyID)
	ts.Setenv("HUAWEICLOUD_SDK_SK", obstest.SecretAccessKey)
}

func bucketPut(ts *testscript.TestScript, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(bucketOf(ts).Put(args[0], data))
}

func bucketFail(ts *testscript.TestScript, args []string) {
	key, method := strings.TrimPrefix(args[0], "-"), strings.TrimPrefix(args[1], "any")
	bucketOf(ts).Fail(key, obstest.Fault{Method: method, Kind: obstest.FaultKind(args[2])})
}

func bucketRequests(ts *testscript.TestScript, args []string) {
	n, all := 0, bucketOf(ts).Requests()
	for _, r := range all {
		if len(args) < 2 || r.Key == args[1] {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests, want %s: %v", n, args[0], all)
	}
}
