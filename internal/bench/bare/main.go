// Command bare is what migplan is measured against: net/http and encoding/json,
// bodies that are already prepared, and no memory of what was sent.
//
//	bare get URL                  read one document and decode it
//	bare dry N                    marshal N requests and print them
//	bare submit URL FILE POLL     submit the bodies in FILE, a line each, and wait for each job
//	bare measure COMMAND ARG...   run a command and print what it cost
package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("say what to do: get, dry, submit or measure")
	}
	switch args[0] {
	case "get":
		var document any
		return get(args[1], &document)
	case "dry":
		return dry(os.Stdout, args[1])
	case "submit":
		if len(args) != 4 {
			return errors.New("give the URL, a file and a duration")
		}
		poll, err := time.ParseDuration(args[3])
		if err != nil {
			return err
		}
		return submit(args[1], args[2], poll)
	case "measure":
		return measure(os.Stdout, args[1:])
	}
	return fmt.Errorf("%q is not known", args[0])
}
