package drssim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// argument is the form of the text after the colon of a fault.
type argument string

const (
	noArgument argument = ""
	duration   argument = "DURATION"
	number     argument = "NUMBER"
	phrase     argument = "TEXT"
	retryAfter argument = "retry-after=VALUE"
)

const retryAfterPrefix = "retry-after="

func (a argument) check(arg string) error {
	_, errDuration := time.ParseDuration(arg)
	_, errNumber := strconv.ParseInt(arg, 10, 32)
	switch {
	case a == noArgument:
		return errors.New("this kind takes no argument")
	case arg == "":
		return errors.New("there is no argument after the colon")
	case strings.ContainsFunc(arg, unicode.IsControl):
		return errors.New("the argument contains a control character")
	case a == duration && errDuration != nil:
		return fmt.Errorf("want a duration such as 2s, not %q", arg)
	case a == number && errNumber != nil:
		return fmt.Errorf("want a number, not %q", arg)
	case a == retryAfter && !strings.HasPrefix(arg, retryAfterPrefix):
		return fmt.Errorf("want retry-after=VALUE, not %q", arg)
	}
	return nil
}

// durationOr is an argument as a duration, or otherwise if it is not one.
func durationOr(arg string, otherwise time.Duration) time.Duration {
	if d, err := time.ParseDuration(arg); err == nil {
		return d
	}
	return otherwise
}

func numberOr(arg string, otherwise int) int {
	if n, err := strconv.Atoi(arg); err == nil {
		return n
	}
	return otherwise
}

func textOr(arg, otherwise string) string {
	if arg == "" {
		return otherwise
	}
	return arg
}
